import { createHash, type X509Certificate } from "node:crypto";

const longest = 200;

/**
 * The name of a certificate in a truststore, as trust-manager gives it: eight hex digits of its SHA-256, which tell two of one
 * subject apart, and the subject (RFC 4514). Lower case, since Java looks entries up in lower case; of the Basic Multilingual
 * Plane only, which both formats write alike.
 */
export function aliasOf(certificate: X509Certificate): string {
  const hash = createHash("sha256").update(certificate.raw).digest("hex").slice(0, 8);
  const subject = certificate.subject.split("\n").reverse().join(",");
  const plain = subject.toLowerCase().replace(/\p{Cc}|[\u{10000}-\u{10ffff}]/gu, "?");
  return `${hash}|${plain}`.slice(0, longest);
}
