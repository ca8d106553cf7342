import { createHash, createHmac } from "node:crypto";
import type { KeystoreContent } from "../../core/deps.ts";

/** A salt of so many bytes (at most 64) for one use. */
export type Salts = (use: string, bytes: number) => Buffer;

/**
 * Salts that follow from what is encrypted: without the private key nobody can tell them from chance, and the same content with
 * the same password gives the same file, so that who looks at a stored secret sees whether anything is to be written.
 */
export function saltsOf({ keyPkcs8, chain, ca }: KeystoreContent, password: string): Salts {
  const contents = createHash("sha256");
  for (const part of [...chain, ...ca]) contents.update(part);
  const about = contents.digest("hex");
  return (use, bytes) =>
    createHmac("sha512", keyPkcs8)
      .update(JSON.stringify(["certwright keystore", use, password, about]))
      .digest()
      .subarray(0, bytes);
}
