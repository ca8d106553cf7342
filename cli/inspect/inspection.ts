import { createPrivateKey, type X509Certificate } from "node:crypto";
import { certificatesOf, isSelfSigned, readCertificate } from "../../core/certificate-identity.ts";
import { rfc3339 } from "../../core/status.ts";
import { filesOf } from "../stored-files.ts";
import { type Details, detailsOf } from "./details.ts";
import { crlStatus, ocspStatus, type RevocationInput, type RevocationStatus } from "./revocation.ts";
import { issued, oneLine, type Trust, trustOf } from "./trust.ts";

/** What `inspect secret` tells; nothing of it is secret. Times are RFC 3339. */
export interface Inspection extends Details {
  dnsNames: string[];
  uris: string[];
  ipAddresses: string[];
  emailAddresses: string[];
  notBefore: string;
  notAfter: string;
  issuer: string;
  subject: string;
  serialNumber: string;
  /** SHA-256 of the DER, lower-case hex. */
  fingerprint: string;
  isCA: boolean;
  chain: { subject: string; issuer: string; notAfter: string; signature: string }[];
  privateKey: string;
  /** The keys of the secret, with their sizes in bytes. */
  keys: { name: string; bytes: number }[];
  trustedByThisComputer: Trust;
  trustedByCaCrt: Trust | undefined;
  crl: RevocationStatus;
  ocsp: RevocationStatus;
}

export interface Inspected {
  /** The value of the stored secret, and its name for messages. */
  value: string;
  stored: string;
  roots: X509Certificate[];
  now: Date;
  download: RevocationInput["download"];
}

/** Looks at a stored secret. Throws Failure or RefusedError when there is no certificate in it. */
export async function inspect({ value, stored, roots, now, download }: Inspected): Promise<Inspection> {
  const files = new Map(filesOf(value, stored).map(([name, content]) => [name, Buffer.from(content)]));
  const pem = files.get("tls.crt")?.toString("utf8") ?? "";
  const chain = certificatesOf(pem);
  const leaf = chain[0] as X509Certificate;
  const { names, uris, ipAddresses, emailAddresses, serial, fingerprint } = readCertificate(pem);
  const details = detailsOf(leaf);
  const caPem = files.get("ca.crt")?.toString("utf8");
  const authorities = caPem?.includes("BEGIN CERTIFICATE") ? certificatesOf(caPem) : [];
  const issuer = [...chain, ...authorities].find((one) => issued(leaf, one));
  const revocation = { certificate: leaf, issuer, now, download };
  const [crl, ocsp] = await Promise.all([
    crlStatus(details.crlUrls, revocation),
    ocspStatus(details.ocspUrls, revocation),
  ]);
  return {
    ...{ dnsNames: names, uris, ipAddresses, emailAddresses },
    notBefore: rfc3339(leaf.validFromDate),
    notAfter: rfc3339(leaf.validToDate),
    ...{ issuer: oneLine(leaf.issuer), subject: oneLine(leaf.subject) },
    ...{ serialNumber: serial, fingerprint, isCA: leaf.ca },
    ...details,
    chain: chain.map((certificate, index) => linkOf(certificate, chain[index + 1])),
    privateKey: keyOf(leaf, files.get("tls.key")),
    keys: [...files].map(([name, content]) => ({ name, bytes: content.length })),
    trustedByThisComputer: trustOf(leaf, chain, roots, now),
    trustedByCaCrt: authorities.length > 0 ? trustOf(leaf, [...chain, ...authorities], authorities, now) : undefined,
    ...{ crl, ocsp },
  };
}

function linkOf(certificate: X509Certificate, next: X509Certificate | undefined): Inspection["chain"][number] {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    notAfter: rfc3339(certificate.validToDate),
    signature: signatureOf(certificate, next),
  };
}

function signatureOf(certificate: X509Certificate, next: X509Certificate | undefined): string {
  if (next) return issued(certificate, next) ? "signed by the next one" : "NOT signed by the next one";
  return isSelfSigned(certificate) ? "signed by itself" : "its issuer is not in tls.crt";
}

/** Says whether the key fits; the key itself stays here. */
function keyOf(leaf: X509Certificate, key: Buffer | undefined): string {
  if (!key) return "there is no tls.key";
  try {
    return leaf.checkPrivateKey(createPrivateKey(key)) ? "fits the certificate" : "is NOT the certificate's";
  } catch {
    return "cannot be read";
  }
}
