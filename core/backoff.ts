/** Seconds before the next try after the first, second ... failure; the last one repeats. */
const ladderSeconds = [60, 600, 3_600, 3 * 3_600, 6 * 3_600];

export interface BackoffInput {
  /** Failures in a row, this one included. */
  failures: number;
  now: Date;
  /** Epoch ms at which the working certificate ends; no delay is longer than a tenth of what is left. */
  notAfter?: number | undefined;
  /** 0 <= x < 1: spreads the delay by +-20 %. */
  fraction: number;
}

/** When to try again after a failure. */
export function backoff({ failures, now, notAfter, fraction }: BackoffInput): Date {
  const step = Math.min(Math.max(failures, 1), ladderSeconds.length) - 1;
  const spread = (ladderSeconds[step] ?? 60) * 1_000 * (0.8 + 0.4 * fraction);
  const left = notAfter === undefined ? 0 : notAfter - now.getTime();
  const delay = left > 0 ? Math.max(Math.min(spread, left / 10), 1_000) : spread;
  return new Date(now.getTime() + Math.round(delay));
}
