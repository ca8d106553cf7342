import { type KeyObject, verify } from "node:crypto";
import { type DerElement, derElements, oidText } from "./der.ts";

/** What X.509 signs, taken apart: `SEQUENCE { body, AlgorithmIdentifier, BIT STRING }` (RFC 5280 4.1.1, 5.1.1; RFC 6960 4.2.1). */
export interface SignedDer {
  /** The elements of the body. */
  body: DerElement[];
  /** Its bytes, as they were signed. */
  bytes: Uint8Array;
  algorithm: string;
  signature: Uint8Array;
  /** What follows the signature. */
  rest: DerElement[];
}

/** Takes such a SEQUENCE apart, given its content. Throws RangeError when it is none. */
export function signedDer(content: Uint8Array): SignedDer {
  const [body, algorithm, signature, ...rest] = derElements(content);
  if (body?.tag !== 0x30 || algorithm?.tag !== 0x30 || signature?.tag !== 0x03) throw new RangeError("not signed DER");
  const end = body.content.byteOffset - content.byteOffset + body.content.length;
  return {
    body: derElements(body.content),
    bytes: content.subarray(0, end),
    algorithm: oidText(derElements(algorithm.content)[0]?.content ?? none),
    signature: signature.content.subarray(1),
    rest,
  };
}

const none = new Uint8Array();

/** Digests and key types by the signature algorithm's OID (RFC 5758, RFC 4055, RFC 8410); SHA-1 is too weak to be one of them. */
const algorithms = new Map<string, { digest: string | null; keyType: string }>([
  ["1.2.840.113549.1.1.11", { digest: "sha256", keyType: "rsa" }],
  ["1.2.840.113549.1.1.12", { digest: "sha384", keyType: "rsa" }],
  ["1.2.840.113549.1.1.13", { digest: "sha512", keyType: "rsa" }],
  ["1.2.840.10045.4.3.2", { digest: "sha256", keyType: "ec" }],
  ["1.2.840.10045.4.3.3", { digest: "sha384", keyType: "ec" }],
  ["1.2.840.10045.4.3.4", { digest: "sha512", keyType: "ec" }],
  ["1.3.101.112", { digest: null, keyType: "ed25519" }],
]);

/** Whether this key signed it, by an algorithm that we trust. */
export function isSignedWith({ algorithm, bytes, signature }: SignedDer, key: KeyObject): boolean {
  const known = algorithms.get(algorithm);
  return known?.keyType === key.asymmetricKeyType && known !== undefined && verify(known.digest, bytes, key, signature);
}

/** UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 allows them; undefined when it is neither. */
export function derTime(element: DerElement | undefined): Date | undefined {
  if (element?.tag !== 0x17 && element?.tag !== 0x18) return undefined;
  const text = Buffer.from(element.content).toString("latin1");
  const century = Number(text.slice(0, 2)) < 50 ? "20" : "19";
  const full = element.tag === 0x17 ? century + text : text;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full)?.slice(1).map(Number);
  if (!parts) return undefined;
  const [year = 0, month = 1, ...rest] = parts;
  return new Date(Date.UTC(year, month - 1, ...rest));
}

/** A serial number's INTEGER in upper-case hex, as node:crypto prints it. */
export function serialText(content: Uint8Array): string {
  const hex = Buffer.from(content)
    .toString("hex")
    .toUpperCase()
    .replace(/^(00)+/, "");
  return hex === "" ? "00" : hex;
}

/** Reasons of a revocation by their number (RFC 5280 5.3.1). */
const reasons = [
  ...["unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation"],
  ...["certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise"],
];

/** The reason in a CRLReason ENUMERATED. */
export function reasonText(element: DerElement | undefined): string | undefined {
  return element?.tag === 0x0a ? reasons[element.content[0] ?? -1] || undefined : undefined;
}
