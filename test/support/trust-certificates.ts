import "reflect-metadata";
import { randomBytes, webcrypto, X509Certificate } from "node:crypto";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 86_400_000;

export interface TestCa {
  /** With a newline at its end. */
  pem: string;
  der: Buffer;
  /** A server certificate with its key, PEM. */
  sign(name: string): Promise<{ cert: string; key: string }>;
}

/** A self-signed CA on P-256. `from` and `until` are in days from `now`. */
export async function makeCa(
  name: string,
  { now = new Date(), from = -10, until = 365 }: { now?: Date; from?: number; until?: number } = {},
): Promise<TestCa> {
  const keys = await webcrypto.subtle.generateKey(p256, true, ["sign", "verify"]);
  const at = (days: number) => new Date(now.getTime() + days * dayMs);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: name,
    issuer: name,
    notBefore: at(from),
    notAfter: at(until),
    signingAlgorithm: p256,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const plain = new X509Certificate(Buffer.from(certificate.rawData));
  return {
    pem: plain.toString(),
    der: plain.raw,
    sign: async (host) => {
      const own = await webcrypto.subtle.generateKey(p256, true, ["sign", "verify"]);
      const leaf = await X509CertificateGenerator.create({
        serialNumber: newSerial(),
        subject: `CN=${host}`,
        issuer: name,
        notBefore: at(-1),
        notAfter: at(30),
        signingAlgorithm: p256,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: host }])],
      });
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", own.privateKey)).toString("base64");
      const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/(.{64})/g, "$1\n")}\n-----END PRIVATE KEY-----\n`;
      return { cert: new X509Certificate(Buffer.from(leaf.rawData)).toString(), key };
    },
  };
}

function newSerial(): string {
  return `4${randomBytes(15).toString("hex")}0`.slice(0, 32);
}
