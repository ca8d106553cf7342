import { concurrently, together } from "./concurrently.ts";
import type { Deps } from "./deps.ts";
import { dispatch, type Verdict } from "./dispatch/dispatch.ts";
import type { Due } from "./ports.ts";
import { lateMs } from "./renewal-info.ts";
import type { AttemptRef } from "./rows.ts";

/** At most so many due things are decided in one sweep: the next one comes in a minute. */
const perSweep = 1_000;
/** Looks cost next to nothing: after a pause of the sweep they must not keep first issuances waiting. */
const perSweepWithLooks = 5_000;
/** Looked at in one call. */
const looksTogether = 50;
/** How long clean-up has, its repeats included, before it is asked again: leftovers that stay must not crowd the sweeps. */
const askAgainMs = 15 * 60_000;
/** Failing renewals are due within this time (the longest backoff and its spread), so their margin is seen. */
const marginHorizonMs = 8 * 3_600_000;

/** What a sweep found; the figures become metrics. */
export interface SweepReport {
  due: number;
  verdicts: Verdict[];
  oldestOverdueSeconds: number;
  smallestMarginPercent: number | undefined;
}

/** Takes what is due, renewals first. */
export async function sweep(deps: Deps): Promise<SweepReport> {
  const now = deps.clock.now();
  const all = await deps.state.due(now, perSweepWithLooks);
  const due = all.flatMap((one) => decided(one, now) ?? []).slice(0, perSweep);
  const [, , , verdicts, margin] = await together([
    sweepRecords(deps, due),
    sweepOthers(deps, due),
    sweepLooks(deps, all),
    sweepCertificates(deps, due),
    deps.state.smallestMargin(now, new Date(now.getTime() + marginHorizonMs)),
  ]);
  const oldest = Math.max(0, ...due.map(({ dueAt }) => now.getTime() - dueAt));
  return {
    due: due.length,
    verdicts,
    oldestOverdueSeconds: Math.round(oldest / 1_000),
    smallestMarginPercent: margin === undefined ? undefined : Math.round(margin * 1_000) / 10,
  };
}

/** What is not only to be looked at. A look that nobody made is decided on: else a broken function would hold up renewals. */
function decided(one: Due, now: Date): Due | undefined {
  if (one.what !== "look") return one;
  return one.dueAt < now.getTime() - lateMs ? { ...one, what: "certificate" } : undefined;
}

function sweepCertificates(deps: Deps, due: Due[]): Promise<Verdict[]> {
  // All at once: where tokens are short, the most urgent of all gets the first.
  return dispatch(
    deps,
    due.flatMap((one) => (one.what === "certificate" ? [one.key] : [])),
  );
}

/** Groups of working certificates, looked at elsewhere: the sweep itself asks no CA. */
async function sweepLooks({ starter }: Deps, due: Due[]): Promise<void> {
  const keys = due.flatMap((one) => (one.what === "look" ? [one.key] : []));
  const groups = Array.from({ length: Math.ceil(keys.length / looksTogether) }, (_, index) =>
    keys.slice(index * looksTogether, (index + 1) * looksTogether),
  );
  await concurrently(10, groups, (group) => starter.checkCertificates(group));
}

/** Each goes to the function that works on its kind. */
async function sweepOthers({ starter }: Deps, due: Due[]): Promise<void> {
  for (const one of due) {
    if (one.what === "issuer") await starter.checkIssuer(one.key);
    if (one.what === "revocation") await starter.revoke(one.ref);
    if (one.what === "kubernetes") await starter.syncKubernetes({ key: one.key });
  }
}

/** Leftovers are cleaned up by issuer, because its solvers know the zones. */
async function sweepRecords(deps: Deps, due: Due[]): Promise<void> {
  const refs = due.flatMap((one) => (one.what === "records" ? [one.ref] : []));
  if (refs.length === 0) return;
  const attempts = [...(await deps.state.attempts(refs)).values()];
  const again = deps.clock.now().getTime() + askAgainMs;
  await concurrently(10, attempts, ({ ref }) => deps.state.postponeRecords(ref, again));
  const byIssuer = new Map<string, AttemptRef[]>();
  for (const { issuer, ref } of attempts) byIssuer.set(issuer, [...(byIssuer.get(issuer) ?? []), ref]);
  for (const [issuer, group] of byIssuer) {
    for (const half of halves(deps, group)) await deps.starter.cleanUp(half, issuer);
  }
}

/** By chance: an attempt that kills its Lambda every time has parted with each of its neighbours after a few tries. */
function halves({ chance }: Deps, refs: AttemptRef[]): AttemptRef[][] {
  const first = new Set(refs.filter(() => chance.fraction() < 0.5));
  const both = [refs.filter((ref) => first.has(ref)), refs.filter((ref) => !first.has(ref))];
  return both.filter(({ length }) => length > 0);
}
