import * as z from "zod/mini";
import type { ErrorClass } from "../../../core/errors.ts";
import { kinds } from "../../../core/resource.ts";
import type { AttemptRow, CertificateRow, IssuerRow, StoreName } from "../../../core/rows.ts";
import { rowSchema } from "../../../core/rows.ts";
import { steps } from "../../../core/status.ts";
import type { Item } from "../dynamo/expressions.ts";

/**
 * What was stored, as the row it must be; throws an Error that names the row when it is not one. A row of a newer
 * schema is answered as it is: an attempt's reader gives it back, and a certificate's keeps the fields that it does not know.
 */
export function parsed<Row>(schema: z.ZodMiniType<Row>, stored: Item, item: Item): Row {
  if (typeof stored.schema === "number" && stored.schema > rowSchema) return stored as Row;
  const result = schema.safeParse(stored);
  if (result.success) return result.data;
  const wrong = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  throw new Error(`State holds a row it does not understand: ${item.namespace} ${item.resource}: ${wrong}`);
}

const optional = z.exactOptional;
const text = z.string();
const instant = z.number();
const store: z.ZodMiniType<StoreName> = z.enum(["secretsManager", "s3"]);
const lane = z.enum(["renew", "new"]);
const key = z.object({ namespace: text, kind: z.enum(kinds), name: text });
const errorClass: z.ZodMiniType<ErrorClass> = z.enum([
  "PermanentError",
  "RefusedError",
  "RateLimitedError",
  "UnavailableError",
  "Bug",
]);

const condition = z.looseObject({
  type: z.enum(["Ready", "Issuing", "LifetimeShortened", "Approved", "Denied", "InvalidRequest"]),
  status: z.enum(["True", "False", "Unknown"]),
  reason: text,
  message: text,
  lastTransitionTime: text,
  observedGeneration: optional(z.number()),
});

const templateNames = z.looseObject({ annotations: z.array(text), labels: z.array(text) });

/** A Certificate's row. Fields it does not name are kept, so that a step of the last release loses none of the next. */
export const certificateRow: z.ZodMiniType<CertificateRow> = z.looseObject({
  key,
  schema: z.number(),
  version: z.number(),
  generation: z.number(),
  specHash: text,
  issuer: optional(text),
  waitsForIssuer: optional(z.boolean()),
  ready: condition,
  issuing: optional(condition),
  lifetimeShortened: optional(condition),
  revision: optional(z.number()),
  issued: optional(
    z.looseObject({
      specHash: text,
      attemptId: text,
      secretName: text,
      store,
      secretArn: text,
      versionId: text,
      notBefore: instant,
      notAfter: instant,
      renewalTime: optional(instant),
      fingerprint: text,
      contentHash: optional(text),
      template: optional(templateNames),
      foreign: optional(z.literal(true)),
      caFingerprint: optional(text),
    }),
  ),
  leftTemplate: optional(z.extend(templateNames, { secretName: text })),
  recentIssuances: optional(z.array(instant)),
  failedIssuanceAttempts: optional(z.number()),
  lastFailureTime: optional(text),
  rehearsal: optional(z.enum(["wanted", "passed"])),
  renewRequestedAt: optional(text),
  revokeRequestedAt: optional(text),
  ari: optional(
    z.looseObject({
      certId: optional(text),
      window: optional(z.object({ start: instant, end: instant, chosenAt: instant })),
      explanationUrl: optional(text),
      checkedAt: optional(instant),
      nextCheckAt: instant,
      failures: optional(z.number()),
      lastError: optional(text),
      latest: optional(instant),
      windowed: optional(z.literal(true)),
    }),
  ),
  crl: optional(
    z.looseObject({
      nextCheckAt: instant,
      checkedAt: optional(instant),
      failures: optional(z.number()),
      lastError: optional(text),
    }),
  ),
  revoked: optional(z.looseObject({ fingerprint: text, at: instant, reason: text, seenBy: z.enum(["crl", "user"]) })),
  attempt: optional(
    z.looseObject({
      id: text,
      leaseId: optional(text),
      executionArn: optional(text),
      alone: optional(z.literal(true)),
    }),
  ),
  rewrite: optional(z.looseObject({ until: instant, failures: optional(z.number()) })),
  drift: optional(z.looseObject({ versionId: text, reason: text, message: text })),
  dueAt: optional(instant),
  lane: optional(lane),
  own: optional(
    z.looseObject({
      made: optional(z.looseObject({ spec: text, annotations: text })),
      approved: optional(condition),
      denied: optional(condition),
      invalid: optional(condition),
      failureTime: optional(text),
      signed: optional(z.looseObject({ attemptId: text, notBefore: instant, notAfter: instant, fingerprint: text })),
    }),
  ),
  recoveryDays: optional(z.number()),
  deletedAt: optional(instant),
  expiresAt: optional(z.number()),
});

/** An issuer's row. */
export const issuerRow: z.ZodMiniType<IssuerRow> = z.looseObject({
  key,
  schema: z.number(),
  version: z.number(),
  generation: z.number(),
  specHash: text,
  ready: condition,
  spec: optional(z.unknown()),
  annotations: optional(z.record(text, text)),
  acme: optional(
    z.looseObject({
      server: text,
      accountUrl: text,
      directory: z.record(text, z.unknown()),
      keyThumbprint: text,
      lastRegisteredEmail: optional(text),
      keySecretName: text,
      keyRotationRequestedAt: optional(text),
      bindingKeyId: optional(text),
      deactivatedAt: optional(text),
    }),
  ),
  ca: optional(z.looseObject({ fingerprint: text, notAfter: instant, soonFrom: instant, rotating: optional(instant) })),
  failedChecks: optional(z.number()),
  dueAt: optional(instant),
  lane: optional(lane),
  deletedAt: optional(instant),
  expiresAt: optional(z.number()),
});

/** An attempt's row. */
export const attemptRow: z.ZodMiniType<AttemptRow> = z.looseObject({
  ref: z.object({ namespace: text, kind: optional(z.literal("CertificateRequest")), name: text, attemptId: text }),
  schema: z.number(),
  leaseId: text,
  generation: z.number(),
  specHash: text,
  issuer: text,
  lane,
  reason: text,
  startedAt: instant,
  revision: optional(z.number()),
  step: z.enum(steps),
  stepEnded: optional(z.literal(true)),
  signs: optional(z.literal(true)),
  propagated: optional(z.literal(true)),
  orderUrl: optional(text),
  finalizeUrl: optional(text),
  nonce: optional(text),
  answeredUnder: optional(text),
  changes: optional(z.array(text)),
  hasRecords: optional(z.boolean()),
  dueAt: optional(instant),
  tokens: optional(z.array(text)),
  rehearsal: optional(z.literal(true)),
  bugs: optional(z.number()),
  outcome: optional(
    z.looseObject({
      result: z.enum(["issued", "failed", "superseded"]),
      errorClass: optional(errorClass),
      reason: text,
      message: text,
      at: instant,
    }),
  ),
  expiresAt: optional(z.number()),
});
