import { createHmac, hash } from "node:crypto";

export interface EdgeGridClient {
  clientToken: string;
  clientSecret: string;
  accessToken: string;
}

export interface SignedRequest {
  method: string;
  url: string;
  /** The body's text, to the letter. */
  body?: string | undefined;
}

/** Akamai signs this much of a body. */
const maxBodyBytes = 131_072;

/** The Authorization header of a request (https://techdocs.akamai.com/developer/docs/edgegrid); a nonce is used once. */
export function edgeGridHeader(client: EdgeGridClient, request: SignedRequest, now: Date, nonce: string): string {
  const timestamp = `${now.toISOString().slice(0, 19).replaceAll("-", "")}+0000`;
  const { clientToken, clientSecret, accessToken } = client;
  const header = `EG1-HMAC-SHA256 client_token=${clientToken};access_token=${accessToken};timestamp=${timestamp};nonce=${nonce};`;
  const { protocol, host, pathname, search } = new URL(request.url);
  const noHeaders = "";
  const signed = [
    request.method,
    protocol.slice(0, -1),
    host,
    `${pathname}${search}`,
    noHeaders,
    bodyHash(request),
    header,
  ];
  return `${header}signature=${hmac(signed.join("\t"), hmac(timestamp, clientSecret))}`;
}

/** Only of POST: a PUT's body is not signed. */
function bodyHash({ method, body = "" }: SignedRequest): string {
  return method === "POST" && body !== "" ? hash("sha256", Buffer.from(body).subarray(0, maxBodyBytes), "base64") : "";
}

function hmac(text: string, key: string): string {
  return createHmac("sha256", key).update(text).digest("base64");
}
