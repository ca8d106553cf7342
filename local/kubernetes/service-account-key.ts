import { generateKeyPairSync, sign } from "node:crypto";

/** The key by which an apiserver signs and knows the tokens of ServiceAccounts. */
export interface ServiceAccountKey {
  /** PEM, PKCS#8. */
  privateKey: string;
  /** PEM, SPKI. */
  publicKey: string;
}

/** What a token says; times are epoch seconds. */
export interface TokenClaims {
  namespace: string;
  name: string;
  /** Of the ServiceAccount. */
  uid: string;
  issuedAt: number;
  expiresAt: number;
}

/** The `iss` of the tokens, and their audience. */
export const tokenIssuer = "https://kubernetes.default.svc";

export function createServiceAccountKey(): ServiceAccountKey {
  return generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}

/** A token (RFC 7519, ES256) as the apiserver would have issued it, but of any validity: TokenRequest gives ten minutes at least. */
export function signToken({ privateKey }: ServiceAccountKey, claims: TokenClaims): string {
  const { namespace, name, uid, issuedAt, expiresAt } = claims;
  const payload = {
    iss: tokenIssuer,
    aud: [tokenIssuer],
    sub: `system:serviceaccount:${namespace}:${name}`,
    iat: issuedAt,
    nbf: issuedAt,
    exp: expiresAt,
    "kubernetes.io": { namespace, serviceaccount: { name, uid } },
  };
  const signed = [{ alg: "ES256", typ: "JWT" }, payload].map(encoded).join(".");
  const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
