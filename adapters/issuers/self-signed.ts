import { createPrivateKey } from "node:crypto";
import type { SignatureAlgorithm } from "../../core/signature-algorithm.ts";
import type { SigningOrder } from "../../core/signing-port.ts";
import { signCertificate } from "./signing/certificate.ts";

/** A `selfSigned` issuer: signs with the request's own key (PKCS#8, DER); subject and issuer are the same, however empty. */
export const selfSigned = { sign };

function sign(
  order: SigningOrder,
  by: { pkcs8: Uint8Array; signatureAlgorithm?: SignatureAlgorithm | undefined },
): string {
  const key = createPrivateKey({ key: Buffer.from(by.pkcs8), format: "der", type: "pkcs8" });
  return signCertificate(order, { key, signatureAlgorithm: by.signatureAlgorithm });
}
