import { createHash, X509Certificate } from "node:crypto";
import { type DerElement, derElements, oidText } from "./der.ts";
import { derTime, isSignedWith, reasonText, type SignedDer, serialText, signedDer } from "./signed-der.ts";

/** What an OCSP responder says of one certificate (RFC 6960). */
export interface OcspAnswer {
  status: "good" | "revoked" | "unknown";
  /** Of a revoked one. */
  revokedAt?: Date;
  reason?: string;
  thisUpdate: Date;
  nextUpdate?: Date;
}

const sha1Oid = Uint8Array.of(0x2b, 0x0e, 0x03, 0x02, 0x1a);
const ocspSigning = "1.3.6.1.5.5.7.3.9";
const none = new Uint8Array();
const statuses = ["successful", "malformedRequest", "internalError", "tryLater", "", "sigRequired", "unauthorized"];

/** The DER of a request for one certificate (RFC 6960 4.1.1), without nonce; SHA-1 only names the issuer, as responders expect it. */
export function ocspRequest(certificate: X509Certificate, issuer: X509Certificate): Uint8Array {
  const algorithm = der(0x30, der(0x06, sha1Oid), der(0x05));
  const [name, key] = [subjectOf(issuer), publicKeyBits(issuer)];
  const id = der(0x30, algorithm, der(0x04, sha1(name)), der(0x04, sha1(key)), der(0x02, serialOf(certificate)));
  return der(0x30, der(0x30, der(0x30, der(0x30, id))));
}

/** Reads a response and checks who signed it. Throws RangeError that says what is wrong with it. */
export function readOcspResponse(
  bytes: Uint8Array,
  { certificate, issuer }: { certificate: X509Certificate; issuer: X509Certificate },
): OcspAnswer {
  const [status, wrapped] = derElements(derElements(bytes)[0]?.content ?? none);
  const code = status?.content[0] ?? -1;
  if (code !== 0) throw new RangeError(`the responder answered ${statuses[code] || "nothing"}`);
  const basic = derElements(derElements(wrapped?.content ?? none)[0]?.content ?? none)[1];
  const signed = signedDer(derElements(basic?.content ?? none)[0]?.content ?? none);
  if (!isAuthentic(signed, issuer)) throw new RangeError("the answer is not signed by the issuer");
  const responses = signed.body.find(({ tag }) => tag === 0x30);
  const answers = derElements(responses?.content ?? none).map(({ content }) => derElements(content));
  const ours = answers.find(([id]) => isFor(id, certificate, issuer));
  if (!ours) throw new RangeError("the answer is about another certificate");
  return answerOf(ours);
}

function answerOf([, status, from, until]: DerElement[]): OcspAnswer {
  const thisUpdate = derTime(from);
  if (!thisUpdate || !status) throw new RangeError("the answer has no time");
  const nextUpdate = until?.tag === 0xa0 ? derTime(derElements(until.content)[0]) : undefined;
  const times = { thisUpdate, ...(nextUpdate ? { nextUpdate } : {}) };
  if (status.tag === 0x80) return { status: "good", ...times };
  if (status.tag !== 0xa1) return { status: "unknown", ...times };
  const [at, why] = derElements(status.content);
  const revokedAt = derTime(at);
  const reason = reasonText(derElements(why?.content ?? none)[0]);
  return { status: "revoked", ...times, ...(revokedAt ? { revokedAt } : {}), ...(reason ? { reason } : {}) };
}

/** By the issuer itself, or by whom it made a responder (RFC 6960 4.2.2.2). */
function isAuthentic(signed: SignedDer, issuer: X509Certificate): boolean {
  if (isSignedWith(signed, issuer.publicKey)) return true;
  const enclosed = derElements(signed.rest.find(({ tag }) => tag === 0xa0)?.content ?? none)[0];
  return derElements(enclosed?.content ?? none).some((element) => {
    const delegate = new X509Certificate(der(element.tag, element.content));
    const isDelegate = delegate.keyUsage?.includes(ocspSigning) === true && delegate.checkIssued(issuer);
    return isDelegate && delegate.verify(issuer.publicKey) && isSignedWith(signed, delegate.publicKey);
  });
}

function isFor(id: DerElement | undefined, certificate: X509Certificate, issuer: X509Certificate): boolean {
  const [algorithm, name, key, serial] = derElements(id?.content ?? none);
  const isSha1 = oidText(derElements(algorithm?.content ?? none)[0]?.content ?? none) === oidText(sha1Oid);
  return (
    isSha1 &&
    sha1(subjectOf(issuer)).equals(name?.content ?? none) &&
    sha1(publicKeyBits(issuer)).equals(key?.content ?? none) &&
    serialText(serial?.content ?? none) === certificate.serialNumber
  );
}

function tbsOf(certificate: X509Certificate): DerElement[] {
  const { body } = signedDer(derElements(certificate.raw)[0]?.content ?? none);
  return body[0]?.tag === 0xa0 ? body.slice(1) : body;
}

function serialOf(certificate: X509Certificate): Uint8Array {
  return tbsOf(certificate)[0]?.content ?? none;
}

/** The DER of its Name. */
function subjectOf(certificate: X509Certificate): Uint8Array {
  return der(0x30, tbsOf(certificate)[4]?.content ?? none);
}

/** The BIT STRING of its public key, without the count of unused bits. */
function publicKeyBits(certificate: X509Certificate): Uint8Array {
  return derElements(tbsOf(certificate)[5]?.content ?? none)[1]?.content.subarray(1) ?? none;
}

function sha1(bytes: Uint8Array): Buffer {
  return createHash("sha1").update(bytes).digest();
}

/** One element of DER. */
function der(tag: number, ...contents: Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const size = content.length < 0x80 ? [content.length] : lengthBytes(content.length);
  return Buffer.concat([Uint8Array.of(tag, ...size), content]);
}

function lengthBytes(length: number): number[] {
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 + bytes.length, ...bytes];
}
