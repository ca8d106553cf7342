import "reflect-metadata";
import { randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";

/** A certificate with its key, as a mirror gets it. */
export interface TestLeaf {
  certPem: string;
  keyPem: string;
  /** SHA-256 of the DER, lower-case hex. */
  fingerprint: string;
  notBefore: number;
  notAfter: number;
}

export interface LeafWish {
  names: string[];
  notBefore: Date;
  issuer?: string;
  days?: number;
}

const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
let ca: Promise<webcrypto.CryptoKeyPair> | undefined;

/** A leaf that says it is by `issuer`; its chain is never verified. */
export async function makeLeaf({ names, notBefore, issuer = "CN=Test CA", days = 90 }: LeafWish): Promise<TestLeaf> {
  ca ??= webcrypto.subtle.generateKey(p256, true, ["sign", "verify"]);
  const keys = await webcrypto.subtle.generateKey(p256, true, ["sign", "verify"]);
  const notAfter = new Date(notBefore.getTime() + days * 86_400_000);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: `4${randomBytes(15).toString("hex")}0`.slice(0, 32),
    signingAlgorithm: p256,
    ...{ subject: "", issuer, notBefore, notAfter },
    publicKey: keys.publicKey,
    signingKey: (await ca).privateKey,
    extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value })))],
  });
  const certPem = `${certificate.toString("pem")}\n`;
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    certPem,
    keyPem: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
    fingerprint: new X509Certificate(certPem).fingerprint256.replaceAll(":", "").toLowerCase(),
    notBefore: notBefore.getTime(),
    notAfter: notAfter.getTime(),
  };
}
