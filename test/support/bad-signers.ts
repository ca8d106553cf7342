import type { BadObject } from "./bad-objects.ts";
import { stored } from "./good-objects.ts";

/** Rules on issuers that sign at once. */
export const badSigners: BadObject[] = [
  {
    rule: "Issuer: one type, not two",
    object: stored("Issuer", { ca: { secretName: "ca" }, selfSigned: {} }),
    path: "spec.selfSigned",
    message: "Forbidden: may not specify more than one issuer type",
  },
  {
    rule: "Issuer: a ca names its secret",
    object: stored("Issuer", { ca: {} }),
    path: "spec.ca.secretName",
    message: "Required value",
  },
  {
    rule: "Issuer: the secret of a ca has a secret's name",
    object: stored("Issuer", { ca: { secretName: "../other/ca" } }),
    path: "spec.ca.secretName",
    message:
      "Invalid value: \"../other/ca\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  },
  ...["crlDistributionPoints", "issuingCertificateURLs"].map((field) => ({
    rule: `Issuer: ${field} of a ca are URLs`,
    object: stored("Issuer", { ca: { secretName: "ca", [field]: ["http://pki.example.test", ""] } }),
    path: `spec.ca.${field}[1]`,
    message: 'Invalid value: "": must be a valid URL',
  })),
  {
    rule: "Issuer: ocspServers of a ca are URLs",
    object: stored("Issuer", { ca: { secretName: "ca", ocspServers: ["http://ocsp example"] } }),
    path: "spec.ca.ocspServers[0]",
    message: 'Invalid value: "http://ocsp example": must be a valid URL, e.g., http://ocsp.int-x3.letsencrypt.org',
  },
  {
    rule: "Issuer: crlDistributionPoints of selfSigned are URLs",
    object: stored("Issuer", { selfSigned: { crlDistributionPoints: ["http://crl.example/\u00e4"] } }),
    path: "spec.selfSigned.crlDistributionPoints[0]",
    message: 'Invalid value: "http://crl.example/\u00e4": must be a valid URL',
  },
];
