import { lookup as dnsLookup } from "node:dns";
import type { IncomingMessage } from "node:http";
import { request as httpRequest } from "node:http";
import { Agent } from "node:https";
import type { LookupFunction } from "node:net";
import { isNamed, RefusedError, UnavailableError } from "../../../core/errors.ts";
import type { UrlRules } from "../../../core/url-guard.ts";
import { guardUrl, isUntrusted, mayBePrivate, publicLookup } from "../../../core/url-guard.ts";

export interface TransportOptions extends UrlRules {
  /** PEM of the roots to trust instead of the system's. */
  caBundle?: string | undefined;
  skipTlsVerify?: boolean | undefined;
  userAgent: string;
  /** How names resolve; tests put their own. */
  lookup?: LookupFunction;
  timeoutSeconds?: number;
  maxReplyBytes?: number;
}

export interface Reply {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string | undefined>;
  /** The parsed body when it is a JSON object, otherwise its text. */
  data: unknown;
}

export interface Transport {
  send(url: string, method: string, body?: unknown): Promise<Reply>;
  /** Closes idle connections, so that the next request opens a new one. */
  dropIdle(): void;
}

/**
 * One HTTPS request at a time, guarded (core/url-guard.ts), without redirects, with limits of time and size. Throws
 * RefusedError for a URL or a server certificate that is not trusted, UnavailableError for the network.
 *
 * node:http with an https Agent, because that is the one way that takes a trust root per issuer and that the local
 * emulator does not patch.
 */
export function httpsTransport(options: TransportOptions): Transport {
  const agent = new Agent({
    keepAlive: true,
    rejectUnauthorized: options.skipTlsVerify !== true,
    ...(options.caBundle !== undefined && { ca: options.caBundle }),
  });
  return {
    async send(url, method, body) {
      const target = checked(url, options);
      try {
        const response = await exchange(target, method, body, agent, options);
        return await readReply(response, options.maxReplyBytes ?? 1024 * 1024);
      } catch (error) {
        throw isNamed(error) ? error : networkError(error, target);
      }
    },
    dropIdle() {
      for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
    },
  };
}

/** True when a kept-alive connection turned out to be closed by the other side before it answered. */
export function isStaleConnection(error: unknown): boolean {
  const cause = error instanceof UnavailableError ? error.cause : undefined;
  return cause instanceof Error && "reusedSocket" in cause && cause.reusedSocket === true;
}

function checked(text: string, options: TransportOptions): URL {
  const guarded = guardUrl(text, options);
  if ("url" in guarded) return guarded.url;
  throw forbidden(`The URL ${text.slice(0, 200)} ${guarded.problem}.`);
}

function exchange(
  url: URL,
  method: string,
  body: unknown,
  agent: Agent,
  options: TransportOptions,
): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      agent,
      method: method.toUpperCase(),
      signal: AbortSignal.timeout((options.timeoutSeconds ?? 20) * 1000),
      lookup: lookupFor(url, options),
      headers: {
        "User-Agent": options.userAgent,
        Accept: "application/json, application/pem-certificate-chain, */*;q=0.1",
        ...(payload && { "Content-Type": "application/jose+json", "Content-Length": payload.length }),
      },
    });
    request.once("response", resolve);
    request.once("error", (error: NodeJS.ErrnoException) => {
      const reset = error.code === "ECONNRESET" || error.code === "EPIPE";
      reject(reset && request.reusedSocket ? Object.assign(error, { reusedSocket: true }) : error);
    });
    request.end(payload);
  });
}

function lookupFor(url: URL, { lookup = dnsLookup, allowedPrivateHosts }: TransportOptions): LookupFunction {
  if (mayBePrivate(url, allowedPrivateHosts)) return lookup;
  return publicLookup(lookup, (name, address) =>
    forbidden(`The name ${name} resolves to the private address ${address}.`),
  );
}

async function readReply(response: IncomingMessage, maxBytes: number): Promise<Reply> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new UnavailableError({
        reason: "BadReply",
        message: `The CA sent a reply of more than ${maxBytes} bytes.`,
      });
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const headers = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
  return { status: response.statusCode ?? 0, headers: Object.fromEntries(headers), data: parseBody(text) };
}

function parseBody(text: string): unknown {
  if (!text.trimStart().startsWith("{")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function networkError(error: unknown, url: URL): Error {
  const { code = "", message = "" } = error as NodeJS.ErrnoException;
  if (isUntrusted(code)) return untrustedServer(url, code);
  const timedOut = code === "ABORT_ERR" || code === "ETIMEDOUT";
  const what = timedOut ? "did not answer in time" : `could not be reached (${code || message})`;
  const reason = timedOut ? "CATimeout" : "CAUnreachable";
  return new UnavailableError({ reason, message: `The CA at ${url.host} ${what}.`, cause: error });
}

function untrustedServer(url: URL, code: string): RefusedError {
  return new RefusedError({
    reason: "UntrustedServer",
    message: `The TLS certificate of ${url.host} is not trusted (${code}).`,
    fix: "If the CA uses its own root, put that root's PEM into spec.acme.caBundle of the issuer.",
  });
}

function forbidden(message: string): RefusedError {
  return new RefusedError({
    reason: "ForbiddenUrl",
    message: `${message} It is not called.`,
    fix: "Use the CA's public https URL, or let the operator add this host to the installation's allowed private hosts.",
  });
}
