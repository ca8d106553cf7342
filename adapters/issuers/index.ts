/** The issuers, loaded when one is used: each under the name its spec has in an Issuer. */
export const issuers = {
  acme: () => import("./acme.ts"),
  ca: () => import("./ca.ts"),
  selfSigned: () => import("./self-signed.ts"),
};

/** When to renew, by the CAs of ACME issuers (RFC 9773). */
export const renewalInfo = {
  acme: () => import("./acme/renewal-info.ts"),
};

/** What CAs have revoked (RFC 5280 5), whatever the issuer. */
export const revocationLists = () => import("./revocation-list.ts");
