import type { Work } from "./work.ts";

/** Seconds between polls when the CA names no time; the last one repeats. An order may be pending for hours. */
const pollSeconds = [1, 2, 3, 5, ...new Array<number>(20).fill(10), 60];
/** The same in a batch, whose slowest order counts: each round is three transitions. */
const batchPollSeconds = [4, 6, 10, 10];

/** When to ask the CA again: what its Retry-After says, never sooner than a second. */
export function nextPoll(
  { deps, alone, round }: Pick<Work, "deps" | "alone" | "round">,
  retryAt: Date | undefined,
): Date {
  const now = deps.clock.now().getTime();
  const pauses = alone ? pollSeconds : batchPollSeconds;
  const seconds = pauses[Math.min(round, pauses.length - 1)] ?? 1;
  return new Date(Math.max(retryAt?.getTime() ?? now + seconds * 1_000, now + 1_000));
}
