import type { DnsAccess } from "../../core/dns-adapter.ts";
import { RateLimitedError, RefusedError, UnavailableError } from "../../core/errors.ts";

/** A vendor's name, and its reasons in docs/errors.md. */
export interface Vendor {
  name: string;
  refused: { reason: string; fix: string };
  unavailable: { reason: string };
  limited: { reason: string };
}

export interface JsonRequest {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query. */
  url: string;
  headers: Record<string, string>;
  /** URLSearchParams go as a form. */
  body?: object;
}

export interface JsonAnswer {
  ok: boolean;
  status: number;
  /** Undefined when there was none, or no JSON. */
  body: unknown;
}

const timeoutMs = 20_000;
const mostRetryAfterSeconds = 3_600;

/** One call of a JSON API; follows no redirect. Throws RateLimitedError or UnavailableError; any other status is an answer. */
export async function askJson(
  vendor: Vendor,
  { fetch, clock }: Pick<DnsAccess, "fetch" | "clock">,
  { method, url, headers, body }: JsonRequest,
): Promise<JsonAnswer> {
  const called = `${method} ${new URL(url).pathname}`;
  const unavailable = (what: string, cause?: unknown) =>
    new UnavailableError({ ...vendor.unavailable, message: `${vendor.name} ${what} ${called}`, cause });
  try {
    const answer = await fetch(url, {
      method,
      headers: { ...headers, accept: "application/json", ...(body && { "content-type": typeOf(body) }) },
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
      ...(body && { body: body instanceof URLSearchParams ? String(body) : JSON.stringify(body) }),
    });
    const { ok, status } = answer;
    const text = await answer.text();
    if (status === 429) throw limited(vendor, called, answer.headers.get("retry-after"), clock.now());
    if (status >= 500) throw unavailable(`answered ${status} to`);
    return { ok, status, body: jsonOf(text) };
  } catch (error) {
    if (error instanceof RateLimitedError || error instanceof UnavailableError) throw error;
    throw unavailable("did not answer", error);
  }
}

/** What follows from any other answer; `words` are the API's own. */
export function refusedBy(vendor: Vendor, { status }: JsonAnswer, called: string, words: string): RefusedError {
  const said = words === "" ? "" : `: ${words.slice(0, 300)}`;
  return new RefusedError({ ...vendor.refused, message: `${vendor.name} answered ${status} to ${called}${said}` });
}

/**
 * A stored credential as a header takes it. Checked here, since fetch would put a value that it refuses into its message.
 * Throws RefusedError DnsCredentialInvalid.
 */
export function credentialIn(text: string, field: string): string {
  const credential = text.trim();
  if (/^[\x21-\x7e]+$/.test(credential)) return credential;
  throw new RefusedError({
    reason: "DnsCredentialInvalid",
    message: `the secret that ${field} names holds no credential: it is empty, or has characters that none has`,
    fix: "store it exactly as the provider gave it",
  });
}

function limited(
  { name, limited: { reason }, unavailable }: Vendor,
  called: string,
  retryAfter: string | null,
  now: Date,
) {
  const message = `${name} answered 429 to ${called}`;
  const seconds = Number(retryAfter);
  if (retryAfter === null || !(seconds >= 0)) return new UnavailableError({ ...unavailable, message });
  const retryAt = new Date(now.getTime() + Math.min(seconds, mostRetryAfterSeconds) * 1_000);
  return new RateLimitedError({ reason, message, retryAt });
}

function typeOf(body: object): string {
  return body instanceof URLSearchParams ? "application/x-www-form-urlencoded" : "application/json";
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
