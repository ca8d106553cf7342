import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { makeCsr } from "../../adapters/keys/csr.ts";
import { makePrivateKey } from "../../adapters/keys/private-key.ts";
import type { CsrRequest } from "../../core/deps.ts";
import { derOf, derOfOid } from "../../core/der.ts";
import { publicKeyHashOf } from "../../core/public-key-hash.ts";

/** A CSR that somebody brings: its key, and spec.request. */
export interface OwnRequest {
  keyPem: string;
  publicKeyHash: string;
  /** Base64 of PEM. */
  request: string;
}

/** A CSR as cert-manager's clients make it; P-256 unless another key is asked for. */
export async function ownRequest(
  asked: Partial<CsrRequest> = {},
  kind: Parameters<typeof makePrivateKey>[0] = { algorithm: "ECDSA", size: 256 },
): Promise<OwnRequest> {
  const pkcs8 = asked.pkcs8 ?? (await makePrivateKey(kind));
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  const { der } = await makeCsr({ names: ["www.example.test"], usages: [], encodeUsages: false, ...asked, pkcs8 });
  return {
    keyPem: key.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKeyHash: publicKeyHashOf(createPublicKey(key)),
    request: requestOf(der),
  };
}

/** spec.request of a CSR in DER. */
function requestOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`;
  return Buffer.from(pem).toString("base64");
}

/** An extension as a CSR may bring it: OID and value, hex of DER. */
export type OddExtension = [oid: string, value: string];

/** A CSR that nobody's tool would make, properly signed by a P-256 key: spec.request. */
export function oddRequest(odd: {
  subject?: string;
  extensions?: OddExtension[];
  twice?: true;
  signed?: false;
}): string {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const extensions = (odd.extensions ?? []).map(([oid, value]) =>
    derOf(0x30, derOfOid(oid), derOf(0x04, Buffer.from(value, "hex"))),
  );
  const asked = derOf(0x30, derOfOid("1.2.840.113549.1.9.14"), derOf(0x31, derOf(0x30, ...extensions)));
  const subject = Buffer.from(odd.subject ?? "3000", "hex");
  const attributes = derOf(0xa0, ...(extensions.length > 0 ? [asked] : []), ...(odd.twice ? [asked] : []));
  const key = publicKey.export({ type: "spki", format: "der" });
  const info = derOf(0x30, derOf(0x02, Uint8Array.of(0)), subject, key, attributes);
  const signature = sign("sha256", odd.signed === false ? Buffer.from("another") : info, privateKey);
  const algorithm = derOf(0x30, derOfOid("1.2.840.10045.4.3.2"));
  return requestOf(derOf(0x30, info, algorithm, derOf(0x03, Uint8Array.of(0), signature)));
}
