import { askedFor } from "../../../../core/asked-for.ts";
import { type Decision, decide } from "../../../../core/decide.ts";
import type { Facts } from "../../../../core/facts.ts";
import type { Policy } from "../../../../core/policy.ts";
import type { StoredRequest, StoredSecret } from "../../../../core/ports.ts";
import { parseCertificate } from "../../../../core/request.ts";
import type { AskedFor, CertificateRow, Issued, IssuerRow } from "../../../../core/rows.ts";
import { goodCertificate } from "../../../support/good-objects.ts";
import { newCertificate, newIssuer } from "../../../support/realistic-rows.ts";

export const now = new Date("2026-11-22T12:00:00Z");
export const at = (ms: number) => now.getTime() + ms;
export const day = 86_400_000;

/** What a test says of the world; the rest is a working certificate of 90 days, 30 days old, with nothing to do. */
export interface World {
  /** Fields of the spec; null: the object is gone. */
  spec?: Record<string, unknown> | null;
  annotations?: Record<string, string>;
  /** Fields of the row; null: there is none. */
  row?: Partial<CertificateRow> | null;
  /** A renewalTime of null: never renewed by itself. */
  issued?: (Omit<Partial<Issued>, "renewalTime"> & { renewalTime?: number | null }) | null;
  /** The spec State last decided on; absent: the one of now. */
  decidedOn?: Record<string, unknown>;
  issuer?: Partial<IssuerRow> | null;
  asked?: Partial<AskedFor>;
  secret?: Partial<StoredSecret> | "absent";
  policy?: Policy;
}

const issued = {
  attemptId: "a1",
  secretName: "www-tls",
  store: "secretsManager",
  secretArn: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:certwright/web/www-tls-a1B2c3",
  versionId: "a1",
  notBefore: at(-30 * day),
  notAfter: at(60 * day),
  renewalTime: at(30 * day),
  fingerprint: "9f86d081",
} satisfies Omit<Issued, "specHash">;

/** What was issued, and when it is looked at again. */
function issuedOf(more: World["issued"], specHash: string): Partial<CertificateRow> {
  if (more === null) return {};
  const { renewalTime, ...rest } = { specHash, ...issued, ...more };
  const renewal = renewalTime === null ? {} : { renewalTime };
  const due = renewalTime === null ? { lane: "new" as const } : { dueAt: renewalTime, lane: "renew" as const };
  return { revision: 1, issued: { ...rest, ...renewal }, ...due };
}

/** The object as it lies in the table. */
function requestOf(spec: Record<string, unknown> = {}, annotations?: Record<string, string>): StoredRequest {
  return {
    ...goodCertificate(spec, annotations && { annotations }),
    key: { namespace: "web", kind: "Certificate", name: "www" },
  };
}

export function resourceOf(spec: Record<string, unknown> = {}) {
  const parsed = parseCertificate(requestOf(spec));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.resource;
}

/** What a certificate of this spec was asked with. */
export function askedOf(spec: Record<string, unknown> = {}): AskedFor {
  return askedFor(resourceOf(spec), undefined);
}

/** The row of a certificate that works; `specHash` is of the spec it was decided on. */
export function rowOf(world: World = {}): CertificateRow {
  const parsed = parseCertificate(
    requestOf(world.decidedOn ?? world.spec ?? {}, world.decidedOn ? undefined : world.annotations),
  );
  const specHash = parsed.ok ? parsed.resource.specHash : parsed.specHash;
  return newCertificate({
    key: { namespace: "web", kind: "Certificate", name: "www" },
    specHash,
    ready: { type: "Ready", status: "True", reason: "Ready", message: "", lastTransitionTime: "2026-10-23T12:00:00Z" },
    issuer: "web/Issuer/le",
    ...issuedOf(world.issued, specHash),
    ...world.row,
  });
}

export function factsOf(world: World = {}): Facts {
  const { spec = {}, annotations, asked, secret, policy = {} } = world;
  const key = { namespace: "web", kind: "Issuer", name: "le" } as const;
  return {
    now,
    key: { namespace: "web", kind: "Certificate", name: "www" },
    request: spec === null ? undefined : parseCertificate(requestOf(spec, annotations)),
    row: world.row === null ? undefined : rowOf(world),
    issuer: world.issuer === null ? undefined : newIssuer({ key, ...world.issuer }),
    policy,
    ...(asked ? { asked: { ...askedOf(), ...asked } } : {}),
    ...(secret
      ? {
          secret:
            secret === "absent"
              ? secret
              : { arn: issued.secretArn, versionId: "a1", owner: "web/Certificate/www", ...secret },
        }
      : {}),
  };
}

export function decided(world: World = {}): Decision {
  return decide(factsOf(world));
}

/** The reason of a decision; `forget` has none. */
export function reasonOf(world: World = {}): string {
  const decision = decided(world);
  return "reason" in decision ? decision.reason : decision.action;
}
