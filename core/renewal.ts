import type { RenewalPolicy } from "./renewal-fields.ts";
import { firstInWindow } from "./renewal-windows.ts";
import type { CertificateRow, Issued } from "./rows.ts";
import { rfc3339 } from "./status.ts";

export interface RenewalInput {
  /** Epoch ms, both from the certificate itself: a CA may give another lifetime than asked. */
  notBefore: number;
  notAfter: number;
  renewBeforeSeconds?: number | undefined;
  renewBeforePercentage?: number | undefined;
  /** `spec.renewal`; absent means RenewBefore, at any time. */
  renewal?: RenewalPolicy | undefined;
  /** 0 <= x < 1: moves the instant earlier, by at most a twentieth of the time up to it. */
  fraction: number;
}

/** From a day on renewals fall together, every three minutes: those of 100,000 certificates of 7 days fill whole batches. */
const togetherMs = 3 * 60_000;
const dayMs = 86_400_000;

/** When to renew: epoch ms, whole seconds; absent when it is never renewed by itself. */
export interface Renewal {
  at?: number;
  /** No window opens in time; `at` is then as if there were none. */
  windowError?: string;
}

/**
 * When to renew. As cert-manager: renewBefore if it fits into the real lifetime, else the percentage of it, else a third of it;
 * then spread to earlier, so that certificates issued together do not renew together. An instant in no window moves to the start
 * of the next one, so what is spread stays inside them; those that meet there fill whole batches, at the issuer's pace.
 */
export function renewalTime(input: RenewalInput): Renewal {
  const { notAfter, renewal } = input;
  if (renewal?.policy === "Disabled") return {};
  const desired = spread(input);
  if (!renewal || renewal.windows.length === 0) return { at: desired };
  const at = firstInWindow(renewal.windows, desired, notAfter);
  if (at !== undefined) return { at };
  const windowError = `no window of spec.renewal opens between ${rfc3339(desired)} and the end of the certificate at ${rfc3339(notAfter)}: it renews as if there were none`;
  return { at: desired, windowError };
}

function spread(input: RenewalInput): number {
  const lifetime = input.notAfter - input.notBefore;
  const desired = input.notAfter - renewBefore(input, lifetime);
  const earlier = input.fraction * ((desired - input.notBefore) / 20);
  const step = desired - earlier - input.notBefore > dayMs ? togetherMs : 1_000;
  return Math.floor((desired - earlier) / step) * step;
}

/** Of the lifetime that is left when the CA wants a renewal later than that: the backoff of a day and more fits into it. */
const latestShare = 6;

/**
 * The latest instant to which a CA may postpone the renewal, epoch ms. What the spec says of renewBefore is meant as a limit;
 * without it a sixth of the lifetime stays, so that failures still have time. With windows (or without renewals) it may not at
 * all: our own time is in one.
 */
export function latestRenewal(input: Omit<RenewalInput, "fraction">): number | undefined {
  if (input.renewal) return undefined;
  const lifetime = input.notAfter - input.notBefore;
  const asked = input.renewBeforeSeconds !== undefined || input.renewBeforePercentage !== undefined;
  return Math.floor(input.notAfter - (asked ? renewBefore(input, lifetime) : lifetime / latestShare));
}

/**
 * When the working certificate is renewed, epoch ms: at the instant that its CA suggested, but never too late, or at our own;
 * undefined when it is not renewed by itself.
 */
export function renewsAt({ renewalTime }: Pick<Issued, "renewalTime">, ari: CertificateRow["ari"]): number | undefined {
  const chosen = ari?.window?.chosenAt;
  if (renewalTime === undefined || chosen === undefined) return renewalTime;
  return Math.min(chosen, Math.max(renewalTime, ari?.latest ?? 0));
}

/**
 * What a row with a working certificate waits for when nothing else is to be done: its renewal, or before that a look (its CA is
 * asked, or its CA's revocation list read), or, where it is not renewed by itself, its end, so that Ready says so. All but
 * renewals go with the lane new: renewals do not wait for them, and nobody has to hear how little life is left.
 */
export function nextLook(
  { issued, ari, crl }: { issued: Issued } & Pick<CertificateRow, "ari" | "crl">,
  now: Date,
): Pick<CertificateRow, "dueAt" | "lane"> {
  const renewal = renewsAt(issued, ari);
  const look = Math.min(ari?.nextCheckAt ?? Number.POSITIVE_INFINITY, crl?.nextCheckAt ?? Number.POSITIVE_INFINITY);
  if (look < (renewal ?? issued.notAfter)) return { dueAt: look, lane: "new" };
  if (renewal !== undefined) return { dueAt: renewal, lane: "renew" };
  return issued.notAfter > now.getTime() ? { dueAt: issued.notAfter, lane: "new" } : {};
}

function renewBefore(input: Omit<RenewalInput, "fraction">, lifetime: number): number {
  const asked = (input.renewBeforeSeconds ?? 0) * 1_000;
  if (asked > 0 && asked < lifetime) return asked;
  const percentage = input.renewBeforePercentage ?? 0;
  if (percentage > 0 && percentage < 100) return (lifetime * percentage) / 100;
  return lifetime / 3;
}

/** At most this many automatic issuances within a third of the lifetime. */
export const fenceIssuances = 3;

/** The instant until which the runaway fence holds, or undefined. `recent`: epoch ms, newest first. */
export function fencedUntil(recent: number[], notBefore: number, notAfter: number, now: Date): number | undefined {
  const window = (notAfter - notBefore) / 3;
  const oldest = recent[fenceIssuances - 1];
  return oldest !== undefined && oldest + window > now.getTime() ? oldest + window : undefined;
}
