import { lookup as systemLookup } from "node:dns";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { isNamed, RefusedError, UnavailableError } from "../../../core/errors.ts";
import { guardUrl, mayBePrivate, publicLookup } from "../../../core/url-guard.ts";

export interface HttpsOptions {
  /** Hosts, with or without port, that may be private (core/url-guard.ts). */
  allowedPrivateHosts: readonly string[];
  /** PEM of a root to trust instead of the public ones; tests put their own. */
  caBundle?: string;
  timeoutMs?: number;
}

const timeoutMs = 10_000;
const mostBytes = 65_535;

/** Sends one DNS message to a DoH server (RFC 8484 4.1) and gives its answer. Follows no redirect. */
export async function overHttps(text: string, message: Buffer, options: HttpsOptions): Promise<Buffer> {
  const guarded = guardUrl(text, { allowedPrivateHosts: options.allowedPrivateHosts });
  if ("problem" in guarded) throw forbidden(text, guarded.problem);
  try {
    const response = await post(guarded.url, message, options);
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
    return await bodyOf(response);
  } catch (cause) {
    if (isNamed(cause)) throw cause;
    const what = cause instanceof Error ? cause.message : String(cause);
    const failed = `The DNS server ${text} did not answer (${what}).`;
    throw new UnavailableError({ reason: "NameServerUnavailable", message: failed, cause });
  }
}

function post(url: URL, message: Buffer, options: HttpsOptions): Promise<IncomingMessage> {
  const { allowedPrivateHosts, caBundle } = options;
  const system: LookupFunction = systemLookup;
  const guarded = publicLookup(system, (host, address) =>
    forbidden(host, `resolves to the private address ${address}`),
  );
  const type = "application/dns-message";
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, {
      method: "POST",
      signal: AbortSignal.timeout(options.timeoutMs ?? timeoutMs),
      lookup: mayBePrivate(url, allowedPrivateHosts) ? system : guarded,
      headers: { Accept: type, "Content-Type": type, "Content-Length": message.length },
      ...(caBundle !== undefined && { ca: caBundle }),
    });
    request.once("response", resolve);
    request.once("error", reject);
    request.end(message);
  });
}

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function forbidden(server: string, problem: string): RefusedError {
  return new RefusedError({
    reason: "ForbiddenNameServer",
    message: `The DNS server ${server} ${problem}. It is not asked.`,
    fix: "Use its public address, or let the operator add this host to the installation's allowed private hosts.",
  });
}
