import { X509Certificate } from "node:crypto";
import type { SecretValue } from "./stack.ts";

/** What the first certificate of a stored secret says, read without our own code. */
export interface Leaf {
  /** Of the subject; "" when there is none. */
  commonName: string;
  /** Of the SAN, sorted. */
  names: string[];
  /** `ec prime256v1`, `rsa 2048` ... */
  keyType: string;
  serialNumber: string;
  /** SHA-256 of the DER, lower-case hex. */
  fingerprint: string;
  /** Certificates in tls.crt. */
  chainLength: number;
}

export function leafOf(secret: SecretValue): Leaf {
  const chain = secret["tls.crt"] ?? "";
  const leaf = new X509Certificate(chain);
  const { asymmetricKeyType, asymmetricKeyDetails: details } = leaf.publicKey;
  return {
    commonName: /^CN=(.*)$/m.exec(leaf.subject ?? "")?.[1] ?? "",
    names: (leaf.subjectAltName ?? "")
      .split(", ")
      .map((name) => name.replace(/^DNS:/, ""))
      .sort(),
    keyType: `${asymmetricKeyType} ${details?.namedCurve ?? details?.modulusLength}`,
    serialNumber: leaf.serialNumber,
    fingerprint: leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
    chainLength: chain.split("BEGIN CERTIFICATE").length - 1,
  };
}
