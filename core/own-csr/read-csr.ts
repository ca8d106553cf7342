import { createPublicKey, type KeyObject } from "node:crypto";
import { type DerElement, derElements, derOf, derText, oidText } from "../der.ts";
import { canonicalIp } from "../ip-address.ts";
import { commonNameOid } from "../rdn.ts";
import { isSignedWith, type SignedDer, signedDer } from "../signed-der.ts";

/** What a PKCS#10 request (RFC 2986) asks for. */
export interface Csr {
  publicKey: KeyObject;
  commonName?: string;
  /** subjectAltName, in the fields of a Certificate's spec. */
  names: Record<"dnsNames" | "emailAddresses" | "uris" | "ipAddresses", string[]>;
  otherNames: { oid: string; utf8Value: string }[];
  /** Undefined where it does not ask for basic constraints. */
  isCA?: boolean;
  /** Bits of KeyUsage, and OIDs; undefined where it asks for neither extension. */
  usages?: { keyUsageBits: number[]; extendedOids: string[] };
}

const oids = {
  extensionRequest: "1.2.840.113549.1.9.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
};
const tags = { boolean: 0x01, integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c, sequence: 0x30 };

/**
 * Reads PKCS#10 in DER and checks its signature. Throws RangeError, whose message says why it is none that can be certified:
 * whatever would be signed unread (a second list of names, a name of an unknown type) is refused.
 */
export function readCsr(der: Uint8Array): Csr {
  const { content } = only(derElements(der), tags.sequence);
  const signed = signedDer(content);
  checkUnsigned(content);
  const [version, subject, key, attributes, ...more] = signed.body;
  const outline = version?.tag === tags.integer && subject?.tag === tags.sequence && key?.tag === tags.sequence;
  if (!outline || more.length > 0 || signed.rest.length > 0) throw new RangeError("it is no certificate request");
  const publicKey = keyIn(key);
  checkSignature(signed, publicKey);
  const extensions = extensionsIn(attributes);
  const commonName = commonNameIn(subject);
  const usages = usagesIn(extensions);
  const constraints = extensions.get(oids.basicConstraints);
  return {
    publicKey,
    ...(commonName === undefined ? {} : { commonName }),
    ...namesIn(extensions.get(oids.subjectAltName)),
    ...(constraints ? { isCA: isCaIn(constraints) } : {}),
    ...(usages ? { usages } : {}),
  };
}

/** What nobody signs: a signer reads it, too, and more strictly than signedDer. */
function checkUnsigned(content: Uint8Array): void {
  const [, algorithm, signature] = derElements(content);
  const [oid] = derElements(algorithm?.content ?? new Uint8Array());
  if (oid?.tag !== tags.oid || signature?.content[0] !== 0) throw new RangeError("its signature is no DER");
}

function keyIn({ content }: DerElement): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(derOf(tags.sequence, content)), format: "der", type: "spki" });
  } catch {
    throw new RangeError("its public key cannot be read");
  }
}

function checkSignature(signed: SignedDer, key: KeyObject): void {
  if (isSignedWith(signed, key)) return;
  throw new RangeError("its signature is not by its own key, or by an algorithm that is too weak (SHA-1) or unknown");
}

/** The last common name is the one that Go and cert-manager see; another one would go into the certificate unseen. */
function commonNameIn({ content }: DerElement): string | undefined {
  const pairs = derElements(content).flatMap((set) => derElements(set.content));
  const values = pairs.flatMap((pair) => {
    const [type, value] = derElements(pair.content);
    return type && value && oidText(type.content) === commonNameOid ? [derText(value)] : [];
  });
  if (values.length > 1) throw new RangeError("its subject has more than one common name");
  return values[0] || undefined;
}

/** The value of each extension by its OID. */
function extensionsIn(attributes: DerElement | undefined): Map<string, Uint8Array> {
  if (attributes && attributes.tag !== 0xa0) throw new RangeError("it is no certificate request");
  const requests = derElements(attributes?.content ?? new Uint8Array()).flatMap((attribute) => {
    const [type, values] = derElements(attribute.content);
    return type && values && oidText(type.content) === oids.extensionRequest ? derElements(values.content) : [];
  });
  if (requests.length > 1) throw new RangeError("it asks for extensions twice");
  const all = derElements(requests[0]?.content ?? new Uint8Array()).map(extensionIn);
  const found = new Map(all);
  if (found.size < all.length) throw new RangeError("it asks for one extension twice");
  return found;
}

function extensionIn({ content }: DerElement): [oid: string, value: Uint8Array] {
  const parts = derElements(content);
  const [type, value] = [parts[0], parts.at(-1)];
  const isWhole = parts.length === 2 || (parts.length === 3 && parts[1]?.tag === tags.boolean);
  if (type?.tag !== tags.oid || value?.tag !== tags.octets || !isWhole) throw new RangeError("an extension is no DER");
  return [oidText(type.content), value.content];
}

function isCaIn(value: Uint8Array): boolean {
  const [first] = derElements(only(derElements(value), tags.sequence).content);
  return first?.tag === tags.boolean && first.content[0] !== 0;
}

function usagesIn(extensions: Map<string, Uint8Array>): Csr["usages"] {
  const [bits, extended] = [extensions.get(oids.keyUsage), extensions.get(oids.extendedKeyUsage)];
  if (!bits && !extended) return undefined;
  return {
    keyUsageBits: bits ? bitsIn(only(derElements(bits), tags.bits).content.subarray(1)) : [],
    extendedOids: extended
      ? derElements(only(derElements(extended), tags.sequence).content).map(({ content }) => oidText(content))
      : [],
  };
}

/** Bit 0 is the highest of the first byte (X.680 22.7). */
function bitsIn(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte, index) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => byte & (0x80 >> bit)).map((bit) => index * 8 + bit),
  );
}

/** GeneralNames (RFC 5280 4.2.1.6). */
function namesIn(value: Uint8Array | undefined): Pick<Csr, "names" | "otherNames"> {
  const names: Csr["names"] = { dnsNames: [], emailAddresses: [], uris: [], ipAddresses: [] };
  const otherNames: Csr["otherNames"] = [];
  const all = value ? derElements(only(derElements(value), tags.sequence).content) : [];
  for (const { tag, content } of all) {
    if (tag === 0x82) names.dnsNames.push(asciiIn(content));
    else if (tag === 0x81) names.emailAddresses.push(asciiIn(content));
    else if (tag === 0x86) names.uris.push(asciiIn(content));
    else if (tag === 0x87) names.ipAddresses.push(addressIn(content));
    else if (tag === 0xa0) otherNames.push(otherNameIn(content));
    else throw new RangeError("its subjectAltName has a name of a type that certwright does not certify");
  }
  return { names, otherNames };
}

/** IA5String; a name that would be converted would not be the one that is certified. */
function asciiIn(content: Uint8Array): string {
  const text = Buffer.from(content).toString("latin1");
  if (!/^[\x21-\x7e]+$/.test(text)) throw new RangeError("a name of its subjectAltName is empty or not ASCII");
  return text;
}

function addressIn(bytes: Uint8Array): string {
  const groups = Buffer.from(bytes).toString("hex").match(/.{4}/g) ?? [];
  const address = bytes.length === 4 ? bytes.join(".") : canonicalIp(groups.join(":"));
  if (address === undefined) throw new RangeError("an address of its subjectAltName has neither 4 nor 16 bytes");
  return address;
}

function otherNameIn(content: Uint8Array): Csr["otherNames"][number] {
  const [type, value] = derElements(content);
  const [text] = value?.tag === 0xa0 ? derElements(value.content) : [];
  if (type?.tag !== tags.oid || text?.tag !== tags.utf8) throw new RangeError("an otherName is no UTF8String");
  return { oid: oidText(type.content), utf8Value: derText(text) };
}

/** The one element that must be there, of that type. */
function only(elements: DerElement[], tag: number): DerElement {
  const [first] = elements;
  if (first?.tag !== tag || elements.length > 1) throw new RangeError("it is no DER, or something follows it");
  return first;
}
