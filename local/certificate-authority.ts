import type { webcrypto } from "node:crypto";
import "reflect-metadata"; // what x509 needs to load
import * as x509 from "@peculiar/x509";

/** A certificate and its key, PEM. */
export interface Identity {
  certificate: string;
  key: string;
}

/** What the TLS servers of the stack show, and who vouches for it. */
export interface ServerIdentity {
  /** PEM. */
  caCertificate: string;
  server: Identity;
}

/** What a certificate of an Authority says. */
export interface IdentityWish {
  commonName: string;
  organizations?: string[];
  usage: "serverAuth" | "clientAuth";
  dnsNames?: string[];
  ipAddresses?: string[];
  /** An hour ago, when absent. */
  notBefore?: Date;
  /** In 30 days, when absent. */
  notAfter?: Date;
}

/** A CA that lives in memory. */
export interface Authority {
  /** PEM. */
  caCertificate: string;
  issue(wish: IdentityWish): Promise<Identity>;
}

/**
 * A CA that lives as long as the stack, and one server certificate of it for 127.0.0.1 and localhost.
 * It is what an issuer's caBundle must name; the certificates that Pebble issues come from Pebble's own root.
 */
export async function createServerIdentity(): Promise<ServerIdentity> {
  const { caCertificate, issue } = await createAuthority("certwright local stack");
  const names = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };
  return { caCertificate, server: await issue({ commonName: "127.0.0.1", usage: "serverAuth", ...names }) };
}

/** A new CA of that common name. */
export async function createAuthority(commonName: string): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity({}),
    name: `CN=${commonName}`,
    keys,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    caCertificate: certificate.toString("pem"),
    issue: (wish) => issue(certificate, keys.privateKey, wish),
  };
}

const algorithm = { name: "ECDSA", namedCurve: "P-256" };
const signing = { name: "ECDSA", hash: "SHA-256" };

async function issue(ca: x509.X509Certificate, caKey: webcrypto.CryptoKey, wish: IdentityWish): Promise<Identity> {
  const { commonName, organizations = [], usage, dnsNames = [], ipAddresses = [] } = wish;
  const keys = await generateKeys();
  const names = [
    ...ipAddresses.map((value) => ({ type: "ip" as const, value })),
    ...dnsNames.map((value) => ({ type: "dns" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(wish),
    subject: [...organizations.map((name) => ({ O: [name] })), { CN: [commonName] }],
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKey,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]]),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(ca),
    ],
  });
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { certificate: certificate.toString("pem"), key };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
}

function validity({ notBefore, notAfter }: Pick<IdentityWish, "notBefore" | "notAfter">) {
  const hour = 3_600_000;
  return {
    notBefore: notBefore ?? new Date(Date.now() - hour),
    notAfter: notAfter ?? new Date(Date.now() + 30 * 24 * hour),
  };
}
