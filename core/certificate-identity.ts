import { createHash, X509Certificate } from "node:crypto";
import { type DerElement, derElements, derText, oidText } from "./der.ts";
import { RefusedError } from "./errors.ts";

/** What a certificate says of itself. Hashes are SHA-256 in lower-case hex. */
export interface CertificateIdentity {
  /** DNS names in their order. */
  names: string[];
  ipAddresses: string[];
  uris: string[];
  emailAddresses: string[];
  commonName?: string;
  /** The subject's values by OID (2.5.4.10 is the organization), in their order. */
  subject: Record<string, string[]>;
  issuerCommonName?: string;
  notBefore: Date;
  notAfter: Date;
  /** Upper-case hex, as openssl prints it. */
  serial: string;
  /** Of the DER. */
  fingerprint: string;
  /** Of the SubjectPublicKeyInfo's DER. */
  publicKeyHash: string;
  isSelfSigned: boolean;
}

const oids = {
  commonName: "2.5.4.3",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  crlDistributionPoints: "2.5.29.31",
};

/** Reads the first certificate of a PEM text. Throws RefusedError InvalidCertificate when there is none. */
export function readCertificate(pem: string): CertificateIdentity {
  const certificate = certificatesOf(pem)[0] as X509Certificate;
  const parts = partsOf(certificate);
  const subject = namesIn(parts.subject);
  const commonName = subject[oids.commonName]?.at(-1);
  const issuerCommonName = namesIn(parts.issuer)[oids.commonName]?.at(-1);
  return {
    ...alternativeNames(parts.extensions.get(oids.subjectAltName)),
    ...(commonName === undefined ? {} : { commonName }),
    subject,
    ...(issuerCommonName === undefined ? {} : { issuerCommonName }),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    serial: certificate.serialNumber,
    fingerprint: sha256(certificate.raw),
    publicKeyHash: sha256(certificate.publicKey.export({ type: "spki", format: "der" })),
    isSelfSigned: isSelfSigned(certificate),
  };
}

/** The CertID that renewal information and `replaces` go by (RFC 9773 4.1); undefined without an authority key identifier. */
export function ariCertId(pem: string): string | undefined {
  const { serial, extensions } = partsOf(certificatesOf(pem)[0] as X509Certificate);
  const identifier = extensions.get(oids.authorityKeyIdentifier);
  const sequence = identifier && derElements(identifier)[0];
  const keyIdentifier = sequence && derElements(sequence.content).find(({ tag }) => tag === 0x80);
  return keyIdentifier && `${base64url(keyIdentifier.content)}.${base64url(serial)}`;
}

/**
 * The http and https URLs of its revocation lists (RFC 5280 4.2.1.13), as written; without those that another CA signs, or that
 * list some reasons only.
 */
export function crlUrlsOf(certificate: X509Certificate): string[] {
  const extension = partsOf(certificate).extensions.get(oids.crlDistributionPoints);
  const points = extension ? derElements(derElements(extension)[0]?.content ?? none) : [];
  return points.flatMap(({ content }) => {
    const [name, ...more] = derElements(content);
    const fullName = name?.tag === 0xa0 && more.length === 0 ? derElements(name.content)[0] : undefined;
    const texts = fullName?.tag === 0xa0 ? textsOf(derElements(fullName.content), 0x86) : [];
    return texts.filter((url) => /^https?:/i.test(url));
  });
}

/** Whether each certificate of a chain, leaf first, is signed by the one after it. */
export function verifyChain(chainPem: string): boolean {
  const chain = certificatesOf(chainPem);
  return chain.slice(1).every((issuer, index) => {
    const certificate = chain[index];
    return certificate?.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  });
}

/** The certificates of a PEM text, at least one, in their order; text around them is left out. */
export function certificatesOf(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {
    // The same refusal as for no certificate at all.
  }
  const message = "the PEM text holds no readable certificate";
  throw new RefusedError({ reason: "InvalidCertificate", message, fix: "look at what the issuer sent" });
}

export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

/** Whether it calls itself a CA and has a key usage that lets it sign no certificate (RFC 5280 4.2.1.3): nobody takes it for one. */
export function lacksCertSign(certificate: X509Certificate): boolean {
  const { extensions } = partsOf(certificate);
  const [constraints, usage] = [oids.basicConstraints, oids.keyUsage].map((oid) => extensions.get(oid));
  const callsItselfCa = constraints && derElements(derElements(constraints)[0]?.content ?? none)[0]?.tag === booleanTag;
  // After the number of unused bits come the bits, the highest of a byte first.
  const bits = usage && derElements(usage)[0]?.content[1];
  return callsItselfCa === true && bits !== undefined && (bits & keyCertSign) === 0;
}

const booleanTag = 0x01;
/** Bit 5 of KeyUsage. */
const keyCertSign = 0x04;

interface Parts {
  serial: Uint8Array;
  issuer: Uint8Array;
  subject: Uint8Array;
  /** The content of each extension by OID. */
  extensions: Map<string, Uint8Array>;
}

/** Certificate and TBSCertificate (RFC 5280 4.1); node:crypto has checked the outline already. */
function partsOf(certificate: X509Certificate): Parts {
  const tbs = derElements(derElements(derElements(certificate.raw)[0]?.content ?? none)[0]?.content ?? none);
  const [serial, , issuer, , subject] = tbs[0]?.tag === 0xa0 ? tbs.slice(1) : tbs;
  const extensions = derElements(tbs.find(({ tag }) => tag === 0xa3)?.content ?? none)[0];
  return {
    serial: serial?.content ?? none,
    issuer: issuer?.content ?? none,
    subject: subject?.content ?? none,
    extensions: new Map(derElements(extensions?.content ?? none).map(readExtension)),
  };
}

const none = new Uint8Array();

function readExtension({ content }: DerElement): [string, Uint8Array] {
  const parts = derElements(content);
  return [oidText(parts[0]?.content ?? none), parts.at(-1)?.content ?? none];
}

function namesIn(name: Uint8Array): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  const pairs = derElements(name).flatMap((set) => derElements(set.content));
  for (const pair of pairs) {
    const [type, value] = derElements(pair.content);
    if (!(type && value)) continue;
    const oid = oidText(type.content);
    values[oid] = [...(values[oid] ?? []), derText(value)];
  }
  return values;
}

/** GeneralNames (RFC 5280 4.2.1.6). */
function alternativeNames(
  extension: Uint8Array | undefined,
): Pick<CertificateIdentity, "names" | "ipAddresses" | "uris" | "emailAddresses"> {
  const all = extension ? derElements(derElements(extension)[0]?.content ?? none) : [];
  return {
    names: textsOf(all, 0x82),
    emailAddresses: textsOf(all, 0x81),
    uris: textsOf(all, 0x86),
    ipAddresses: all.filter(({ tag }) => tag === 0x87).map(({ content }) => ipText(content)),
  };
}

function textsOf(names: DerElement[], wanted: number): string[] {
  return names.filter(({ tag }) => tag === wanted).map((element) => derText(element));
}

function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Buffer.from(bytes).toString("hex").match(/.{4}/g) ?? [];
  return URL.parse(`http://[${groups.join(":")}]`)?.hostname.slice(1, -1) ?? "";
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
