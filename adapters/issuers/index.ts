/** The issuers, loaded when one is used: each under the name its spec has in an Issuer. */
export const issuers = {
  acme: () => import("./acme.ts"),
  ca: () => import("./ca.ts"),
  selfSigned: () => import("./self-signed.ts"),
};
