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

/**
 * A CA that lives as long as the stack, and one server certificate of it for 127.0.0.1 and localhost.
 * It is what an issuer's caBundle must name; the certificates that Pebble issues come from Pebble's own root.
 */
export async function createServerIdentity(): Promise<ServerIdentity> {
  const caKeys = await generateKeys();
  const caCertificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: "CN=certwright local stack",
    keys: caKeys,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  return { caCertificate: caCertificate.toString("pem"), server: await issueServer(caCertificate, caKeys.privateKey) };
}

const algorithm = { name: "ECDSA", namedCurve: "P-256" };
const signing = { name: "ECDSA", hash: "SHA-256" };

async function issueServer(ca: x509.X509Certificate, caKey: webcrypto.CryptoKey): Promise<Identity> {
  const keys = await generateKeys();
  const names = [
    { type: "ip" as const, value: "127.0.0.1" },
    { type: "dns" as const, value: "localhost" },
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(),
    subject: "CN=127.0.0.1",
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKey,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(ca),
    ],
  });
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { certificate: certificate.toString("pem"), key };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
}

function validity(): { notBefore: Date; notAfter: Date } {
  const hour = 3_600_000;
  return { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + 30 * 24 * hour) };
}
