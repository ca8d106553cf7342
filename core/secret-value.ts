import { createPrivateKey, type KeyObject } from "node:crypto";
import type { CertificateSpec, PrivateKeySpec } from "./certificate.ts";
import { certificatesOf, isSelfSigned, readCertificate } from "./certificate-identity.ts";
import { isMap, readTextMap } from "./field-reader.ts";

/** What a stored secret is made of. */
export interface SecretContent {
  /** The Certificate's name. */
  name: string;
  spec: Pick<CertificateSpec, "issuerRef" | "privateKey" | "secretTemplate">;
  /** Leaf first. */
  chainPem: string;
  keyPkcs8Der: Uint8Array;
  caPem?: string;
}

/** A stored secret, read. */
export interface SecretValue {
  /** Leaf and intermediates. */
  chainPem: string;
  keyPem: string;
  caPem?: string;
  annotations: Record<string, string>;
  labels: Record<string, string>;
}

/** The JSON text of a stored secret: the keys of a Kubernetes TLS secret and `metadata`, always in the same order. */
export function secretValue(content: SecretContent): string {
  const { chainPem, keyPkcs8Der, spec, caPem } = content;
  const { annotations, labels } = spec.secretTemplate;
  return JSON.stringify({
    "tls.crt": withoutRoot(chainPem),
    "tls.key": keyPem(keyPkcs8Der, spec.privateKey.encoding),
    ...(caPem === undefined ? {} : { "ca.crt": caPem }),
    metadata: {
      annotations: sorted({ ...annotations, ...baseAnnotations(content) }),
      labels: sorted({ ...labels, "controller.cert-manager.io/fao": "true" }),
    },
  });
}

/** Reads the text of a stored secret; undefined when it is not one of ours. */
export function parseSecretValue(text: string): SecretValue | undefined {
  const value = readJson(text);
  if (!isMap(value)) return undefined;
  const { "tls.crt": chainPem, "tls.key": key } = value;
  if (typeof chainPem !== "string" || typeof key !== "string") return undefined;
  const metadata = isMap(value.metadata) ? value.metadata : {};
  const caPem = value["ca.crt"];
  return {
    chainPem,
    keyPem: key,
    ...(typeof caPem === "string" ? { caPem } : {}),
    annotations: readTextMap(metadata.annotations, "", []),
    labels: readTextMap(metadata.labels, "", []),
  };
}

/** The private key in the text of a stored secret, to use it again (rotationPolicy Never); undefined when there is none. */
export function keyFromSecretValue(
  text: string,
): (Pick<PrivateKeySpec, "algorithm" | "size"> & { pkcs8: Uint8Array }) | undefined {
  const keyPemText = parseSecretValue(text)?.keyPem;
  const key = keyPemText === undefined ? undefined : readKey(keyPemText);
  const kind = key && kindOf(key);
  return kind && { ...kind, pkcs8: key.export({ type: "pkcs8", format: "der" }) };
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

const curveSizes = new Map([
  ["prime256v1", 256],
  ["secp384r1", 384],
  ["secp521r1", 521],
]);

function kindOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): Pick<PrivateKeySpec, "algorithm" | "size"> | undefined {
  if (asymmetricKeyType === "ed25519") return { algorithm: "Ed25519" };
  const algorithm = asymmetricKeyType === "rsa" ? "RSA" : "ECDSA";
  const size = asymmetricKeyDetails?.modulusLength ?? curveSizes.get(asymmetricKeyDetails?.namedCurve ?? "");
  return size === undefined ? undefined : { algorithm, size };
}

/** A self-signed certificate that stands alone stays. */
function withoutRoot(chainPem: string): string {
  const chain = certificatesOf(chainPem);
  return chain
    .filter((certificate, index) => index === 0 || !isSelfSigned(certificate))
    .map((certificate) => certificate.toString())
    .join("");
}

function keyPem(pkcs8: Uint8Array, encoding: "PKCS1" | "PKCS8"): string {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  return key.export({ type: pemType(key, encoding), format: "pem" }).toString();
}

/** PKCS1 stands for each algorithm's older form; Ed25519 has none. */
function pemType(key: KeyObject, encoding: "PKCS1" | "PKCS8"): "pkcs1" | "sec1" | "pkcs8" {
  if (encoding === "PKCS8") return "pkcs8";
  if (key.asymmetricKeyType === "rsa") return "pkcs1";
  return key.asymmetricKeyType === "ec" ? "sec1" : "pkcs8";
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
  "2.5.4.5": "subject-serialnumber",
};

/** cert-manager's annotations; those of the second group only when they say something. */
function baseAnnotations({ name, spec, chainPem }: SecretContent): Record<string, string> {
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
  const ifSet = [...subject, ["email-sans", leaf.emailAddresses.join(",")]].filter(([, value]) => value !== "");
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

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
