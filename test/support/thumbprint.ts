import { createHash, createPublicKey } from "node:crypto";

/** RFC 7638, of a private or public key in PEM. */
export function thumbprintOf(keyPem: string): string {
  return thumbprintOfJwk(createPublicKey(keyPem).export({ format: "jwk" }) as Record<string, unknown>);
}

/** RFC 7638, of a JWK that holds nothing but the required members. */
export function thumbprintOfJwk(jwk: Record<string, unknown>): string {
  const sorted = Object.fromEntries(Object.entries(jwk).sort(([one], [two]) => (one < two ? -1 : 1)));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("base64url");
}
