import type { CertificateSpec } from "./certificate.ts";
import { readyReason } from "./own-csr/request-row.ts";
import { nextLook } from "./renewal.ts";
import type { Resource, ResourceKey } from "./resource.ts";
import { type CertificateRow, rowSchema } from "./rows.ts";
import { type Condition, condition, rfc3339 } from "./status.ts";

/** How a Certificate's row changes. All pure; all keep what they do not speak of. */

/** The row that dispatch starts from: what is there, or an empty one, brought to the request's generation. */
export function atGeneration(
  key: ResourceKey,
  row: CertificateRow | undefined,
  specHash: string,
  now: Date,
): CertificateRow {
  const alive = row && row.deletedAt === undefined ? row : undefined;
  if (alive) {
    const changed = alive.specHash !== specHash;
    return { ...alive, specHash, generation: alive.generation + (changed ? 1 : 0) };
  }
  const unknown = { type: "Ready", status: "Unknown", reason: "Pending", message: "", observedGeneration: 1 } as const;
  return {
    key,
    schema: rowSchema,
    version: row?.version ?? 0,
    generation: (row?.generation ?? 0) + 1,
    specHash,
    ...(row?.revision === undefined ? {} : { revision: row.revision }),
    ...(row?.leftTemplate === undefined ? {} : { leftTemplate: row.leftTemplate }),
    ready: condition(undefined, unknown, now),
  };
}

/** What the annotations of the request say, kept because the request may be gone when it matters. */
export function withOptions(row: CertificateRow, certificate: Resource<CertificateSpec>): CertificateRow {
  const { recoveryDays: _, ...rest } = row;
  const days = certificate.spec.options.deleteSecret?.recoveryDays;
  return days === undefined ? rest : { ...rest, recoveryDays: days };
}

/** Whether the working certificate still is one. */
export function isValid(row: CertificateRow, now: Date): boolean {
  return row.issued !== undefined && row.issued.notAfter > now.getTime();
}

/** Ready as the working certificate says; undefined issued means never issued. */
export function readyByCertificate(row: CertificateRow, now: Date): Condition {
  const valid = isValid(row, now);
  return condition(
    row.ready,
    {
      type: "Ready",
      status: valid ? "True" : "False",
      reason: valid ? "Ready" : "Expired",
      message: valid
        ? "Certificate is up to date and has not expired"
        : `Certificate expired on ${rfc3339(row.issued?.notAfter ?? now)}`,
      observedGeneration: row.generation,
    },
    now,
  );
}

/** Ready while something is not done yet: a working certificate stays Ready as long as it satisfies the spec. */
export function readyMeanwhile(row: CertificateRow, reason: string, message: string, now: Date): Condition {
  const satisfies = row.issued !== undefined && row.issued.specHash === row.specHash;
  return satisfies ? readyByCertificate(row, now) : ready(row, "False", reason, message, now);
}

export function ready(
  row: CertificateRow,
  status: Condition["status"],
  reason: string,
  message: string,
  now: Date,
): Condition {
  const shown = row.key.kind === "CertificateRequest" && reason !== "Deleted" ? readyReason(row) : reason;
  return condition(
    row.ready,
    { type: "Ready", status, reason: shown, message, observedGeneration: row.generation },
    now,
  );
}

export function issuing(
  row: CertificateRow,
  status: Condition["status"],
  reason: string,
  message: string,
  now: Date,
): Condition {
  return condition(row.issuing, { type: "Issuing", status, reason, message, observedGeneration: row.generation }, now);
}

/** True while the certificate ends with its CA, earlier than asked. */
export function lifetimeCondition(row: CertificateRow, message: string, now: Date): Condition {
  const { generation: observedGeneration, lifetimeShortened } = row;
  const next = { type: "LifetimeShortened", status: "True", reason: "CAEndsEarlier", message } as const;
  return condition(lifetimeShortened, { ...next, observedGeneration }, now);
}

/** Waits for an issuer, a token or an instant; a working certificate stays Ready. */
export function waiting(
  row: CertificateRow,
  why: { reason: string; message: string; until: Date; waitsForIssuer?: boolean },
  now: Date,
): CertificateRow {
  const { waitsForIssuer: _, attempt, ...rest } = row;
  // A lease that is left here would be a dead execution's, and hide edits until the instant; its attempt goes on alone.
  const alone = attempt?.alone || attempt?.leaseId !== undefined;
  return {
    ...rest,
    ...(attempt ? { attempt: { id: attempt.id, ...(alone ? { alone: true as const } : {}) } } : {}),
    ...(why.waitsForIssuer ? { waitsForIssuer: true } : {}),
    ready: readyMeanwhile(row, why.reason, why.message, now),
    issuing: issuing(row, "False", why.reason, why.message, now),
    dueAt: why.until.getTime(),
    lane: row.issued ? "renew" : "new",
  };
}

/** Cannot be served as it is. The secret stays; nothing is due until the object changes. */
export function refused(row: CertificateRow, reason: string, message: string, now: Date): CertificateRow {
  const { dueAt: _due, lane: _lane, issuing: _issuing, attempt: _attempt, waitsForIssuer: _waits, ...rest } = row;
  const kept = row.issued ? `; the stored secret stays, valid until ${rfc3339(row.issued.notAfter)}` : "";
  return { ...rest, ready: ready(row, "False", reason, `${message}${kept}`, now) };
}

/** Nothing to do before the renewal, but to look. `renewalTime`: epoch ms; undefined when there is none. */
export function upToDate(row: CertificateRow, renewalTime: number | undefined, now: Date): CertificateRow {
  const {
    issuing: _issuing,
    attempt: _attempt,
    waitsForIssuer: _waits,
    rewrite: _rewrite,
    drift: _drift,
    ...kept
  } = row;
  if (!row.issued) return kept;
  const { failedIssuanceAttempts: _failures, lastFailureTime: _last, rehearsal: _rehearsal, ...free } = kept;
  const { dueAt: _due, lane: _lane, ...rest } = free;
  const { renewalTime: _before, ...before } = row.issued;
  const issued = { ...before, ...(renewalTime === undefined ? {} : { renewalTime }), specHash: row.specHash };
  return { ...rest, issued, ready: readyByCertificate(row, now), ...nextLook({ ...rest, issued }, now) };
}

const tombstoneDays = 30;

/** The request is gone: a row that says so for 30 days, so that nothing late comes back to life. */
export function tombstone(row: CertificateRow, now: Date): CertificateRow {
  const { key, schema, version, generation, specHash, revision } = row;
  const left = templateLeft(row);
  const at = now.getTime();
  return {
    key,
    schema,
    version,
    generation,
    specHash,
    ...(revision === undefined ? {} : { revision }),
    ...(left === undefined ? {} : { leftTemplate: left }),
    ready: ready(row, "False", "Deleted", "the request was deleted", now),
    deletedAt: at,
    expiresAt: Math.floor(at / 1_000) + tombstoneDays * 86_400,
  };
}

/** What its template leaves in a secret that stays when this Certificate goes on to another one, or goes. */
export function templateLeft({ issued, leftTemplate }: CertificateRow): CertificateRow["leftTemplate"] {
  return issued?.template ? { ...issued.template, secretName: issued.secretName } : leftTemplate;
}
