import type { KeyObject } from "node:crypto";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { algorithmFor, type SignatureAlgorithm, signatureForms } from "../../../core/signature-algorithm.ts";

/** How a certificate is signed; the digest is null where the algorithm hashes by itself. */
export interface Signature {
  digest: string | null;
  identifier: AlgorithmIdentifier;
}

/** By cert-manager's name, or as Go takes it for the key: SHA-256 for RSA of any size, the curve's hash for ECDSA. */
export function signatureOf(key: KeyObject, asked?: SignatureAlgorithm): Signature {
  const { digest, oid } = signatureForms[asked ?? algorithmFor(key, () => "SHA256WithRSA")];
  return { digest, identifier: algorithmIdentifier(oid, key) };
}

/** RSA has NULL parameters (RFC 4055 5), the others none (RFC 5758 3.2, RFC 8410 3). */
function algorithmIdentifier(algorithm: string, { asymmetricKeyType }: KeyObject): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithm, ...(asymmetricKeyType === "rsa" && { parameters: null }) });
}
