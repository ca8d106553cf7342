import { annotationNames, type CertificateOptions } from "./annotations.ts";
import { readLifetimes, readPrivateKey, readRevisionHistoryLimit, readUsages } from "./certificate-rules.ts";
import { readDnsName, recordNameFor } from "./dns-name.ts";
import { invalidValue, quote, requiredValue, tooLong } from "./field-fault.ts";
import { type Fields, type FieldTable, later } from "./field-reader.ts";
import { readObjectName } from "./object-name.ts";
import { type RenewalPolicy, readRenewal } from "./renewal-fields.ts";
import { readSecretTemplate, type SecretTemplate } from "./secret-template.ts";
import type { Usage } from "./usages.ts";

/** The spec of a Certificate: cert-manager's fields, with defaults filled in. Plain JSON. */
export interface CertificateSpec {
  secretName: string;
  /** Lower-case A-labels. */
  commonName?: string;
  /** Lower-case A-labels, each once, in the order written; wildcards with `*.`. */
  dnsNames: string[];
  durationSeconds: number;
  /** The Certificate says none. */
  durationIsDefault?: true;
  renewBeforeSeconds?: number;
  /** 1 to 99. */
  renewBeforePercentage?: number;
  renewal?: RenewalPolicy;
  usages: Usage[];
  encodeUsagesInRequest: boolean;
  privateKey: PrivateKeySpec;
  issuerRef: { name: string; kind: "Issuer" | "ClusterIssuer"; group: string };
  secretTemplate: SecretTemplate;
  revisionHistoryLimit: number;
  /** From the annotations certwright.dev/* and the field targets. */
  options: CertificateOptions;
}

export interface PrivateKeySpec {
  algorithm: "RSA" | "ECDSA" | "Ed25519";
  /** Bits; absent for Ed25519. */
  size?: number;
  encoding: "PKCS1" | "PKCS8";
  rotationPolicy: "Always" | "Never";
}

/** The names to order: dnsNames, and the common name when it is not one of them. */
export function orderNames(spec: Pick<CertificateSpec, "commonName" | "dnsNames">): string[] {
  const { commonName, dnsNames } = spec;
  return commonName === undefined || dnsNames.includes(commonName) ? [...dnsNames] : [...dnsNames, commonName];
}

/** The fields of `spec` of a Certificate. */
export const certificateTable: FieldTable = {
  secretName: "read",
  commonName: "read",
  dnsNames: "read",
  duration: "read",
  renewBefore: "read",
  renewBeforePercentage: "read",
  usages: "read",
  encodeUsagesInRequest: "read",
  privateKey: "read",
  issuerRef: "read",
  secretTemplate: "read",
  revisionHistoryLimit: "read",
  subject: later(),
  literalSubject: later(),
  ipAddresses: later(),
  uris: later(),
  emailAddresses: later(),
  otherNames: later(),
  isCA: later(),
  keystores: later(),
  additionalOutputFormats: later(),
  nameConstraints: later(),
  signatureAlgorithm: later(),
  renewal: "read",
};
/** Ours, on objects of certwright.dev/v1. */
export const ownCertificateTable: FieldTable = { ...certificateTable, targets: "read" };
const targetTable: FieldTable = { cluster: "read" };
const issuerRefTable: FieldTable = { name: "read", kind: "read", group: "read" };
const nameFields = ["commonName", "dnsNames", "uris", "emailAddresses", "ipAddresses", "otherNames", "literalSubject"];
const longestCommonName = 64;
const longestRecordName = 253;
const defaultGroup = "cert-manager.io";
const ownGroups = [defaultGroup, "certwright.dev"];

/** Reads the spec of a Certificate, without the options; it is usable only when no fault was found. */
export function readCertificateSpec(fields: Fields): Omit<CertificateSpec, "options"> {
  const commonName = readCommonName(fields);
  const renewal = readRenewal(fields);
  return {
    secretName: readObjectName(fields, "secretName", "write the name of the secret to make, such as www-tls"),
    ...(commonName === undefined ? {} : { commonName }),
    dnsNames: readDnsNames(fields),
    ...readLifetimes(fields),
    ...(renewal === undefined ? {} : { renewal }),
    usages: readUsages(fields),
    encodeUsagesInRequest: fields.flag("encodeUsagesInRequest") ?? true,
    privateKey: readPrivateKey(fields),
    issuerRef: readIssuerRef(fields),
    secretTemplate: readSecretTemplate(fields),
    revisionHistoryLimit: readRevisionHistoryLimit(fields),
  };
}

/** Adds the field targets to what the annotations ask for; one of the two says where it goes. */
export function readTargets(fields: Fields, options: CertificateOptions): CertificateOptions {
  if (fields.is("targets", undefined)) return options;
  const targets = fields.maps("targets", targetTable).map((target) => readObjectName(target, "cluster", named));
  if (options.targets !== undefined) {
    const message = `Forbidden: may not be set beside the annotation ${annotationNames.targets}`;
    fields.fault("targets", message, "keep one of the two");
  }
  return { ...options, targets: [...new Set(targets)] };
}

const named = "write the name of a Cluster";

function readCommonName(fields: Fields): string | undefined {
  const text = fields.text("commonName");
  if (text === undefined) return undefined;
  const read = readDnsName(text);
  const name = "name" in read ? read.name : undefined;
  if (Buffer.byteLength(text) > longestCommonName || (name ?? "").length > longestCommonName) {
    fields.fault("commonName", tooLong(longestCommonName), "write a shorter name, or move it to dnsNames");
  } else if ("problem" in read) {
    const fix = "write one of the names to certify, or remove it: an ACME CA certifies DNS names only";
    fields.fault("commonName", invalidValue(quote(text), read.problem), fix);
  }
  return name;
}

function readDnsNames(fields: Fields): string[] {
  const names = fields.texts("dnsNames").flatMap(({ path, text }) => {
    const read = readDnsName(text);
    const problem = "problem" in read ? read.problem : recordProblem(read.name);
    if (problem !== undefined) {
      fields.faultAt(
        path,
        invalidValue(quote(text), problem),
        "write a DNS name such as www.example.com or *.example.com",
      );
    }
    return "name" in read ? [read.name] : [];
  });
  if (!nameFields.some((field) => fields.isSet(field))) {
    const why =
      "at least one of commonName (from the commonName field or from a literalSubject), dnsNames, emailSANs, ipAddresses, otherNames, or uriSANs must be set";
    fields.faultAt(fields.path, invalidValue('""', why), "add the names to certify to dnsNames");
  }
  return [...new Set(names)];
}

/** A record that cannot exist would spoil the change of its whole batch. */
function recordProblem(name: string): string | undefined {
  const longest = longestRecordName - recordNameFor("").length;
  return recordNameFor(name).length > longestRecordName
    ? `must be no more than ${longest} octets long without its wildcard, because its challenge is at _acme-challenge.<name>`
    : undefined;
}

function readIssuerRef(fields: Fields): CertificateSpec["issuerRef"] {
  const fix = "write the name of an Issuer of this namespace or of a ClusterIssuer";
  const ref = fields.map("issuerRef", issuerRefTable);
  if (!ref) {
    if (!fields.isSet("issuerRef")) fields.fault("issuerRef.name", requiredValue("must be specified"), fix);
    return { name: "", kind: "Issuer", group: "" };
  }
  const group = ref.text("group");
  const kind = ref.text("kind") ?? "Issuer";
  if (group !== undefined && !ownGroups.includes(group)) {
    const message = "Forbidden: issuers of other groups are not supported by this version of certwright";
    ref.fault("group", message, "write cert-manager.io, or remove it");
  } else if (kind !== "Issuer" && kind !== "ClusterIssuer") {
    const hint = group === undefined ? ` (did you forget to set ${ref.at("group")}?)` : "";
    const message = invalidValue(quote(kind), `must be one of Issuer or ClusterIssuer${hint}`);
    ref.fault("kind", message, "write Issuer or ClusterIssuer");
  }
  const known = kind === "ClusterIssuer" ? kind : "Issuer";
  return { name: readObjectName(ref, "name", fix), kind: known, group: group ?? defaultGroup };
}
