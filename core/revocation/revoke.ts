import { keyOf } from "../attempt-ref.ts";
import { backoff } from "../backoff.ts";
import type { Deps } from "../deps.ts";
import { classOf, isNamed, RateLimitedError } from "../errors.ts";
import { idOf } from "../resource.ts";
import type { AttemptRef, CertificateRow } from "../rows.ts";
import { rfc3339 } from "../status.ts";
import { noteRevocation } from "./ask.ts";
import type { RevocationRow } from "./state.ts";
import { type Subject, subjectOf, tell } from "./subject.ts";
import { tellCa } from "./tell-ca.ts";

const keptSeconds = 365 * 86_400;
/** Ids that the row names; the others are counted by their own rows. */
const mostNamed = 50;

/**
 * One look at a revocation: blocks the key if it leaked and finds who shares it, asks for the replacement, tells the CA. It comes
 * back until the CA has said yes or no and nothing of the certificate is in use. Each part is repeatable and is noted when done.
 */
export async function revokeCertificate(deps: Deps, ref: AttemptRef): Promise<RevocationRow | undefined> {
  const row = await deps.state.revocation(ref);
  if (!row || row.ended !== undefined) return row;
  const draft = structuredClone(row);
  const stands = await work(deps, draft).catch((error: unknown) => inTheWay(deps, error));
  return save(deps, draft, stands);
}

/** Answers what stands in the way, or undefined; what was reached is in the draft. */
async function work(deps: Deps, draft: RevocationRow): Promise<Standing> {
  const subject = await subjectOf(deps, draft);
  if (!subject) {
    draft.ended = "gone";
    draft.refusal ??= "nothing is known of that certificate any more";
    return {};
  }
  if (draft.reason === "keyCompromise" && !draft.blocked) await block(deps, subject);
  await askForAnother(deps, subject);
  if (draft.revokedAt === undefined && draft.refusal === undefined) await tellCa(deps, subject);
  const { certificate } = subject;
  if (!certificate?.issued) draft.ended = "gone";
  else if (certificate.issued.attemptId !== draft.ref.attemptId) await leave(deps, subject, certificate);
  return draft.ended ? {} : { message: "the new certificate is not there yet" };
}

interface Standing {
  message?: string;
  retryAt?: Date;
}

/** The list first: whoever makes a certificate from now on does not take the key. Then all who have it already. */
async function block(deps: Deps, { row, publicKeyHash }: Subject): Promise<void> {
  const now = deps.clock.now();
  const saidBy = row.sharedWith ?? idOf(keyOf(row.ref));
  await deps.state.blockKey({ publicKeyHash, saidBy, at: rfc3339(now) });
  const shared = await sharing(deps, publicKeyHash, row.ref);
  for (const other of shared) {
    const wish = { at: row.requestedAt, reason: row.reason, sharedWith: saidBy };
    if ((await noteRevocation(deps, other, wish, now)) !== "noted") await deps.starter.revoke(other);
  }
  row.blocked = true;
  if (shared.length > 0) row.shared = shared.slice(0, mostNamed).map((other) => idOf(keyOf(other)));
  const message = `the key ${publicKeyHash} will never be used again`;
  await tell(deps, row.ref, { reason: "KeyBlocked", message });
}

/** All certificates in use with this key, but for one: the keys of what State holds, read page by page. */
async function sharing({ state }: Deps, publicKeyHash: string, but: AttemptRef): Promise<AttemptRef[]> {
  const found: AttemptRef[] = [];
  for await (const page of state.scanKeys()) {
    const keys = page.filter(({ kind }) => kind === "Certificate");
    const rows = [...(await state.certificates(keys, { eventual: true })).values()];
    const refs = rows.flatMap(({ key, issued, deletedAt }) =>
      issued && deletedAt === undefined && issued.attemptId !== but.attemptId
        ? [{ namespace: key.namespace, name: key.name, attemptId: issued.attemptId }]
        : [],
    );
    const csrs = await state.csrs(refs);
    found.push(...refs.filter(({ attemptId }) => csrs.get(attemptId)?.publicKeyHash === publicKeyHash));
  }
  return found;
}

/** The mark that decide() reads; a running attempt makes another certificate anyhow. */
async function askForAnother(deps: Deps, { row, fingerprint, certificate }: Subject): Promise<void> {
  if (certificate?.issued?.attemptId !== row.ref.attemptId) return;
  const now = deps.clock.now().getTime();
  const marked = certificate.revoked?.fingerprint === fingerprint && certificate.revoked.reason === row.reason;
  const leased = certificate.attempt?.leaseId !== undefined && (certificate.dueAt ?? 0) > now;
  if (!marked) {
    const revoked = { fingerprint, at: now, reason: row.reason, seenBy: "user" } as const;
    const due = leased ? {} : { dueAt: now, lane: "renew" as const };
    // Somebody else wrote the row: the next look marks it.
    if ((await deps.state.putCertificate({ ...certificate, revoked, ...due })) === "conflict") return;
  }
  if (!leased) await deps.starter.dispatch([certificate.key]);
}

/** Replaced; what took its place must not have the same key (rotationPolicy Never, an attempt that was under way). */
async function leave(deps: Deps, { row, publicKeyHash }: Subject, { key, issued }: CertificateRow): Promise<void> {
  row.ended = "replaced";
  if (!row.blocked || !issued) return;
  const ref = { namespace: key.namespace, name: key.name, attemptId: issued.attemptId };
  const csr = (await deps.state.csrs([ref])).get(ref.attemptId);
  if (csr?.publicKeyHash !== publicKeyHash) return;
  const wish = { at: row.requestedAt, reason: row.reason, sharedWith: idOf(keyOf(row.ref)) };
  if ((await noteRevocation(deps, ref, wish, deps.clock.now())) !== "noted") await deps.starter.revoke(ref);
}

function inTheWay(deps: Deps, error: unknown): Standing {
  const text = error instanceof Error ? error.message : String(error);
  const message = isNamed(error) && error.fix ? `${text.replace(/\.$/, "")}; ${error.fix}` : text;
  if (classOf(error) === "Bug") deps.log({ event: "bug", error: text, stack: (error as Error).stack });
  return { message, ...(error instanceof RateLimitedError ? { retryAt: error.retryAt } : {}) };
}

async function save(deps: Deps, draft: RevocationRow, { message, retryAt }: Standing): Promise<RevocationRow> {
  const now = deps.clock.now();
  const looks = (draft.looks ?? 0) + 1;
  const { dueAt: _, message: _said, ...rest } = draft;
  const next: RevocationRow = draft.ended
    ? { ...rest, looks, expiresAt: Math.floor(now.getTime() / 1_000) + keptSeconds }
    : {
        ...rest,
        looks,
        ...(message === undefined ? {} : { message: message.slice(0, 400) }),
        dueAt: (retryAt ?? backoff({ failures: looks, now, fraction: deps.chance.fraction() })).getTime(),
      };
  // A conflict: another invocation has looked at the same time, and has noted the same.
  await deps.state.putRevocation(next);
  return next;
}
