import { randomBytes } from "node:crypto";
import { makePrivateKey } from "../../adapters/keys/private-key.ts";

/** A name that no test used before. */
export function freshName(): string {
  return `n${randomBytes(6).toString("hex")}.example.com`;
}

/** A new account key, PKCS#8 in PEM. */
export async function newKey(algorithm: "ECDSA" | "RSA" = "ECDSA"): Promise<string> {
  const der = await makePrivateKey({ algorithm });
  return `-----BEGIN PRIVATE KEY-----\n${der.toString("base64")}\n-----END PRIVATE KEY-----\n`;
}
