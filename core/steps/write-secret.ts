import { concurrently } from "../concurrently.ts";
import { firstCrlLook } from "../crl-look.ts";
import { done, type Outcome } from "../outcome.ts";
import { keepResult } from "../own-csr/keep-result.ts";
import type { Fact } from "../ports.ts";
import { fenceIssuances, nextLook } from "../renewal.ts";
import { firstQuestion } from "../renewal-info.ts";
import type { CertificateRow } from "../rows.ts";
import { lifetimeCondition, readyByCertificate, templateLeft } from "../transitions.ts";
import { tellWindowError } from "../window-error.ts";
import { endAttempt } from "./end.ts";
import { keptUntil } from "./keep-chain.ts";
import { keepHistory } from "./keep-history.ts";
import { issuedDetail, type Stored, storeSecret } from "./store-secret.ts";
import { changeCertificate, LeaseLost, type Work } from "./work.ts";

const concurrency = 10;

/**
 * Checks what came back, writes each value once, promotes it, tells the bus of all of them, then the statuses: in this order,
 * each repeatable. An edit made after Finalize does not lose the result, as long as the secret still is this Certificate's.
 */
export async function writeSecret(works: Work[]): Promise<Map<string, Outcome | Error>> {
  const outcomes = new Map<string, Outcome | Error>();
  const attempted = await concurrently(concurrency, works, (work) =>
    settled<Stored | undefined>(work, resultOf(work), outcomes),
  );
  const stored = attempted.flatMap((one) => one ?? []);
  const told = await tell(stored);
  await concurrently(concurrency, stored, async (one) => {
    if (told instanceof Error) outcomes.set(one.work.ref.attemptId, told);
    else await settled(one.work, finish(one), outcomes);
  });
  return outcomes;
}

/** A CertificateRequest has no secret: nothing is told of it. */
function resultOf(work: Work): Promise<Stored | undefined> {
  return work.key.kind === "CertificateRequest" ? keepResult(work) : storeSecret(work);
}

/** What happened to one attempt is its own: an error becomes its outcome. */
async function settled<Out>(
  work: Work,
  run: Promise<Out>,
  outcomes: Map<string, Outcome | Error>,
): Promise<Out | undefined> {
  try {
    outcomes.set(work.ref.attemptId, { ended: true });
    return await run;
  } catch (error) {
    outcomes.set(work.ref.attemptId, error instanceof Error ? error : new Error(String(error)));
    return undefined;
  }
}

/** The facts, and the order to bring all of it into clusters, go out before the status: maybe twice, but never not at all. */
async function tell(stored: Stored[]): Promise<Error | typeof done> {
  const [first] = stored;
  if (!first) return done;
  try {
    const facts: Fact[] = stored.map((one) => ({ type: "Certificate Issued", detail: issuedDetail(one) }));
    const certificates = stored.map(({ work: { key } }) => ({ namespace: key.namespace, name: key.name }));
    await first.work.deps.events.publish([...facts, { type: "Cluster Sync Requested", detail: { certificates } }]);
    return done;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function finish(stored: Stored): Promise<void> {
  const { work, issued, revision, row, windowError, certificate } = stored;
  const saved = await changeCertificate(work.deps, work, (before) => finished(stored, before), row);
  if (!saved) throw new LeaseLost();
  await tellWindowError(work.deps, work.key, windowError);
  const message = `stored in Secret "${issued.secretName}", revision ${revision}`;
  const attempt = { ...work.row, step: "write-secret" as const, expiresAt: keptUntil(issued.notAfter) };
  work.freed.push(...((await endAttempt(work.deps, attempt, { result: "issued", reason: "Issued", message })) ?? []));
  await keepHistory(work, { ...saved, issued }, certificate.spec);
}

/** The status of a certificate that was just written; one whose spec changed meanwhile is decided on again at once. */
function finished(stored: Stored, row: CertificateRow): CertificateRow {
  const { work, issued, revision, certificate, shortened } = stored;
  const now = work.deps.clock.now();
  const {
    attempt: _a,
    issuing: _i,
    failedIssuanceAttempts: _f,
    lastFailureTime: _l,
    rehearsal: _r,
    waitsForIssuer: _w,
    dueAt: _due,
    lane: _lane,
    rewrite: _rewrite,
    drift: _d,
    lifetimeShortened: _s,
    ari: _ari,
    leftTemplate: _t,
    crl: _crl,
    ...rest
  } = row;
  const edited = certificate.specHash !== work.row.specHash;
  const automatic = work.row.reason !== "ManuallyTriggered" && work.row.reason !== "RequestChanged";
  const recent = automatic
    ? [now.getTime(), ...(row.recentIssuances ?? [])].slice(0, fenceIssuances)
    : row.recentIssuances;
  const lifetimeShortened = shortened && lifetimeCondition(row, shortened, now);
  const left = templateLeft(row);
  const next = {
    ...rest,
    issued,
    revision,
    ...(recent ? { recentIssuances: recent } : {}),
    ...(lifetimeShortened ? { lifetimeShortened } : {}),
    ...firstLook(stored),
    ...(left && left.secretName !== issued.secretName ? { leftTemplate: left } : {}),
  };
  const look = edited ? { dueAt: now.getTime(), lane: "renew" as const } : nextLook(next, now);
  return { ...next, ready: readyByCertificate(next, now), ...look };
}

/** Its CA is asked when to renew it, or else the CA's revocation list is read, if it names one. */
function firstLook({ work, issued, certificate, chain }: Stored): Pick<CertificateRow, "ari" | "crl"> {
  const ari = firstQuestion(work.deps, work.issuer, issued, certificate.spec);
  const crl = ari ? undefined : firstCrlLook(work.deps, chain);
  return { ...(ari ? { ari } : {}), ...(crl ? { crl } : {}) };
}
