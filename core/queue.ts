import type { Bucket } from "./rate-limit.ts";
import type { BucketRow } from "./rows.ts";

/** So many may ask for each token that comes back, so that none is left lying when one of them is gone. */
const asksPerToken = 2;
/** The longest until one asks again: limits are raised, and those in front give up. */
const longestMs = 3 * 86_400_000;

/** The row of those who wait for a bucket's tokens; its `at` is where the queue ends, its tokens mean nothing. */
export function queueKey({ key }: Pick<Bucket, "key">): string {
  return `queue#${key}`;
}

/**
 * The next place in the queue: when to ask again, an estimate and no reservation. Without it all who wait would ask for every
 * single token. `from`: when there is a token at all.
 */
export function nextPlace(
  bucket: Bucket,
  row: BucketRow | undefined,
  from: Date,
  now: Date,
): { at: Date; row: BucketRow } {
  const last = now.getTime() + longestMs;
  const place = Math.min(Math.max(row?.at ?? 0, from.getTime()), last);
  const end = Math.min(place + (bucket.refillSeconds * 1_000) / asksPerToken, last);
  return { at: new Date(place), row: rowOf(bucket, row, Math.ceil(end)) };
}

/** A full bucket shows that nobody waits any more, whatever the row says; undefined when there is nothing to correct. */
export function nobodyWaits(bucket: Bucket, row: BucketRow | undefined, now: Date): BucketRow | undefined {
  return row && row.at > now.getTime() ? rowOf(bucket, row, now.getTime()) : undefined;
}

function rowOf(bucket: Bucket, row: BucketRow | undefined, at: number): BucketRow {
  return { key: queueKey(bucket), version: row?.version ?? 0, tokens: 0, at };
}
