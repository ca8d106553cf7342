import { madeBy } from "./aws-call.ts";
import type { Call } from "./calls.ts";
import type { Reply, Request } from "./proxy.ts";

/** What a request to Pebble is, by Pebble's own paths. */
export function describeAcme(request: Request): Omit<Call, "id"> {
  const made = madeBy(request);
  return {
    at: Date.now(),
    service: "acme",
    action: paths.find(([path]) => request.path.startsWith(path))?.[1] ?? "unknown",
    ...(made === undefined ? {} : { function: made }),
    parameters: { method: request.method, path: request.path, ...orderPayload(request) },
  };
}

/** Path, body, and the parts of its JWS in clear: the account's URL is in the protected header (RFC 8555 6.2). */
export function saidToAcme({ path, body }: Request): string {
  const text = body.toString("utf8");
  const parts = Object.entries(parse(text)).filter(([name]) => name === "protected" || name === "payload");
  const clear = parts.map(([, part]) => Buffer.from(String(part), "base64url").toString("utf8"));
  return [path, text, ...clear].join(" ");
}

/** The paths that an order or an authorization in an answer leads to, and the names it is about (RFC 8555 7.1.3, 7.1.4). */
export function leadsTo(reply: Reply): { paths: string[]; names: string } | undefined {
  if (!String(reply.headers["content-type"] ?? "").includes("json")) return undefined;
  const shown: Subject = parse(reply.body.toString("utf8"));
  const { identifiers, identifier, finalize, certificate, authorizations, challenges } = shown;
  const asked = identifiers ?? (identifier ? [identifier] : []);
  if (asked.length === 0) return undefined;
  const own = [reply.headers.location, finalize, certificate, ...(authorizations ?? [])];
  const urls = [...own, ...(challenges ?? []).map(({ url }) => url)];
  const paths = urls.flatMap((url) => (typeof url === "string" && URL.canParse(url) ? [new URL(url).pathname] : []));
  return { paths, names: asked.map(({ value }) => value).join(" ") };
}

interface Subject {
  identifiers?: { value: string }[];
  identifier?: { value: string };
  finalize?: string;
  certificate?: string;
  authorizations?: string[];
  challenges?: { url: string }[];
}

/** What an answer of the CA says: the last part of its error type, or the status of the object it shows. */
export function acmeAnswer(reply: Reply): Pick<Call, "error" | "objectStatus"> {
  if (!String(reply.headers["content-type"] ?? "").includes("json")) return {};
  const { type, status } = parse(reply.body.toString("utf8"));
  const error = reply.status >= 400 ? (/([^:]+)$/.exec(String(type))?.[1] ?? `HTTP${reply.status}`) : undefined;
  return {
    ...(error === undefined ? {} : { error }),
    ...(typeof status === "string" ? { objectStatus: status } : {}),
  };
}

/** A problem document (RFC 8555 6.7). */
export function acmeRefusal(answer: { status: number; code: string; message?: string }, nonce?: string): Reply {
  const { status, code, message = "refused by the local stack" } = answer;
  return {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(nonce === undefined ? {} : { "replay-nonce": nonce }),
    },
    body: Buffer.from(JSON.stringify({ type: `urn:ietf:params:acme:error:${code}`, detail: message, status })),
  };
}

const paths: [prefix: string, action: string][] = [
  ["/dir", "directory"],
  ["/nonce-plz", "newNonce"],
  ["/sign-me-up", "newAccount"],
  ["/my-account/", "account"],
  ["/order-plz", "newOrder"],
  ["/my-order/", "order"],
  ["/finalize-order/", "finalize"],
  ["/authZ/", "authorization"],
  ["/chalZ/", "challenge"],
  ["/certZ/", "certificate"],
  ["/list-orderz/", "orders"],
  ["/revoke-cert", "revokeCert"],
  ["/rollover-account-key", "keyChange"],
  ["/draft-ietf-acme-ari-03/renewalInfo", "renewalInfo"],
];

// An order names public things only; the payload of every other request stays unread.
function orderPayload(request: Request): Record<string, unknown> {
  if (!request.path.startsWith("/order-plz")) return {};
  const payload = parse(request.body.toString("utf8")).payload;
  if (typeof payload !== "string") return {};
  const { identifiers, profile, replaces } = parse(Buffer.from(payload, "base64url").toString("utf8"));
  return { identifiers, profile, replaces };
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
