import { createHash } from "node:crypto";
import type { CertificateSpec } from "../certificate.ts";
import type { Resource } from "../resource.ts";
import type { CertificateRow } from "../rows.ts";
import { type Condition, condition, rfc3339 } from "../status.ts";
import type { OwnRequest, SignedRequest } from "./own-request.ts";

/** How a CertificateRequest's row changes: as a Certificate's, but it is made once, and its Ready has cert-manager's four reasons. */

type Made = NonNullable<OwnRequest["made"]>;

/** What may not change of a CertificateRequest: its spec, and cert-manager's annotations. */
export function madeOf({ spec, annotations }: Resource<CertificateSpec>): Made {
  const { request, issuerRef, durationSeconds, usages, isCA = false } = spec;
  const theirs = Object.entries(annotations).filter(([name]) => isTheirs(name));
  return {
    spec: hashOf([request?.csr, issuerRef.kind, issuerRef.name, durationSeconds, isCA, [...usages].sort()]),
    annotations: hashOf(theirs.sort(([one], [other]) => (one < other ? -1 : 1))),
  };
}

/** cert-manager's own annotations, which its webhook keeps as they are. */
function isTheirs(name: string): boolean {
  return name.startsWith("cert-manager.io") || name.startsWith("acme.cert-manager.io");
}

/** What was changed since it was made, in the words of cert-manager's webhook. */
export function changedSince(made: Made, now: Made): string | undefined {
  if (made.spec !== now.spec) return "spec: Forbidden: cannot change spec after creation";
  if (made.annotations === now.annotations) return undefined;
  return "metadata.annotations: Forbidden: cannot change cert-manager annotation after creation";
}

/** A valid one that is allowed: from now on it may not change. A Certificate's row stays as it is. */
export function accepted(row: CertificateRow, request: Resource<CertificateSpec>, now: Date): CertificateRow {
  if (row.key.kind !== "CertificateRequest") return row;
  const message = "Certificate request has been approved by cert-manager.io";
  const next = { type: "Approved", status: "True", reason: "cert-manager.io", message } as const;
  const { made = madeOf(request), approved = condition(undefined, next, now), signed } = row.own ?? {};
  return { ...row, own: { made, approved, ...(signed ? { signed } : {}) } };
}

/** Why a CertificateRequest is not served. */
export interface Refusal {
  reason: string;
  message: string;
  /** The operator's rules are against it. */
  denied?: true;
}

/**
 * One that cannot be served. What it was is not undone by an edit: a result stays, and so does a failure. One that was never valid
 * may be corrected; it has failed until then.
 */
export function refusedRequest(
  row: CertificateRow,
  why: Refusal,
  request: Resource<CertificateSpec> | undefined,
  now: Date,
): CertificateRow {
  const { dueAt: _due, lane: _lane, issuing: _issuing, attempt: _attempt, waitsForIssuer: _waits, ...rest } = row;
  const own = row.own ?? {};
  const isEdit = own.made !== undefined && (request === undefined || changedSince(own.made, madeOf(request)));
  const say = (type: Condition["type"], before: Condition | undefined) =>
    condition(before, { type, status: "True", reason: why.reason, message: why.message }, now);
  if (isEdit) {
    const invalid = say("InvalidRequest", own.invalid);
    const kept = { ...rest, own: { ...own, invalid } };
    return own.signed || own.failureTime ? kept : { ...kept, ready: ready(kept, why.message, now) };
  }
  const isDenied = why.denied && !own.approved;
  const before =
    request && !isDenied ? accepted(row, request, now).own : { ...own, ...(request && { made: madeOf(request) }) };
  const said = isDenied ? { denied: say("Denied", own.denied) } : { invalid: say("InvalidRequest", own.invalid) };
  const failed = { ...rest, own: { ...before, ...said, failureTime: own.failureTime ?? rfc3339(now) } };
  return { ...failed, ready: ready(failed, why.message, now) };
}

/** One that has ended and says what it said when it was made. */
export function unchangedRequest(row: CertificateRow): CertificateRow {
  const { signed, invalid: _, ...own } = row.own ?? {};
  return signed ? { ...row, own: { ...own, signed } } : row;
}

/** It failed for good: cert-manager tries none twice. */
export function failedRequest(row: CertificateRow, message: string, now: Date): CertificateRow {
  const { attempt: _attempt, dueAt: _due, lane: _lane, ...rest } = row;
  const failed = { ...rest, own: { ...row.own, failureTime: rfc3339(now) } };
  return { ...failed, ready: ready(failed, message, now) };
}

/** It has its certificate, and nothing more to do. */
export function signedRequest(row: CertificateRow, signed: SignedRequest, now: Date): CertificateRow {
  const {
    attempt: _attempt,
    issuing: _issuing,
    dueAt: _due,
    lane: _lane,
    waitsForIssuer: _waits,
    failedIssuanceAttempts: _failures,
    lastFailureTime: _last,
    rehearsal: _rehearsal,
    ...rest
  } = row;
  const done = { ...rest, own: { ...row.own, signed } };
  return { ...done, ready: ready(done, "Certificate fetched from issuer successfully", now) };
}

/** The reason of its Ready condition; the message says more, and the condition Issuing has ours. */
export function readyReason({ own = {} }: CertificateRow): "Issued" | "Denied" | "Failed" | "Pending" {
  if (own.signed) return "Issued";
  const reason = own.denied ? "Denied" : "Failed";
  return own.failureTime === undefined ? "Pending" : reason;
}

function ready(row: CertificateRow, message: string, now: Date): Condition {
  const reason = readyReason(row);
  const status = reason === "Issued" ? "True" : "False";
  return condition(row.ready, { type: "Ready", status, reason, message, observedGeneration: row.generation }, now);
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 22);
}
