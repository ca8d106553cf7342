import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromItem, toItem } from "../../../../../adapters/aws/dynamo/expressions.ts";
import {
  fromAttemptItem,
  fromCertificateItem,
  fromIssuerItem,
  toAttemptItem,
  toCertificateItem,
  toIssuerItem,
} from "../../../../../adapters/aws/state/rows.ts";
import type { CertificateRow } from "../../../../../core/rows.ts";
import type { Condition } from "../../../../../core/status.ts";
import { answeredAttempt, newCertificate, newIssuer, renewingCertificate } from "../../../../support/realistic-rows.ts";

const text = fc.oneof(fc.string(), fc.uuid(), fc.constantFrom("", "a:", ":", "00ff", "0", "2026-11-22T19:00:00Z"));
const instant = fc.integer({ min: 0, max: 4_000_000_000_000 });
const required = { noNullPrototype: true, requiredKeys: [] };

function conditionOf(type: Condition["type"]): fc.Arbitrary<Condition> {
  const fields = {
    type: fc.constant(type),
    status: fc.constantFrom("True" as const, "False" as const, "Unknown" as const),
    reason: text,
    message: text,
    lastTransitionTime: fc.oneof(
      text,
      instant.map((at) => new Date(at).toISOString()),
    ),
  };
  return fc.oneof(
    fc.record(fields, { noNullPrototype: true }),
    fc.record({ ...fields, observedGeneration: fc.integer({ min: 0, max: 3 }) }, { noNullPrototype: true }),
  );
}

const everIssued = {
  specHash: text,
  attemptId: text,
  secretName: text,
  store: fc.constantFrom("secretsManager" as const, "s3" as const),
  secretArn: text,
  versionId: text,
  notBefore: instant,
  notAfter: instant,
  fingerprint: text,
};

/** Renewed before its end, or never by itself. */
const issued = fc.oneof(
  fc
    .record({ ...everIssued, renewalTime: instant }, { noNullPrototype: true })
    .filter(({ renewalTime, notAfter }) => renewalTime !== notAfter),
  fc.record(everIssued, { noNullPrototype: true }),
);

const attempt = text.chain((leaseId) =>
  fc.record(
    {
      id: text,
      leaseId: fc.constant(leaseId),
      executionArn: fc.oneof(text, fc.constant(`arn:x:${leaseId}`)),
      alone: fc.constant(true as const),
    },
    { noNullPrototype: true, requiredKeys: ["id"] },
  ),
);

const rows = fc.record(
  {
    ready: conditionOf("Ready"),
    issuing: conditionOf("Issuing"),
    issued,
    attempt,
    generation: fc.integer({ min: 0, max: 3 }),
    issuer: fc.constantFrom("web/Issuer/le", "_cluster/ClusterIssuer/le"),
    waitsForIssuer: fc.boolean(),
    deletedAt: instant,
    dueAt: instant,
  },
  required,
);

describe("rows through their items", () => {
  it("a Certificate comes back as it was put, whatever is in it", () => {
    fc.assert(
      fc.property(rows, (changes) => {
        const row = newCertificate(changes as Partial<CertificateRow>);
        expect(fromCertificateItem(fromItem(toItem(toCertificateItem(row))))).toStrictEqual({ ...row, version: 1 });
      }),
    );
  });

  it("the largest Certificate, an issuer and an attempt come back as they were put", () => {
    const certificate = renewingCertificate();
    expect(fromCertificateItem(fromItem(toItem(toCertificateItem(certificate))))).toStrictEqual({
      ...certificate,
      version: 18,
    });
    expect(fromIssuerItem(fromItem(toItem(toIssuerItem(newIssuer()))))).toStrictEqual({ ...newIssuer(), version: 1 });
    expect(fromAttemptItem(fromItem(toItem(toAttemptItem(answeredAttempt()))))).toStrictEqual(answeredAttempt());
  });
});

describe("a Certificate that is not renewed by itself", () => {
  it("lies there as one that renews at its end, so that the release before this one can read it", () => {
    const { issued: ever, ...row } = renewingCertificate();
    if (!ever) throw new Error("it has a certificate");
    const { renewalTime: _, ...once } = ever;
    expect(toCertificateItem({ ...row, issued: once })).toMatchObject({ issued: { renewalTime: ever.notAfter } });
  });
});
