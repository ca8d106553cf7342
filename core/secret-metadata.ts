import type { CertificateSpec } from "./certificate.ts";
import { readCertificate } from "./certificate-identity.ts";
import type { Foreign } from "./secret-keys.ts";

/** What the metadata of a stored secret says. */
interface Described {
  /** The Certificate's name. */
  name: string;
  spec: Pick<CertificateSpec, "issuerRef" | "secretTemplate">;
  /** Leaf first. */
  chainPem: string;
  foreign?: Foreign;
}

/** The metadata of a stored secret. */
export interface SecretMetadata {
  annotations: Record<string, string>;
  labels: Record<string, string>;
}

/** cert-manager's annotations and label, those of the template, and what others added; sorted by name. */
export function secretMetadata(described: Described): SecretMetadata {
  const { spec, foreign } = described;
  const { annotations, labels } = spec.secretTemplate;
  return {
    annotations: sorted({ ...foreign?.annotations, ...annotations, ...baseAnnotations(described) }),
    labels: sorted({ ...foreign?.labels, ...labels, [baseLabel]: "true" }),
  };
}

/** cert-manager's mark on each of its Secrets. */
export const baseLabel = "controller.cert-manager.io/fao";

/** Whether an annotation is one that only we write. */
export function isBaseAnnotation(name: string): boolean {
  return name.startsWith("cert-manager.io/") && name !== "cert-manager.io/allow-direct-injection";
}

/** By the OID of the subject's attribute. */
const subjectAnnotations = {
  "2.5.4.10": "subject-organizations",
  "2.5.4.11": "subject-organizationalunits",
  "2.5.4.6": "subject-countries",
  "2.5.4.8": "subject-provinces",
  "2.5.4.7": "subject-localities",
  "2.5.4.17": "subject-postalcodes",
  "2.5.4.9": "subject-streetaddresses",
};
const serialNumberOid = "2.5.4.5";

/** cert-manager's annotations; those of the second group only when they say something. */
function baseAnnotations({ name, spec, chainPem }: Described): Record<string, string> {
  const leaf = readCertificate(chainPem);
  const always = {
    "certificate-name": name,
    "issuer-name": spec.issuerRef.name,
    "issuer-kind": spec.issuerRef.kind,
    "issuer-group": spec.issuerRef.group,
    "common-name": leaf.commonName ?? "",
    "alt-names": leaf.names.join(","),
    "ip-sans": leaf.ipAddresses.join(","),
    "uri-sans": leaf.uris.join(","),
  };
  const subject = Object.entries(subjectAnnotations).map(([oid, annotation]) => [
    annotation,
    csv(leaf.subject[oid] ?? []),
  ]);
  const single = [
    ["subject-serialnumber", leaf.subject[serialNumberOid]?.at(-1) ?? ""],
    ["email-sans", leaf.emailAddresses.join(",")],
  ];
  const ifSet = [...subject, ...single].filter(([, value]) => value !== "");
  const all = [...Object.entries(always), ...ifSet].map(([annotation, value]) => [
    `cert-manager.io/${annotation}`,
    value,
  ]);
  return Object.fromEntries(all) as Record<string, string>;
}

/** One line of CSV (RFC 4180). */
function csv(values: string[]): string {
  return values.map((value) => (/[",\r\n]|^\s/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(",");
}

function sorted(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
