/** The usages a Certificate may ask for, in cert-manager's words and order. */
export const usages = [
  "signing",
  "digital signature",
  "content commitment",
  "key encipherment",
  "key agreement",
  "data encipherment",
  "cert sign",
  "crl sign",
  "encipher only",
  "decipher only",
  "any",
  "server auth",
  "client auth",
  "code signing",
  "email protection",
  "s/mime",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "timestamping",
  "ocsp signing",
  "microsoft sgc",
  "netscape sgc",
] as const;
export type Usage = (typeof usages)[number];

/** What a Certificate without usages asks for. */
export const defaultUsages: readonly Usage[] = ["digital signature", "key encipherment"];
