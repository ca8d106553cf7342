import type { KeyObject } from "node:crypto";
import { createHmac, createPublicKey, verify } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { raise } from "./acme-ca-state.ts";
import { thumbprintOfJwk } from "./thumbprint.ts";

type Jwk = Record<string, unknown>;

export interface Jws {
  url: string;
  nonce: string;
  kid: string | undefined;
  jwk: Jwk;
  thumbprint: string;
  /** The parsed payload; an empty string for a POST-as-GET. */
  payload: unknown;
}

/** Reads and verifies a signed ACME request (RFC 8555 6.2); throws CaProblem. */
export async function parseJws(
  request: IncomingMessage,
  keyOf: (kid: string) => Jwk | undefined,
  by: "account" | "key" | "either",
): Promise<Jws> {
  const body = JSON.parse(await text(request)) as Record<"protected" | "payload" | "signature", string>;
  const header = JSON.parse(decode(body.protected).toString()) as Record<string, unknown>;
  if ("jwk" in header === "kid" in header) raise(400, "malformed", "jwk and kid are mutually exclusive");
  if (by !== "either" && "jwk" in header !== (by === "key"))
    raise(400, "malformed", "jwk is for newAccount and revokeCert, kid for the rest");
  const kid = header.kid as string | undefined;
  const jwk =
    (header.jwk as Jwk | undefined) ?? keyOf(kid ?? "") ?? raise(400, "accountDoesNotExist", "No such account");
  if (!isSigned(body, String(header.alg), createPublicKey({ key: jwk as never, format: "jwk" })))
    raise(400, "malformed", "JWS verification error");
  if (typeof header.nonce !== "string") raise(400, "badNonce", "JWS has no anti-replay nonce");
  const payload: unknown = body.payload === "" ? "" : JSON.parse(decode(body.payload).toString());
  return { url: String(header.url), nonce: header.nonce, kid, jwk, thumbprint: thumbprintOfJwk(jwk), payload };
}

/** Reads and verifies the inner JWS of a key change (RFC 8555 7.3.5); throws CaProblem. */
export function parseInnerJws(payload: unknown, url: string) {
  const body = payload as Record<"protected" | "payload" | "signature", string>;
  const header = JSON.parse(decode(body.protected).toString()) as { jwk?: Jwk; alg: string; url: string };
  const jwk = header.jwk ?? raise(400, "malformed", "the inner JWS must have a jwk");
  if ("nonce" in header) raise(400, "malformed", "the inner JWS must not have a nonce");
  if (header.url !== url) raise(400, "malformed", "the inner JWS must have the same url");
  if (!isSigned(body, header.alg, createPublicKey({ key: jwk as never, format: "jwk" })))
    raise(400, "malformed", "inner JWS error: JWS verification error");
  const inner = JSON.parse(decode(body.payload).toString()) as { account: string; oldKey: Jwk };
  return { jwk, thumbprint: thumbprintOfJwk(jwk), inner };
}

/** Checks an external account binding (RFC 8555 7.3.4); throws CaProblem. */
export function verifyBinding(binding: unknown, keys: Map<string, string>, jwk: Jwk, url: string): void {
  if (!binding) raise(400, "externalAccountRequired", "An external account binding is required");
  const body = binding as Record<"protected" | "payload" | "signature", string>;
  const header = JSON.parse(decode(body.protected).toString()) as Record<string, unknown>;
  const key = keys.get(String(header.kid)) ?? raise(403, "unauthorized", `Unknown key id ${header.kid}`);
  const signature = createHmac("sha256", Buffer.from(key, "base64url")).update(`${body.protected}.${body.payload}`);
  const right =
    header.alg === "HS256" &&
    header.url === url &&
    !("nonce" in header) &&
    signature.digest("base64url") === body.signature &&
    thumbprintOfJwk(JSON.parse(decode(body.payload).toString())) === thumbprintOfJwk(jwk);
  if (!right) raise(403, "unauthorized", "The external account binding does not verify");
}

const algorithms: Record<string, string> = { RS256: "sha256", ES256: "sha256", ES384: "sha384", ES512: "sha512" };

function isSigned(body: Record<"protected" | "payload" | "signature", string>, alg: string, key: KeyObject): boolean {
  const digest = algorithms[alg] ?? raise(400, "badSignatureAlgorithm", `${alg} is not supported`);
  if ((key.asymmetricKeyType === "rsa") !== (alg === "RS256")) return false;
  const signed = Buffer.from(`${body.protected}.${body.payload}`);
  return verify(digest, signed, { key, dsaEncoding: "ieee-p1363" }, decode(body.signature));
}

/** base64url without padding, as RFC 8555 6.1 demands. */
function decode(text: string): Buffer {
  return /^[\w-]*$/.test(text) ? Buffer.from(text, "base64url") : raise(400, "malformed", "padded base64url");
}
