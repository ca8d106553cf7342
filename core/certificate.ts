import type { AlternativeNames } from "./alternative-names.ts";
import { annotationNames, type CertificateOptions } from "./annotations.ts";
import { readNames } from "./certificate-names.ts";
import { readLifetimes, readPrivateKey, readRevisionHistoryLimit, readUsages } from "./certificate-rules.ts";
import { invalidValue, quote, requiredValue } from "./field-fault.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import { type KeystoresSpec, type OutputFormat, readKeystores, readOutputFormats } from "./keystore-fields.ts";
import { type NameConstraints, readNameConstraints } from "./name-constraints.ts";
import { readObjectName } from "./object-name.ts";
import { type RenewalPolicy, readRenewal } from "./renewal-fields.ts";
import { readSecretTemplate, type SecretTemplate } from "./secret-template.ts";
import { readSignatureAlgorithm, type SignatureAlgorithm } from "./signature-algorithm.ts";
import type { SubjectFields } from "./subject.ts";
import type { Usage } from "./usages.ts";

/** The spec of a Certificate: cert-manager's fields, with defaults filled in. Plain JSON. */
export interface CertificateSpec extends SubjectFields, AlternativeNames {
  secretName: string;
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
  /** Absent means that it is no CA. */
  isCA?: true;
  nameConstraints?: NameConstraints;
  privateKey: PrivateKeySpec;
  signatureAlgorithm?: SignatureAlgorithm;
  issuerRef: { name: string; kind: "Issuer" | "ClusterIssuer"; group: string };
  secretTemplate: SecretTemplate;
  keystores?: KeystoresSpec;
  /** Each once. */
  additionalOutputFormats: OutputFormat[];
  revisionHistoryLimit: number;
  /** From the annotations certwright.dev/* and the field targets. */
  options: CertificateOptions;
  /** Of a CertificateRequest, which has no secret: secretName is "". */
  request?: OwnCsr;
}

/** What a CertificateRequest brings beside the spec of a Certificate that it amounts to. */
export interface OwnCsr {
  /** PKCS#10, DER, base64. */
  csr: string;
  /** SHA-256 of the SubjectPublicKeyInfo's DER, lower-case hex. */
  publicKeyHash: string;
  /** The stored secret with its key, for a selfSigned issuer. */
  keySecretName?: string;
}

export interface PrivateKeySpec {
  algorithm: "RSA" | "ECDSA" | "Ed25519";
  /** Bits; absent for Ed25519. */
  size?: number;
  encoding: "PKCS1" | "PKCS8";
  rotationPolicy: "Always" | "Never";
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
  keystores: "read",
  additionalOutputFormats: "read",
  revisionHistoryLimit: "read",
  subject: "read",
  literalSubject: "read",
  ipAddresses: "read",
  uris: "read",
  emailAddresses: "read",
  otherNames: "read",
  isCA: "read",
  nameConstraints: "read",
  signatureAlgorithm: "read",
  renewal: "read",
};
/** Ours, on objects of certwright.dev/v1. */
export const ownCertificateTable: FieldTable = { ...certificateTable, targets: "read" };
const targetTable: FieldTable = { cluster: "read" };
const issuerRefTable: FieldTable = { name: "read", kind: "read", group: "read" };
const defaultGroup = "cert-manager.io";
const ownGroups = [defaultGroup, "certwright.dev"];

/** Reads the spec of a Certificate, without the options; it is usable only when no fault was found. */
export function readCertificateSpec(fields: Fields): Omit<CertificateSpec, "options"> {
  const isCA = fields.flag("isCA") ?? false;
  const nameConstraints = readNameConstraints(fields, isCA);
  const privateKey = readPrivateKey(fields);
  const signatureAlgorithm = readSignatureAlgorithm(fields, privateKey);
  const renewal = readRenewal(fields);
  const keystores = readKeystores(fields);
  return {
    secretName: readObjectName(fields, "secretName", "write the name of the secret to make, such as www-tls"),
    ...readNames(fields),
    ...readLifetimes(fields),
    ...(renewal === undefined ? {} : { renewal }),
    usages: readUsages(fields),
    encodeUsagesInRequest: fields.flag("encodeUsagesInRequest") ?? true,
    ...(isCA ? { isCA } : {}),
    ...(nameConstraints ? { nameConstraints } : {}),
    privateKey,
    ...(signatureAlgorithm ? { signatureAlgorithm } : {}),
    issuerRef: readIssuerRef(fields),
    secretTemplate: readSecretTemplate(fields),
    ...(keystores === undefined ? {} : { keystores }),
    additionalOutputFormats: readOutputFormats(fields),
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

/** Reads spec.issuerRef with cert-manager's rules. */
export function readIssuerRef(fields: Fields): CertificateSpec["issuerRef"] {
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
