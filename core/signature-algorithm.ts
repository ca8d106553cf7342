import type { KeyObject } from "node:crypto";
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

/** How each signs: the digest (null: the algorithm hashes by itself) and the OID of its identifier. */
export const signatureForms: Record<SignatureAlgorithm, { digest: string | null; oid: string }> = {
  SHA256WithRSA: { digest: "sha256", oid: "1.2.840.113549.1.1.11" },
  SHA384WithRSA: { digest: "sha384", oid: "1.2.840.113549.1.1.12" },
  SHA512WithRSA: { digest: "sha512", oid: "1.2.840.113549.1.1.13" },
  ECDSAWithSHA256: { digest: "sha256", oid: "1.2.840.10045.4.3.2" },
  ECDSAWithSHA384: { digest: "sha384", oid: "1.2.840.10045.4.3.3" },
  ECDSAWithSHA512: { digest: "sha512", oid: "1.2.840.10045.4.3.4" },
  PureEd25519: { digest: null, oid: "1.3.101.112" },
};

/** The algorithm for a key when nobody chose one; `rsa` says which for so many bits, where cert-manager and Go differ. */
export function algorithmFor(key: KeyObject, rsa: (bits: number) => SignatureAlgorithm): SignatureAlgorithm {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "ed25519") return "PureEd25519";
  if (key.asymmetricKeyType === "rsa") return rsa(modulusLength);
  if (namedCurve === "secp521r1") return "ECDSAWithSHA512";
  return namedCurve === "secp384r1" ? "ECDSAWithSHA384" : "ECDSAWithSHA256";
}

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
