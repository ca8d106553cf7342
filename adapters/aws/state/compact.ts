import type { CertificateRow, Issued } from "../../../core/rows.ts";
import type { Condition } from "../../../core/status.ts";
import { rfc3339 } from "../../../core/status.ts";
import type { Item } from "../dynamo/expressions.ts";

/**
 * What a Certificate's row leaves out because the rest of it says so: it keeps one that is being renewed within one write
 * unit (1 KB). Every pair of functions here gives back exactly what was put.
 */

/** A condition without its type, its time as epoch ms, its generation only where it is not the row's (null: none). */
export function toStoredCondition(condition: Condition, rowGeneration: number): Item {
  const { type, lastTransitionTime, observedGeneration = null, ...rest } = condition;
  const at = Date.parse(lastTransitionTime);
  const since = Number.isFinite(at) && rfc3339(at) === lastTransitionTime ? at : lastTransitionTime;
  return { ...rest, since, ...(observedGeneration !== rowGeneration && { generation: observedGeneration }) };
}

/** The condition that lies there. */
export function fromStoredCondition(type: Condition["type"], stored: unknown, rowGeneration: unknown): unknown {
  if (!isMap(stored)) return stored;
  const { since, generation = rowGeneration, ...rest } = stored;
  const lastTransitionTime = typeof since === "number" ? rfc3339(since) : since;
  return { ...rest, type, lastTransitionTime, ...(generation !== null && { observedGeneration: generation }) };
}

/** The attempt in hand; the execution's ARN without its name where that is the lease's id. */
export function toStoredAttempt(attempt: NonNullable<CertificateRow["attempt"]>): Item {
  const { executionArn, ...rest } = attempt;
  if (!(rest.leaseId && executionArn?.endsWith(`:${rest.leaseId}`))) return attempt;
  return { ...rest, execution: executionArn.slice(0, -rest.leaseId.length) };
}

/** The attempt in hand that lies there. */
export function fromStoredAttempt(stored: unknown): unknown {
  if (!isMap(stored) || stored.execution === undefined) return stored;
  const { execution, ...rest } = stored;
  return { ...rest, executionArn: `${execution}${stored.leaseId}` };
}

/**
 * What was issued, without its validity; the version where it is not the attempt's id, the fingerprint as bytes. "Never renewed by
 * itself" is a renewal at its end, which nothing else makes: the release before this one needs a time there.
 */
export function toStoredIssued({ notBefore, notAfter, versionId, fingerprint, ...rest }: Issued): Item {
  return {
    ...rest,
    renewalTime: rest.renewalTime ?? notAfter,
    ...(versionId !== rest.attemptId && { versionId }),
    fingerprint: /^([0-9a-f]{2})+$/.test(fingerprint) ? Buffer.from(fingerprint, "hex") : fingerprint,
  };
}

/** What was issued, with the validity that lies beside it. */
export function fromStoredIssued(stored: unknown, notBefore: unknown, notAfter: unknown): unknown {
  if (!isMap(stored)) return stored;
  const { fingerprint, versionId = stored.attemptId, renewalTime, ...rest } = stored;
  const hex = fingerprint instanceof Uint8Array ? Buffer.from(fingerprint).toString("hex") : fingerprint;
  const renewal = renewalTime === undefined || renewalTime === notAfter ? {} : { renewalTime };
  return { ...rest, ...renewal, versionId, fingerprint: hex, notBefore, notAfter };
}

function isMap(value: unknown): value is Item {
  return typeof value === "object" && value !== null;
}
