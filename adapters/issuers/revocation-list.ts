import { lookup as dnsLookup } from "node:dns";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { LookupFunction } from "node:net";
import { isNamed, RefusedError, UnavailableError } from "../../core/errors.ts";
import { guardUrl, mayBePrivate, publicLookup } from "../../core/url-guard.ts";

export interface RevocationListOptions {
  allowedPrivateHosts: readonly string[];
  userAgent: string;
  /** How names resolve; tests put their own. */
  lookup?: LookupFunction;
  timeoutMs?: number;
  maxBytes?: number;
}

/**
 * Downloads revocation lists: plain http will do, because they are signed. No redirects; at most 8 MB within 8 s, so that a few at
 * once fit into a function's memory and time.
 */
export function revocationLists(options: RevocationListOptions): (url: string) => Promise<Uint8Array> {
  return async (text) => {
    const guarded = guardUrl(text, { allowedPrivateHosts: options.allowedPrivateHosts, signedContent: true });
    if ("problem" in guarded) throw forbidden(`${text.slice(0, 200)} ${guarded.problem}`);
    try {
      return await read(await get(guarded.url, options), options.maxBytes ?? 8 * 1024 * 1024);
    } catch (error) {
      throw isNamed(error) ? error : unavailable(guarded.url, error);
    }
  };
}

function get(url: URL, options: RevocationListOptions): Promise<IncomingMessage> {
  const { allowedPrivateHosts, userAgent, lookup = dnsLookup as unknown as LookupFunction } = options;
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, {
      agent: url.protocol === "https:" ? new HttpsAgent() : new HttpAgent(),
      signal: AbortSignal.timeout(options.timeoutMs ?? 8_000),
      lookup: mayBePrivate(url, allowedPrivateHosts)
        ? lookup
        : publicLookup(lookup, (name, address) => forbidden(`${name} resolves to the private address ${address}`)),
      headers: { "User-Agent": userAgent, Accept: "application/pkix-crl, */*;q=0.1" },
    });
    sent.once("response", resolve);
    sent.once("error", reject);
    sent.end();
  });
}

async function read(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`answered ${response.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function forbidden(what: string): RefusedError {
  const fix = "let the operator add this host to the installation's allowed private hosts, if it is to be read";
  return new RefusedError({ reason: "ForbiddenUrl", message: `${what}: its revocation list is not read`, fix });
}

/** The query stays here: somebody may have put a secret into it. */
function unavailable(url: URL, cause: unknown): UnavailableError {
  const { code, message = "" } = cause as NodeJS.ErrnoException;
  const what = code === "ABORT_ERR" ? "did not answer in time" : code || message;
  const place = `${url.origin}${url.pathname}`.slice(0, 200);
  return new UnavailableError({ reason: "ListUnavailable", message: `${place}: ${what}`, cause });
}
