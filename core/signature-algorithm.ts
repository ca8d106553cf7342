import type { PrivateKeySpec } from "./certificate.ts";
import { invalidValue, quote } from "./field-fault.ts";
import type { Fields } from "./field-reader.ts";

/** By the algorithm of the key, in cert-manager's words. */
const algorithms = {
  RSA: ["SHA256WithRSA", "SHA384WithRSA", "SHA512WithRSA"],
  ECDSA: ["ECDSAWithSHA256", "ECDSAWithSHA384", "ECDSAWithSHA512"],
  Ed25519: ["PureEd25519"],
} as const;
const all = Object.values(algorithms).flat();

/** How a certificate request, and a self-signed certificate, is signed. */
export type SignatureAlgorithm = (typeof all)[number];

/** Reads spec.signatureAlgorithm, which must suit the key; absent means that the key's size decides. */
export function readSignatureAlgorithm(
  fields: Fields,
  { algorithm }: Pick<PrivateKeySpec, "algorithm">,
): SignatureAlgorithm | undefined {
  const chosen = fields.oneOf("signatureAlgorithm", all);
  const allowed: readonly SignatureAlgorithm[] = algorithms[algorithm];
  if (chosen !== undefined && !allowed.includes(chosen)) {
    const why = `for key algorithm ${algorithm} the allowed signature algorithms are [${allowed.join(" ")}]`;
    fields.fault("signatureAlgorithm", invalidValue(quote(chosen), why), `write ${allowed.join(" or ")}, or remove it`);
  }
  return chosen;
}
