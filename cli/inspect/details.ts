import type { X509Certificate } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import * as asn1 from "@peculiar/asn1-x509";
import { AuthorityInfoAccessSyntax, type Certificate, CRLDistributionPoints, KeyUsage } from "@peculiar/asn1-x509";

/** What node:crypto does not say of a certificate. */
export interface Details {
  /** In cert-manager's words; an OID that has none is shown as it is. */
  usages: string[];
  signingAlgorithm: string;
  /** `RSA 2048`, `ECDSA P-256`, `Ed25519`. */
  publicKeyAlgorithm: string;
  /** http URLs of its revocation lists. */
  crlUrls: string[];
  ocspUrls: string[];
}

/** Reads the extensions of a certificate. */
export function detailsOf(certificate: X509Certificate): Details {
  const parsed: Certificate = AsnConvert.parse(certificate.raw, asn1.Certificate);
  const extensions = new Map(parsed.tbsCertificate.extensions?.map((one) => [one.extnID, one.extnValue.buffer]));
  const usage = extensions.get(asn1.id_ce_keyUsage);
  const points = extensions.get(asn1.id_ce_cRLDistributionPoints);
  const access = extensions.get(asn1.id_pe_authorityInfoAccess);
  return {
    usages: [...(usage ? usagesIn(AsnConvert.parse(usage, KeyUsage)) : []), ...(certificate.keyUsage ?? []).map(named)],
    signingAlgorithm: algorithms.get(parsed.signatureAlgorithm.algorithm) ?? parsed.signatureAlgorithm.algorithm,
    publicKeyAlgorithm: publicKeyOf(certificate),
    crlUrls: points ? urlsOfPoints(AsnConvert.parse(points, CRLDistributionPoints)) : [],
    ocspUrls: access ? responders(AsnConvert.parse(access, AuthorityInfoAccessSyntax)) : [],
  };
}

const algorithms = new Map([
  ["1.2.840.113549.1.1.5", "SHA1-RSA"],
  ["1.2.840.113549.1.1.10", "RSA-PSS"],
  ["1.2.840.113549.1.1.11", "SHA256-RSA"],
  ["1.2.840.113549.1.1.12", "SHA384-RSA"],
  ["1.2.840.113549.1.1.13", "SHA512-RSA"],
  ["1.2.840.10045.4.3.2", "ECDSA-SHA256"],
  ["1.2.840.10045.4.3.3", "ECDSA-SHA384"],
  ["1.2.840.10045.4.3.4", "ECDSA-SHA512"],
  ["1.3.101.112", "Ed25519"],
]);

/** By bit (RFC 5280 4.2.1.3). */
const keyUsages = [
  ...["digital signature", "content commitment", "key encipherment", "data encipherment", "key agreement"],
  ...["cert sign", "crl sign", "encipher only", "decipher only"],
];

function usagesIn(usage: KeyUsage): string[] {
  const bits = usage.toNumber();
  return keyUsages.filter((_, bit) => (bits & (1 << bit)) !== 0);
}

const extendedUsages = new Map([
  ["2.5.29.37.0", "any"],
  ["1.3.6.1.5.5.7.3.1", "server auth"],
  ["1.3.6.1.5.5.7.3.2", "client auth"],
  ["1.3.6.1.5.5.7.3.3", "code signing"],
  ["1.3.6.1.5.5.7.3.4", "email protection"],
  ["1.3.6.1.5.5.7.3.5", "ipsec end system"],
  ["1.3.6.1.5.5.7.3.6", "ipsec tunnel"],
  ["1.3.6.1.5.5.7.3.7", "ipsec user"],
  ["1.3.6.1.5.5.7.3.8", "timestamping"],
  ["1.3.6.1.5.5.7.3.9", "ocsp signing"],
  ["1.3.6.1.4.1.311.10.3.3", "microsoft sgc"],
  ["2.16.840.1.113730.4.1", "netscape sgc"],
]);

function named(oid: string): string {
  return extendedUsages.get(oid) ?? oid;
}

const curves = new Map([
  ["prime256v1", "P-256"],
  ["secp384r1", "P-384"],
  ["secp521r1", "P-521"],
]);

function publicKeyOf({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType = "unknown", asymmetricKeyDetails: details } = publicKey;
  if (asymmetricKeyType === "rsa") return `RSA ${details?.modulusLength}`;
  if (asymmetricKeyType === "ec") return `ECDSA ${curves.get(details?.namedCurve ?? "") ?? details?.namedCurve}`;
  return asymmetricKeyType === "ed25519" ? "Ed25519" : asymmetricKeyType;
}

function urlsOfPoints(points: CRLDistributionPoints): string[] {
  return points.flatMap(({ distributionPoint }) =>
    (distributionPoint?.fullName ?? []).flatMap((name) => name.uniformResourceIdentifier ?? []),
  );
}

function responders(access: AuthorityInfoAccessSyntax): string[] {
  return [...access].flatMap(({ accessMethod, accessLocation }) =>
    accessMethod === asn1.id_ad_ocsp ? (accessLocation.uniformResourceIdentifier ?? []) : [],
  );
}
