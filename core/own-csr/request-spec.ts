import type { KeyObject } from "node:crypto";
import { type CertificateSpec, type OwnCsr, type PrivateKeySpec, readIssuerRef } from "../certificate.ts";
import { readNames } from "../certificate-names.ts";
import { readUsages } from "../certificate-rules.ts";
import { readDuration } from "../duration-field.ts";
import { type FieldFault, invalidValue, quote, requiredValue } from "../field-fault.ts";
import { type Fields, type FieldTable, readFields } from "../field-reader.ts";
import { publicKeyHashOf } from "../public-key-hash.ts";
import { contradiction } from "./matches.ts";
import { type Csr, readCsr } from "./read-csr.ts";

/** The fields of `spec` of a CertificateRequest; who made it (username, uid, groups, extra) is taken as written and decides nothing. */
export const requestTable: FieldTable = {
  duration: "read",
  issuerRef: "read",
  request: "read",
  isCA: "read",
  usages: "read",
  username: "read",
  uid: "read",
  groups: "read",
  extra: "read",
};

/** cert-manager's annotation: the Secret with the key that signed the request. */
export const keySecretAnnotation = "cert-manager.io/private-key-secret-name";

const defaultDurationSeconds = 90 * 86_400;
const mostBytes = 32 * 1024;
const fix = "write the base64 of a request in PEM: openssl req -new ... | base64 -w0";

/** Reads a CertificateRequest as the Certificate that its CSR asks for, without a secret; usable only when no fault was found. */
export function readRequestSpec(
  fields: Fields,
  annotations: Record<string, string>,
): (CertificateSpec & { request: OwnCsr }) | undefined {
  const isCA = fields.flag("isCA") ?? false;
  const usages = readUsages(fields);
  const duration = readDuration(fields, "duration");
  if (duration !== undefined && duration <= 0)
    fields.fault("duration", invalidValue(duration, "must be greater than 0"), "write hours, such as 24h");
  const issuerRef = readIssuerRef(fields);
  const read = readOwn(fields, { isCA, usages });
  if (!read) return undefined;
  const { csr, der } = read;
  const keySecretName = annotations[keySecretAnnotation];
  return {
    secretName: "",
    ...namesOf(fields, csr),
    durationSeconds: duration ?? defaultDurationSeconds,
    ...(duration === undefined ? { durationIsDefault: true } : {}),
    usages,
    encodeUsagesInRequest: true,
    ...(isCA ? { isCA } : {}),
    privateKey: { ...read.kind, encoding: "PKCS1", rotationPolicy: "Always" },
    issuerRef,
    secretTemplate: { annotations: {}, labels: {} },
    additionalOutputFormats: [],
    revisionHistoryLimit: 1,
    options: {},
    request: {
      csr: Buffer.from(der).toString("base64"),
      publicKeyHash: publicKeyHashOf(csr.publicKey),
      ...(keySecretName ? { keySecretName } : {}),
    },
  };
}

interface Read {
  csr: Csr;
  der: Uint8Array;
  kind: Pick<PrivateKeySpec, "algorithm" | "size">;
}

function readOwn(fields: Fields, spec: Parameters<typeof contradiction>[1]): Read | undefined {
  const text = fields.text("request");
  if (text === undefined) {
    if (!fields.isSet("request")) fields.fault("request", requiredValue("must be specified"), fix);
    return undefined;
  }
  const fault = (why: string, cure = fix) => fields.fault("request", invalidValue(quote(text), why), cure);
  try {
    const der = derIn(text);
    const csr = readCsr(der);
    const kind = kindOf(csr.publicKey);
    const against = contradiction(csr, spec);
    if (against !== undefined) fault(against, "write isCA and usages as the request asks, or make a new request");
    return { csr, der, kind };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    fault(`failed to decode csr: ${error.message}`);
    return undefined;
  }
}

/** The base64 of one PEM block, as Kubernetes holds bytes; line breaks in it count for nothing. */
function derIn(text: string): Uint8Array {
  const base64 = text.replace(/[\r\n]/g, "");
  const pem = isBase64(base64) ? Buffer.from(base64, "base64").toString("latin1") : "";
  const [, , body = ""] = /-----BEGIN ((?:NEW )?CERTIFICATE REQUEST)-----([^-]+)-----END \1-----/.exec(pem) ?? [];
  const inner = body.replace(/\s/g, "");
  if (inner === "" || !isBase64(inner)) throw new RangeError("error decoding certificate request PEM block");
  const der = Buffer.from(inner, "base64");
  if (der.length > mostBytes) throw new RangeError(`it has more than ${mostBytes} bytes`);
  return der;
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

const curves = new Map([
  ["prime256v1", 256],
  ["secp384r1", 384],
  ["secp521r1", 521],
]);

/** What a Certificate's spec.privateKey could have asked for; other keys no CA takes, or they are too weak. */
function kindOf(key: KeyObject): Read["kind"] {
  const { modulusLength: bits = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "ed25519") return { algorithm: "Ed25519" };
  if (key.asymmetricKeyType === "rsa" && bits >= 2_048 && bits <= 8_192) return { algorithm: "RSA", size: bits };
  const size = curves.get(namedCurve);
  if (size !== undefined) return { algorithm: "ECDSA", size };
  const is = key.asymmetricKeyType === "rsa" ? `RSA with ${bits} bits` : namedCurve || key.asymmetricKeyType;
  throw new RangeError(
    `its key is ${is}: it must be RSA with 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, or Ed25519`,
  );
}

/** Names in a request obey the rules of those in a Certificate's spec. */
function namesOf(fields: Fields, { commonName, names, otherNames }: Csr): ReturnType<typeof readNames> {
  const faults: FieldFault[] = [];
  const lists = Object.fromEntries(Object.keys(names).map((name) => [name, "read" as const]));
  const table: FieldTable = { commonName: "read", otherNames: "read", ...lists };
  const asSpec = readFields({ commonName, ...names, otherNames }, "request", table, faults) as Fields;
  const read = readNames(asSpec);
  for (const { path, message, fix: cure } of faults) fields.fault("request", `${path}: ${message}`, cure);
  return read;
}
