import type { KeyObject } from "node:crypto";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";

/** How a certificate is signed; the digest is null where the algorithm hashes by itself. */
export interface Signature {
  digest: string | null;
  identifier: AlgorithmIdentifier;
}

/** By cert-manager's name; RSA has NULL parameters (RFC 4055 5), the others none (RFC 5758 3.2, RFC 8410 3). */
const algorithms: Record<string, { digest: string | null; oid: string; rsa?: true }> = {
  SHA256WithRSA: { digest: "sha256", oid: "1.2.840.113549.1.1.11", rsa: true },
  SHA384WithRSA: { digest: "sha384", oid: "1.2.840.113549.1.1.12", rsa: true },
  SHA512WithRSA: { digest: "sha512", oid: "1.2.840.113549.1.1.13", rsa: true },
  ECDSAWithSHA256: { digest: "sha256", oid: "1.2.840.10045.4.3.2" },
  ECDSAWithSHA384: { digest: "sha384", oid: "1.2.840.10045.4.3.3" },
  ECDSAWithSHA512: { digest: "sha512", oid: "1.2.840.10045.4.3.4" },
  PureEd25519: { digest: null, oid: "1.3.101.112" },
};

/** The algorithm of this name, or the one that Go takes for the key: SHA-256 for RSA of any size, the curve's hash for ECDSA. */
export function signatureOf(key: KeyObject, name: string = byKey(key)): Signature {
  const found = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined;
  if (!found) throw new RangeError(`there is no signature algorithm ${name}`);
  const { digest, oid, rsa } = found;
  return { digest, identifier: new AlgorithmIdentifier({ algorithm: oid, ...(rsa && { parameters: null }) }) };
}

function byKey(key: KeyObject): string {
  if (key.asymmetricKeyType === "ed25519") return "PureEd25519";
  if (key.asymmetricKeyType === "rsa") return "SHA256WithRSA";
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === "secp521r1") return "ECDSAWithSHA512";
  return curve === "secp384r1" ? "ECDSAWithSHA384" : "ECDSAWithSHA256";
}
