import type { KeyObject } from "node:crypto";
import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

/** What cert-manager's spec.privateKey asks for; size in bits, ignored for Ed25519. */
export interface KeyRequest {
  algorithm: "RSA" | "ECDSA" | "Ed25519";
  /** RSA 2048 to 8192 (default 2048); ECDSA 256, 384 or 521 (default 256). */
  size?: number | undefined;
}

/** A new private key as PKCS#8 DER. Throws RangeError for a size that the schema should have refused. */
export async function makePrivateKey(request: KeyRequest): Promise<Buffer> {
  const { privateKey } = await makePair(request);
  return privateKey.export({ type: "pkcs8", format: "der" });
}

const generate = promisify(generateKeyPair);

async function makePair({ algorithm, size }: KeyRequest): Promise<{ privateKey: KeyObject }> {
  if (algorithm === "RSA") return generate("rsa", { modulusLength: rsaBits(size ?? 2048) });
  if (algorithm === "ECDSA") return generate("ec", { namedCurve: curveOf(size ?? 256) });
  return generate("ed25519");
}

function rsaBits(bits: number): number {
  if (bits >= 2048 && bits <= 8192) return bits;
  throw new RangeError(`RSA keys have 2048 to 8192 bits, not ${bits}`);
}

function curveOf(bits: number): string {
  const curve = { 256: "P-256", 384: "P-384", 521: "P-521" }[bits];
  if (!curve) throw new RangeError(`ECDSA keys have 256, 384 or 521 bits, not ${bits}`);
  return curve;
}
