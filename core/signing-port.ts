import type { SignatureAlgorithm } from "./signature-algorithm.ts";
import type { Usage } from "./usages.ts";

/** What a certificate of a `ca` or `selfSigned` issuer is made of. */
export interface SigningOrder {
  /** PKCS#10, DER: subject, public key, subjectAltName and name constraints are taken from it as they are. */
  csr: Uint8Array;
  isCA: boolean;
  usages: readonly Usage[];
  notBefore: Date;
  notAfter: Date;
  /** URLs for the extensions of RFC 5280 4.2.1.13 and 4.2.2.1. */
  crlDistributionPoints: readonly string[];
  ocspServers: readonly string[];
  issuingCertificateURLs: readonly string[];
}

/** Signs in this process, as cert-manager does; each answers one certificate, PEM. */
export interface Signers {
  /** `certificate`: the CA's, PEM; `key`: its private key, PEM. */
  ca(order: SigningOrder, by: { certificate: string; key: string }): Promise<string>;
  /** `pkcs8`: the private key behind the order's public key, DER. */
  selfSigned(
    order: SigningOrder,
    by: { pkcs8: Uint8Array; signatureAlgorithm?: SignatureAlgorithm | undefined },
  ): Promise<string>;
  /** A placeholder by a CA of its own, which nobody keeps and nobody trusts. */
  temporary(order: SigningOrder): Promise<string>;
}
