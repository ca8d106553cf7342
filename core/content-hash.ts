import { createHash } from "node:crypto";
import type { CertificateSpec } from "./certificate.ts";

/** The part of a spec that says how a certificate is written into its secret. */
export type ContentSpec = Pick<
  CertificateSpec,
  "issuerRef" | "privateKey" | "secretTemplate" | "keystores" | "additionalOutputFormats"
>;

/** What can change without a new certificate, in the order in which cert-manager looks at it. */
const parts = ["metadata", "template", "formats", "keystores", "encoding"] as const;
type Part = (typeof parts)[number];

/**
 * How a certificate is to be written into its secret: a short hash of each part that is not the plainest. Another text means that
 * the secret is to be rewritten. Undefined for the plainest secret, so that most rows carry none. What lies under a password's
 * reference is not part of it.
 */
export function contentHash(spec: ContentSpec): string | undefined {
  const text = parts.map((part) => shortHash(wanted[part](spec))).join(".");
  return text === plainest ? undefined : text;
}

/** Of a secret that may have been written by another spec: it is like no other, so the secret is looked at. */
export const unknownContent = "?";

/** The first part in which two of them differ. */
export function changedPart(before: string | undefined, after: string | undefined): Part | undefined {
  const [old, wanted] = [before, after].map((hash) => (hash ?? plainest).split("."));
  return parts.find((_, index) => old?.[index] !== wanted?.[index]);
}

const plainest = parts.map(() => "").join(".");

/** Each part; undefined where it is the plainest. */
const wanted: Record<Part, (spec: ContentSpec) => unknown> = {
  metadata: ({ issuerRef: { group } }) => (group === "cert-manager.io" ? undefined : group),
  template: ({ secretTemplate: { annotations, labels } }) =>
    Object.keys(annotations).length + Object.keys(labels).length > 0
      ? [sorted(annotations), sorted(labels)]
      : undefined,
  formats: ({ additionalOutputFormats: formats }) => (formats.length > 0 ? [...formats].sort() : undefined),
  keystores: ({ keystores: { jks, pkcs12 } = {} }) =>
    jks || pkcs12 ? [jks && [jks.alias, jks.password], pkcs12 && [pkcs12.profile, pkcs12.password]] : undefined,
  encoding: ({ privateKey: { algorithm, encoding } }) =>
    encoding === "PKCS1" || algorithm === "Ed25519" ? undefined : encoding,
};

function shortHash(part: unknown): string {
  if (part === undefined) return "";
  return createHash("sha256").update(JSON.stringify(part)).digest("base64url").slice(0, 8);
}

function sorted(map: Record<string, string>): [string, string][] {
  return Object.entries(map).sort(([one], [other]) => (one < other ? -1 : 1));
}
