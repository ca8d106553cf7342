import type { BucketRow } from "./rows.ts";

/** A limit somebody else enforces, as we count it. */
export interface Bucket {
  /** Unique in the installation, e.g. `orders#<account URL>`. */
  key: string;
  capacity: number;
  /** Seconds until one token more. */
  refillSeconds: number;
}

/** What first issuances may use of a bucket; renewals may use all of it. */
const firstIssuanceShare = 0.8;

/** Tokens in the bucket now; a bucket nobody touched is full. A CA's 429 can make it negative. */
export function tokensIn(bucket: Bucket, row: BucketRow | undefined, now: Date): number {
  if (!row) return bucket.capacity;
  const refilled = (now.getTime() - row.at) / (bucket.refillSeconds * 1_000);
  return Math.min(bucket.capacity, row.tokens + Math.max(refilled, 0));
}

/** Tokens that must stay in it: a fifth is kept for renewals, but a full bucket always serves one first issuance. */
export function reserve(bucket: Bucket, renewal: boolean): number {
  if (renewal) return 0;
  const fifth = Math.ceil(bucket.capacity * (1 - firstIssuanceShare) - 1e-9);
  return Math.max(0, Math.min(fifth, bucket.capacity - 1));
}

/** When the bucket will hold this many tokens. */
export function fullTo(bucket: Bucket, row: BucketRow | undefined, tokens: number, now: Date): Date {
  const missing = tokens - tokensIn(bucket, row, now);
  return new Date(now.getTime() + Math.max(Math.ceil(missing * bucket.refillSeconds * 1_000), 0));
}

/** The row after taking (or, negative, giving back) tokens; never above the capacity. */
export function take(bucket: Bucket, row: BucketRow | undefined, tokens: number, now: Date): BucketRow {
  const left = Math.min(tokensIn(bucket, row, now) - tokens, bucket.capacity);
  return { key: bucket.key, version: row?.version ?? 0, tokens: left, at: now.getTime() };
}

/** The row after the CA said that nothing goes before `retryAt`: its word overrules our count. */
export function emptyUntil(bucket: Bucket, row: BucketRow | undefined, retryAt: Date, now: Date): BucketRow {
  const missing = (retryAt.getTime() - now.getTime()) / (bucket.refillSeconds * 1_000);
  return { key: bucket.key, version: row?.version ?? 0, tokens: 1 - Math.max(missing, 0), at: now.getTime() };
}
