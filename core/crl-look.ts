import { backoff } from "./backoff.ts";
import { certificatesOf, crlUrlsOf } from "./certificate-identity.ts";
import { isNamed } from "./errors.ts";
import type { Chance, Clock } from "./ports.ts";

/** When the revocation list of a working certificate is read, where its CA is not asked when to renew; instants are epoch ms. */
export interface CrlLook {
  nextCheckAt: number;
  checkedAt?: number;
  /** In a row. */
  failures?: number;
  lastError?: string;
}

const dayMs = 86_400_000;
/** On the same minutes, so that those of one list are often read about together. */
const togetherMs = 10 * 60_000;

/** The first reading, a day after the issuance; undefined when the certificate (PEM, leaf first) names no list that can be read. */
export function firstCrlLook({ clock, chance }: { clock: Clock; chance: Chance }, chain: string): CrlLook | undefined {
  const [leaf] = certificatesOf(chain);
  if (!leaf || crlUrlsOf(leaf).length === 0) return undefined;
  return { nextCheckAt: nextReading(clock.now(), chance.fraction()) };
}

/** After a list that could be used. */
export function wasRead(now: Date, fraction: number): CrlLook {
  return { nextCheckAt: nextReading(now, fraction), checkedAt: now.getTime() };
}

/** After one that could not; `text` says why. What may pass soon is tried again soon. */
export function wasNotRead(before: CrlLook, error: unknown, text: string, now: Date, fraction: number): CrlLook {
  const failures = (before.failures ?? 0) + 1;
  const passes = isNamed(error) && error.name === "UnavailableError";
  return {
    nextCheckAt: passes ? backoff({ failures, now, fraction }).getTime() : nextReading(now, fraction),
    checkedAt: now.getTime(),
    failures,
    lastError: text.replace(/\s+/g, " ").slice(0, 160),
  };
}

/** Once a day, +-10 %. */
function nextReading(now: Date, fraction: number): number {
  return Math.floor((now.getTime() + dayMs * (0.9 + 0.2 * fraction)) / togetherMs) * togetherMs;
}
