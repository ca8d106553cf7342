import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { isIP } from "node:net";
import type { AnswerLook } from "../../core/http-answer.ts";
import { answerPath } from "../../core/http-answer.ts";
import { isPrivateAddress, mayBePrivate } from "../../core/url-guard.ts";
import type { Resolve } from "./resolve.ts";
import { lookupWith } from "./resolve.ts";

export interface LookOptions {
  resolve: Resolve;
  /** Hosts, or addresses, that may be looked at although they are private. */
  allowedPrivateHosts: readonly string[];
  userAgent: string;
  /** What stands for port 80: the local stack cannot listen there. */
  port?: number | undefined;
  /** For one answer, all redirects together. */
  timeoutMs?: number;
}

/** Let's Encrypt follows so many redirects (https://letsencrypt.org/docs/challenge-types/), to ports 80 and 443 only. */
const mostRedirects = 10;
const mostBytes = 1_024;
const shownCharacters = 60;

/** Looks at HTTP01 answers over the network, guarded: nobody's name or redirect leads to a private address. */
export function answerLook(options: LookOptions): AnswerLook {
  return {
    async look(identifier, { token, keyAuthorization }) {
      const host = isIP(identifier) === 6 ? `[${identifier}]` : identifier;
      const signal = AbortSignal.timeout(options.timeoutMs ?? 10_000);
      const visit: Visit = { url: new URL(`http://${host}${answerPath(token)}`), redirects: 0 };
      try {
        const seen = await follow(visit, options, signal);
        const isShort = seen.body.length <= mostBytes;
        if (seen.status === 200 && isShort && seen.body.trimEnd() === keyAuthorization) return { right: true };
        return { right: false, instead: `${place(visit, token)} ${answered(seen, visit, token)}` };
      } catch (error) {
        const fault = signal.aborted ? "did not answer in time" : faultOf(error);
        return { right: false, instead: `${place(visit, token)} ${fault}` };
      }
    },
  };
}

/** Where we are; changed by each redirect. */
interface Visit {
  url: URL;
  redirects: number;
}

interface Seen {
  status: number;
  body: string;
  address: string | undefined;
}

/** What a person is told of a place that is not looked at. */
class Refusal extends Error {}

async function follow(visit: Visit, options: LookOptions, signal: AbortSignal): Promise<Seen> {
  for (;;) {
    const response = await get(visit.url, options, signal);
    const next = redirectOf(response, visit.url);
    if (!next) return read(response);
    response.destroy();
    visit.redirects += 1;
    if (visit.redirects > mostRedirects) throw new Refusal(`redirects more than ${mostRedirects} times`);
    visit.url = next;
  }
}

function get(url: URL, options: LookOptions, signal: AbortSignal): Promise<IncomingMessage> {
  refuse(url, options);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const overTls = url.protocol === "https:";
  const lookup = lookupWith(options.resolve, (address) => {
    if (isForbidden(address, url, options)) return new Refusal(`resolves to the private address ${address}`);
    return undefined;
  });
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = httpRequest({
      // Whatever certificate is there, a CA accepts it: the name is what is yet to be proven.
      agent: overTls ? new HttpsAgent({ rejectUnauthorized: false }) : new HttpAgent(),
      protocol: url.protocol,
      host: hostname,
      port: overTls ? 443 : (options.port ?? 80),
      ...(overTls && isIP(hostname) === 0 && { servername: hostname }),
      path: `${url.pathname}${url.search}`,
      headers: { Host: url.host, "User-Agent": options.userAgent, Accept: "*/*" },
      signal,
      lookup,
    });
    sent.once("response", resolve);
    sent.once("error", reject);
    sent.end();
  });
}

/** An address in the URL itself is never looked up. */
function refuse(url: URL, options: LookOptions): void {
  if (!["http:", "https:"].includes(url.protocol)) throw new Refusal("is neither http nor https");
  if (url.port !== "") throw new Refusal("is on another port than 80 or 443");
  if (url.username || url.password) throw new Refusal("carries credentials");
  const address = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(address) !== 0 && isForbidden(address, url, options)) throw new Refusal("is a private address");
}

function isForbidden(address: string, url: URL, { allowedPrivateHosts }: LookOptions): boolean {
  return isPrivateAddress(address) && !allowedPrivateHosts.includes(address) && !mayBePrivate(url, allowedPrivateHosts);
}

function redirectOf({ statusCode = 0, headers }: IncomingMessage, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) return undefined;
  const next = URL.parse(headers.location, from.href);
  if (!next) throw new Refusal("redirects to what is no URL");
  return next;
}

/** Little more of the body than an answer is long. */
async function read(response: IncomingMessage): Promise<Seen> {
  const address = response.socket.remoteAddress;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostBytes) break;
  }
  const body = Buffer.concat(chunks).toString("utf8");
  return { status: response.statusCode ?? 0, body, address };
}

/** Without the token, and without a query that somebody may have put a secret into. */
function place({ url }: Visit, token: string): string {
  return `${url.origin}${url.pathname.replaceAll(token, "<token>").slice(0, 200)}`;
}

/** Of a place that a redirect led to the text is not shown: it may be meant for others. */
function answered({ status, body, address }: Seen, { redirects }: Visit, token: string): string {
  const text = body.replaceAll(token, "<token>").replace(/[^\u0021-\u007e]+/g, " ");
  const start = text.trim().slice(0, shownCharacters);
  const what = redirects > 0 || start === "" ? "" : `: "${start}"`;
  const wrong = status === 200 ? "with something else" : String(status);
  return `answered ${wrong} (from ${address ?? "nowhere"})${what}`;
}

function faultOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const { code = "", message = "" } = error as NodeJS.ErrnoException;
  if (["ENOTFOUND", "ENODATA", "ESERVFAIL"].includes(code)) return "has no address in DNS";
  const refused = (error as AggregateError).errors?.[0] ?? error;
  const { address, code: reason = code } = refused as { address?: string; code?: string };
  return `cannot be reached${address === undefined ? "" : ` at ${address}`} (${reason || message})`;
}
