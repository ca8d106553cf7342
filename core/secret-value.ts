import { createPrivateKey, type KeyObject } from "node:crypto";
import type { CertificateSpec, PrivateKeySpec } from "./certificate.ts";
import { certificatesOf, isSelfSigned } from "./certificate-identity.ts";
import { isMap, readTextMap } from "./field-reader.ts";
import { readJson } from "./json-text.ts";
import type { OutputFormat } from "./keystore-fields.ts";
import { type Foreign, type KeystoreFiles, keystoreKeys } from "./secret-keys.ts";
import { secretMetadata } from "./secret-metadata.ts";

/** What a stored secret is made of. */
export interface SecretContent {
  /** The Certificate's name. */
  name: string;
  spec: Pick<CertificateSpec, "issuerRef" | "privateKey" | "secretTemplate" | "additionalOutputFormats">;
  /** Leaf first. */
  chainPem: string;
  keyPkcs8Der: Uint8Array;
  caPem?: string;
  keystores?: KeystoreFiles;
  /** What others put into the secret: it stays. */
  foreign?: Foreign;
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
  const { keyPkcs8Der, spec, caPem, keystores = {}, foreign } = content;
  const chain = withoutRoot(content.chainPem);
  const key = keyPem(keyPkcs8Der, spec.privateKey.encoding);
  const files = keystoreKeys.flatMap((name) => {
    const file = keystores[name];
    return file ? [[name, Buffer.from(file).toString("base64")]] : [];
  });
  return JSON.stringify({
    "tls.crt": chain,
    "tls.key": key,
    ...(caPem === undefined ? {} : { "ca.crt": caPem }),
    ...outputFormats(spec.additionalOutputFormats, key, chain),
    ...Object.fromEntries(files),
    ...foreign?.keys,
    metadata: secretMetadata(content),
  });
}

/** As cert-manager has them: the bytes of the key's PEM block in base64, and key and chain with a line feed between. */
function outputFormats(formats: OutputFormat[], key: string, chain: string): Record<string, string> {
  return {
    ...(formats.includes("DER") ? { "key.der": key.split("\n").slice(1, -2).join("") } : {}),
    ...(formats.includes("CombinedPEM") ? { "tls-combined.pem": `${key}\n${chain}` } : {}),
  };
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

/** The text of tls.crt: a chain without its root; a self-signed certificate that stands alone stays. */
export function withoutRoot(chainPem: string): string {
  const chain = certificatesOf(chainPem);
  return chain
    .filter((certificate, index) => index === 0 || !isSelfSigned(certificate))
    .map((certificate) => certificate.toString())
    .join("");
}

/** The PEM text of a private key as spec.privateKey.encoding has it. */
export function keyPem(pkcs8: Uint8Array, encoding: "PKCS1" | "PKCS8"): string {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  return key.export({ type: pemType(key, encoding), format: "pem" }).toString();
}

/** PKCS1 stands for each algorithm's older form; Ed25519 has none. */
function pemType(key: KeyObject, encoding: "PKCS1" | "PKCS8"): "pkcs1" | "sec1" | "pkcs8" {
  if (encoding === "PKCS8") return "pkcs8";
  if (key.asymmetricKeyType === "rsa") return "pkcs1";
  return key.asymmetricKeyType === "ec" ? "sec1" : "pkcs8";
}
