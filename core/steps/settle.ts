import { backoff } from "../backoff.ts";
import type { Deps } from "../deps.ts";
import { classOf, type ErrorClass, isNamed, RateLimitedError, RefusedError } from "../errors.ts";
import { overrule } from "../ledger.ts";
import { bucketsNamedBy, bucketsOfKeys, limitsOfIssuer, ordersKey } from "../limits.ts";
import { failedRequest } from "../own-csr/request-row.ts";
import type { Fact } from "../ports.ts";
import { rehearsalAfter } from "../rehearsal.ts";
import { idOf, parseId, resourceOf } from "../resource.ts";
import type { CertificateRow } from "../rows.ts";
import { rfc3339 } from "../status.ts";
import { issuing, readyMeanwhile } from "../transitions.ts";
import { endAttempt } from "./end.ts";
import { changeCertificate, type Work } from "./work.ts";

/** A bug that comes back ends the attempt: the next one starts clean. */
const bugsPerAttempt = 2;

/** Reasons behind which an account may be that the CA has closed or forgotten: the check of the issuer will tell. */
const ofTheAccount = ["AccountUnknown", "Unauthorized", "SignatureRefused"];

/** What only another request would cure: a Certificate is edited, a CertificateRequest cannot be. */
const ofTheRequest = ["RejectedIdentifier", "UnsupportedIdentifier", "BadCSR", "BadPublicKey"];

/** These end an attempt and say nothing of what it asked for: the next one begins anew. */
const lost = ["OrderGone", "AttemptIncomplete"];

/** What an error means for its attempt and its certificate. */
interface Failure {
  errorClass: ErrorClass;
  reason: string;
  /** With the fix, for the reader of the status. */
  message: string;
  /** Whether the attempt is over; otherwise it keeps its order and key and resumes. */
  ends: boolean;
}

/**
 * Records an error as the outcome of one attempt: status, backoff, event, fact. Its neighbours do not see it. Answers whether
 * that ended the attempt.
 */
export async function recordFailure(work: Work, error: unknown): Promise<boolean> {
  const { deps } = work;
  const failure = failureOf(error, work);
  if (failure.ends) {
    const { errorClass, reason, message } = failure;
    const freed = await endAttempt(deps, work.row, { result: "failed", errorClass, reason, message });
    if (!freed) return false;
    work.freed.push(...freed);
  } else if ((await deps.state.putAttempt(work.row)) === "conflict") {
    return false;
  }
  const row = await changeCertificate(deps, work, (before) => failed(before, failure, error, work));
  if (row) await tell(work, row, failure);
  if (error instanceof RateLimitedError) await believe(work, error);
  const issuer = parseId(work.row.issuer);
  if (issuer && ofTheAccount.includes(failure.reason)) await deps.starter.checkIssuer(issuer);
  return failure.ends;
}

/** The CA's word overrules our count of the limit it names, so that no neighbour runs into the same wall. */
async function believe({ deps, row, issuer }: Work, error: RateLimitedError): Promise<void> {
  const keys = [...(row.tokens ?? []), ordersKey(issuer)];
  const named = bucketsNamedBy(error.message, bucketsOfKeys(keys, limitsOfIssuer(issuer)));
  if (named.length > 0) await overrule(deps.state, named, error.retryAt, deps.clock.now());
}

/** Gives the attempt back: it keeps all it has and goes on when it is due. */
export async function release(
  deps: Deps,
  work: Pick<Work, "ref" | "leaseId">,
  dueAt: Date,
  how: { alone?: true } = {},
): Promise<void> {
  await changeCertificate(deps, work, (row) => ({
    ...row,
    attempt: { id: work.ref.attemptId, ...how },
    dueAt: dueAt.getTime(),
  }));
}

/** An edit or a deletion overtook it: the attempt ends, and the certificate is decided on at once. */
export async function supersede(work: Work, why: string): Promise<void> {
  const outcome = { result: "superseded", reason: "Superseded", message: why } as const;
  const freed = await endAttempt(work.deps, work.row, outcome);
  if (!freed) return;
  work.freed.push(...freed);
  await changeCertificate(work.deps, work, ({ attempt: _, ...row }) => ({
    ...row,
    dueAt: work.deps.clock.now().getTime(),
  }));
}

function failureOf(error: unknown, work: Work): Failure {
  const errorClass = classOf(error);
  const text = error instanceof Error ? error.message : String(error);
  if (isNamed(error)) {
    const where = work.row.rehearsal ? `at ${resourceOf(work.issuer.key)}, where it is tried first: ` : "";
    const message = `${where}${error.fix ? `${text.replace(/\.$/, "")}; ${error.fix}` : text}`;
    const isOver = errorClass === "PermanentError" || (error instanceof RefusedError && error.endsAttempt);
    const ends = isOver || (work.key.kind === "CertificateRequest" && ofTheRequest.includes(error.reason));
    return { errorClass, reason: error.reason, message, ends };
  }
  const bugs = (work.row.bugs ?? 0) + 1;
  work.row.bugs = bugs;
  const message = `certwright failed unexpectedly: ${error instanceof Error ? error.name : "Error"}; see the logs and docs/runbook.md#bugs`;
  return { errorClass, reason: "InternalError", message, ends: bugs >= bugsPerAttempt };
}

function failed(row: CertificateRow, failure: Failure, error: unknown, work: Work): CertificateRow {
  const { deps } = work;
  const now = deps.clock.now();
  const limited = error instanceof RateLimitedError;
  const failures = (row.failedIssuanceAttempts ?? 0) + (limited ? 0 : 1);
  const { attempt, dueAt: _, ...rest } = row;
  const next = limited
    ? error.retryAt.getTime()
    : backoff({ failures, now, notAfter: row.issued?.notAfter, fraction: deps.chance.fraction() }).getTime();
  const { reason, message } = failure;
  const said = { ...row, issuing: issuing(row, "False", reason, message, now) };
  if (isFinal(row, failure)) return failedRequest(said, message, now);
  return {
    ...rest,
    ...(failure.ends || !attempt ? {} : { attempt: { id: attempt.id } }),
    ...(failures > 0 ? { failedIssuanceAttempts: failures } : {}),
    ...(limited ? {} : { lastFailureTime: rfc3339(now) }),
    ...rehearsalAfter(work.row, failure, work.issuer),
    ...(failure.errorClass === "PermanentError" ? {} : { dueAt: next }),
    issuing: said.issuing,
    ready: readyMeanwhile(row, reason, message, now),
  };
}

/** As in cert-manager a CertificateRequest is not tried again once its CA, or a check, has said no to what it is. */
function isFinal({ key }: CertificateRow, { ends, errorClass, reason }: Failure): boolean {
  return key.kind === "CertificateRequest" && ends && errorClass !== "Bug" && !lost.includes(reason);
}

/** Event and fact are best effort: the status is the truth. Facts are of Certificates. */
async function tell(work: Work, row: CertificateRow, failure: Failure): Promise<void> {
  const { deps, key, ref } = work;
  const { reason, message } = failure;
  const at = deps.clock.now().getTime();
  const told = await Promise.allSettled([
    deps.state.addEvent({ key, at, type: "Warning", reason, message, attemptId: ref.attemptId }),
    ...(key.kind === "Certificate" ? [deps.events.publish([failureFact(work, row, failure)])] : []),
  ]);
  const untold = told.find((one) => one.status === "rejected");
  if (untold) deps.log({ event: "untold", certificate: idOf(key), error: String(untold.reason) });
}

function failureFact({ key, ref }: Work, row: CertificateRow, { reason, message, errorClass }: Failure): Fact {
  return {
    type: "Certificate Issuance Failed",
    detail: {
      namespace: key.namespace,
      name: key.name,
      revision: (row.revision ?? 0) + 1,
      attemptId: ref.attemptId,
      reason,
      message,
      errorClass,
      failedIssuanceAttempts: row.failedIssuanceAttempts ?? 0,
      ...(row.dueAt === undefined ? {} : { nextTry: rfc3339(row.dueAt) }),
    },
  };
}
