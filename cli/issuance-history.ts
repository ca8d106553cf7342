import { X509Certificate } from "node:crypto";
import { concurrently } from "../core/concurrently.ts";
import { type Revision, revisionsOf } from "../core/history.ts";
import { parseCertificate } from "../core/request.ts";
import type { ResourceKey } from "../core/resource.ts";
import type { AttemptRow, CertificateRow } from "../core/rows.ts";
import { rfc3339 } from "../core/status.ts";
import { notFound } from "./objects.ts";
import type { Installation } from "./verb.ts";

/** As many as its CSR and chain are read at once. */
const readsAtOnce = 10;
/** Where the spec cannot be read. */
const defaultLimit = 1;

/** One issuance; what is not known any more is absent. Times are RFC 3339. */
export interface Issuance {
  revision: number;
  current: boolean;
  issuedAt?: string;
  /** Why it was issued. */
  reason?: string;
  issuer?: string;
  /** Lower-case hex, as describe prints it. */
  serialNumber?: string;
  notBefore?: string;
  notAfter?: string;
  /** SHA-256 of the leaf, lower-case hex. */
  fingerprint?: string;
  attempt: string;
  /** PEM. */
  certificate?: string;
  request?: string;
}

/** An attempt that failed; reason and message as in the status then. */
export interface FailedAttempt {
  attempt: string;
  startedAt: string;
  /** Why it was started. */
  why: string;
  step: string;
  failedAt: string;
  reason: string;
  message: string;
}

/** What `history` shows of one Certificate. */
export interface History {
  namespace: string;
  name: string;
  revisionHistoryLimit: number;
  /** The newest revisionHistoryLimit, newest first. */
  revisions: Issuance[];
  /** Since the newest of them, newest first. */
  failedSince: FailedAttempt[];
}

/** Reads the history of a Certificate from Requests and State. Throws Failure when there is no such Certificate. */
export async function historyOf({ requests, state }: Installation, key: ResourceKey): Promise<History> {
  const [stored, row, attempts] = await Promise.all([
    requests.get(key),
    state.certificate(key),
    state.attemptsOf(key, Number.POSITIVE_INFINITY),
  ]);
  if (!stored) throw notFound(key);
  const parsed = parseCertificate(stored);
  const limit = parsed.ok ? parsed.resource.spec.revisionHistoryLimit : defaultLimit;
  const revisions = revisionsOf(row, attempts).slice(0, limit);
  const { namespace, name } = key;
  return {
    namespace,
    name,
    revisionHistoryLimit: limit,
    revisions: await concurrently(readsAtOnce, revisions, (one) => issuance(state, { key, row, one })),
    failedSince: failedSince(row, attempts, revisions[0]?.attempt),
  };
}

async function issuance(
  state: Installation["state"],
  { key, row, one }: { key: ResourceKey; row: CertificateRow | undefined; one: Revision },
): Promise<Issuance> {
  const { attempt, attemptId, revision, current } = one;
  const ref = { namespace: key.namespace, name: key.name, attemptId };
  const [item, csrs] = await Promise.all([state.chain(ref), state.csrs([ref])]);
  const csr = csrs.get(attemptId)?.csr;
  const issued = current && row?.issued;
  return {
    revision,
    current,
    ...(attempt?.outcome ? { issuedAt: rfc3339(attempt.outcome.at) } : {}),
    ...(attempt ? { reason: attempt.reason, issuer: attempt.issuer } : {}),
    ...(issued
      ? { notBefore: rfc3339(issued.notBefore), notAfter: rfc3339(issued.notAfter), fingerprint: issued.fingerprint }
      : {}),
    ...(item ? told(new X509Certificate(item.chain)) : {}),
    attempt: attemptId,
    ...(item ? { certificate: item.chain } : {}),
    ...(csr === undefined ? {} : { request: pemOf(csr) }),
  };
}

function told(leaf: X509Certificate) {
  return {
    serialNumber: leaf.serialNumber.toLowerCase(),
    notBefore: rfc3339(leaf.validFromDate),
    notAfter: rfc3339(leaf.validToDate),
    fingerprint: leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

function pemOf(base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE REQUEST-----", ...lines, "-----END CERTIFICATE REQUEST-----", ""].join("\n");
}

/** Those that ended so, and the one that is tried again with the order it has. */
function failedSince(row: CertificateRow | undefined, attempts: AttemptRow[], newest: AttemptRow | undefined) {
  const since = newest?.startedAt ?? 0;
  return attempts.flatMap((attempt): FailedAttempt[] => {
    const failure = failureOf(attempt, row);
    if (!failure || attempt.startedAt <= since) return [];
    const { ref, startedAt, reason: why, step } = attempt;
    return [{ attempt: ref.attemptId, startedAt: rfc3339(startedAt), why, step, ...failure }];
  });
}

function failureOf(
  { ref, outcome }: AttemptRow,
  row: CertificateRow | undefined,
): Pick<FailedAttempt, "failedAt" | "reason" | "message"> | undefined {
  if (outcome) {
    const { result, at, reason, message } = outcome;
    return result === "failed" ? { failedAt: rfc3339(at), reason, message } : undefined;
  }
  const { attempt, issuing, lastFailureTime } = row ?? {};
  if (attempt?.id !== ref.attemptId || issuing?.status !== "False" || lastFailureTime === undefined) return undefined;
  return { failedAt: lastFailureTime, reason: issuing.reason, message: issuing.message };
}
