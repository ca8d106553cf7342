import { createHash } from "node:crypto";
import type { Ari } from "./ari.ts";
import { backoff } from "./backoff.ts";
import type { CertificateSpec } from "./certificate.ts";
import type { CrlLook } from "./crl-look.ts";
import { type Named, RateLimitedError } from "./errors.ts";
import type { IssuerSpec } from "./issuer.ts";
import type { Chance, Clock } from "./ports.ts";
import { latestRenewal } from "./renewal.ts";
import { firstInWindow, type RenewalWindow } from "./renewal-windows.ts";
import type { Issued, IssuerRow } from "./rows.ts";

/** What a CA suggests (RFC 9773 4.2); instants are epoch ms, the end is after the start. */
export interface Suggestion {
  start: number;
  end: number;
  /** http or https, without control characters. */
  explanationUrl?: string;
  /** Retry-After, if the CA said so. */
  retryAt?: Date;
}

/**
 * The renewal information of a CA: one unauthenticated GET. Throws RefusedError (an unknown certificate, a forbidden URL),
 * RateLimitedError, UnavailableError (also for an answer that is none, and a window that ends before it begins).
 */
export interface RenewalInfoSource {
  suggestion(certId: string): Promise<Suggestion>;
}

const minute = 60_000;
/** RFC 9773 4.3.2 leaves it to us to take less for a minute and more for a day. */
const shortestMs = minute;
const longestMs = 24 * 60 * minute;
/** RFC 9773 4.3.3: after an error that will last, and where the CA names no time. */
const usualMs = 6 * 60 * minute;
/** Who lives shorter is renewed before there is much to be said, and must not wait for a look that nobody makes. */
const shortestLifeMs = 24 * 60 * minute;
/** Soon after the issuance, together with those that were issued together, when their execution is over. */
const firstMs = 10 * minute;

/** A look that is so late was not made: the sweep has the certificate decided on, and the question is put off. */
export const lateMs = 30 * minute;

/** The same, after usual time; for a question, or a list, that nobody looked at for so long. */
export function putOff<Of extends Ari | CrlLook>(look: Of, now: Date, fraction: number): Of {
  if (look.nextCheckAt >= now.getTime() - lateMs) return look;
  const lastError = "NotAsked: check-certificates did not look at it for half an hour; see its log";
  return {
    ...look,
    failures: (look.failures ?? 0) + 1,
    lastError,
    nextCheckAt: now.getTime() + spread(usualMs, fraction),
  };
}

/** Whether an issuer's CA is asked when to renew. */
export function asksForRenewalInfo(issuer: IssuerRow | undefined): boolean {
  const source = (issuer?.spec as IssuerSpec | undefined)?.acme?.renewalInformationSource;
  const offered = typeof issuer?.acme?.directory.renewalInfo === "string";
  return offered && source !== "None" && issuer?.deletedAt === undefined;
}

/** Whether anybody has to ask about a certificate: it is renewed by itself, and not within a day. */
export function isAskedAbout({ renewalTime, notBefore, notAfter }: AskedAbout): boolean {
  return renewalTime !== undefined && notAfter - notBefore >= shortestLifeMs;
}

type AskedAbout = Pick<Issued, "renewalTime" | "notBefore" | "notAfter">;

/** What is known of a certificate that nobody asked about yet; undefined when nobody has to. */
export function firstQuestion(
  { clock, chance }: { clock: Clock; chance: Chance },
  issuer: IssuerRow | undefined,
  issued: AskedAbout,
  spec: Pick<CertificateSpec, "renewal" | "renewBeforeSeconds" | "renewBeforePercentage">,
): Ari | undefined {
  if (!isAskedAbout(issued) || !asksForRenewalInfo(issuer)) return undefined;
  const latest = latestRenewal({ ...issued, ...spec });
  return {
    ...(latest === undefined ? {} : { latest }),
    ...(spec.renewal?.windows.length ? { windowed: true as const } : {}),
    nextCheckAt: clock.now().getTime() + spread(firstMs, chance.fraction()),
  };
}

/** The windows of `spec.renewal`, and the certificate's end, epoch ms. */
export interface Allowed {
  windows: RenewalWindow[];
  notAfter: number;
}

/**
 * After an answer; `fraction`: 0 <= x < 1. A window that did not move keeps its instant, what moved is chosen anew. The user's
 * own windows hold for what the CA wants, too; where none opens in time it is as if there were none.
 */
export function suggested(
  before: Ari,
  answer: { certId: string; suggestion: Suggestion; allowed?: Allowed | undefined },
  now: Date,
  fraction: number,
): Ari {
  const { certId, suggestion } = answer;
  const { start, end, explanationUrl, retryAt } = suggestion;
  const stays = before.window?.start === start && before.window.end === end;
  const chosenAt = stays ? before.window?.chosenAt : undefined;
  const { latest, windowed } = before;
  return {
    certId,
    ...(latest === undefined ? {} : { latest }),
    ...(windowed ? { windowed } : {}),
    window: { start, end, chosenAt: chosenAt ?? placed(chosenInstant(certId, start, end), answer.allowed, now) },
    ...(explanationUrl === undefined ? {} : { explanationUrl }),
    checkedAt: now.getTime(),
    nextCheckAt: now.getTime() + spread(askAgainMs(retryAt, now), fraction),
  };
}

/** After an error: the last window stands. What may pass soon is tried again soon (RFC 9773 4.3.3). */
export function unanswered(ari: Ari, error: Named | undefined, text: string, now: Date, fraction: number): Ari {
  const failures = (ari.failures ?? 0) + 1;
  return {
    ...ari,
    failures,
    lastError: text.replace(/\s+/g, " ").slice(0, 160),
    checkedAt: now.getTime(),
    nextCheckAt: afterError(error, failures, now, fraction),
  };
}

function afterError(error: Named | undefined, failures: number, now: Date, fraction: number): number {
  if (error?.name === "UnavailableError") return backoff({ failures, now, fraction }).getTime();
  const named = error instanceof RateLimitedError ? error.retryAt : undefined;
  return now.getTime() + spread(askAgainMs(named, now), fraction);
}

/** A clock that is ahead, or a CA that says nothing usable, costs no flood of questions. */
function askAgainMs(retryAt: Date | undefined, now: Date): number {
  const asked = (retryAt?.getTime() ?? Number.NaN) - now.getTime();
  if (!(asked > 0)) return usualMs;
  return Math.min(Math.max(asked, shortestMs), longestMs);
}

/** +-10 %, never under the shortest: those asked about together are not always asked about together. */
function spread(ms: number, fraction: number): number {
  return Math.max(shortestMs, Math.round(ms * (0.9 + 0.2 * fraction)));
}

function placed(chosen: number, allowed: Allowed | undefined, now: Date): number {
  if (!allowed || allowed.windows.length === 0) return chosen;
  return firstInWindow(allowed.windows, Math.max(chosen, now.getTime()), allowed.notAfter) ?? chosen;
}

/**
 * Uniform in the window, and the same for the same certificate and window: whoever asks again, and two functions that ask at
 * once, agree. Whole seconds.
 */
function chosenInstant(certId: string, start: number, end: number): number {
  const hash = createHash("sha256").update(`${certId} ${start} ${end}`).digest();
  const share = hash.readUInt32BE(0) / 2 ** 32;
  return Math.floor((start + share * (end - start)) / 1_000) * 1_000;
}
