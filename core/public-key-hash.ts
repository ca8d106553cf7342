import { createHash, type KeyObject } from "node:crypto";

/** SHA-256 of a public key's SubjectPublicKeyInfo in DER, lower-case hex: what a blocked key is listed by. */
export function publicKeyHashOf(publicKey: KeyObject): string {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}
