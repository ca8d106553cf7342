const minute = 60_000;

/** Minutes before the next try after the first, second ... failure in a row; the last one repeats. */
const ladders = { cluster: [1, 2, 5, 10], mirror: [1, 2, 5, 10, 30] };

export interface RetryInput {
  /** Of a whole cluster that cannot be reached, or of one Secret in a cluster that answers. */
  of: keyof typeof ladders;
  /** Failures in a row, this one included. */
  failures: number;
  now: Date;
  /** 0 <= x < 1: spreads the delay by +-20 %. */
  fraction: number;
}

/** Epoch ms of the next try after a failure. */
export function retryAfter({ of, failures, now, fraction }: RetryInput): number {
  const ladder = ladders[of];
  const minutes = ladder[Math.min(Math.max(failures, 1), ladder.length) - 1] ?? 1;
  return now.getTime() + Math.round(minutes * minute * (0.8 + 0.4 * fraction));
}
