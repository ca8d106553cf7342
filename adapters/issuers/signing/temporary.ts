import { generateKeyPairSync } from "node:crypto";
import type { SigningOrder } from "../../../core/signing-port.ts";
import { makeCsr } from "../../keys/csr.ts";
import { ca } from "../ca.ts";
import { selfSigned } from "../self-signed.ts";

/**
 * cert-manager's placeholder: signed by a CA `cert-manager.local` that is made for this one certificate and thrown away, so
 * that nobody who trusts one of them trusts another.
 */
export async function signTemporary(order: SigningOrder): Promise<string> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-521" });
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" });
  const usages = ["digital signature", "key encipherment"] as const;
  const { der } = await makeCsr({
    pkcs8,
    names: [],
    subject: [[{ oid: "2.5.4.3", value: "cert-manager.local" }]],
    usages,
    encodeUsages: false,
  });
  const authority = selfSigned.sign({ ...order, csr: der, isCA: true, usages: [...usages] }, { pkcs8 });
  return ca.sign(order, {
    certificate: authority,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  });
}
