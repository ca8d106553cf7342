import { type Admission, admit, bucketsOf, type Candidate } from "./admission.ts";
import type { RateLimits } from "./limits.ts";
import type { State } from "./ports.ts";
import { type Bucket, emptyUntil, take } from "./rate-limit.ts";
import type { BucketRow } from "./rows.ts";

/** How often a lost race for the same buckets is repeated at once; who takes may come back later, who gives may not. */
const races = 6;
const racesToGive = 30;

/** Where candidates go when every race for the buckets was lost. */
const contendedSeconds = 10;

/** Takes tokens for a group of one issuer and answers its batches; what got no token has an instant to come back. */
export async function takeTokens(
  state: State,
  candidates: Candidate[],
  issuer: { id: string; limits: RateLimits },
  now: Date,
): Promise<Pick<Admission, "batches" | "later">> {
  const batches: Candidate[][] = [];
  const later: Admission["later"] = new Map();
  let open = candidates;
  for (let race = 0; open.length > 0 && race < races; ) {
    const admission = admit(open, issuer, await state.buckets(bucketsOf(open, issuer)), now);
    if (admission.rows.length > 0 && (await state.putBuckets(admission.rows)) === "conflict") {
      race += 1;
      continue;
    }
    batches.push(...admission.batches);
    for (const [id, when] of admission.later) later.set(id, when);
    if (admission.rest.length === open.length) break;
    open = admission.rest;
  }
  const contended = new Date(now.getTime() + contendedSeconds * 1_000);
  const taken = new Set([...batches.flat().map((one) => one.id), ...later.keys()]);
  for (const { id } of candidates) if (!taken.has(id)) later.set(id, { at: contended, bucket: "contended" });
  return { batches, later };
}

/** Gives one token back to each bucket; best effort, for a full bucket it changes nothing. */
export async function giveBack(state: State, buckets: Bucket[], now: Date): Promise<void> {
  const counts = new Map<string, { bucket: Bucket; tokens: number }>();
  for (const bucket of buckets) {
    counts.set(bucket.key, { bucket, tokens: (counts.get(bucket.key)?.tokens ?? 0) + 1 });
  }
  await rewrite(
    state,
    [...counts.values()].map(({ bucket }) => bucket),
    (bucket, row) => (row ? take(bucket, row, -(counts.get(bucket.key)?.tokens ?? 0), now) : undefined),
  );
}

/** The CA said 429: these buckets hold nothing before `retryAt`. */
export async function overrule(state: State, buckets: Bucket[], retryAt: Date, now: Date): Promise<void> {
  await rewrite(state, buckets, (bucket, row) => emptyUntil(bucket, row, retryAt, now));
}

async function rewrite(
  state: State,
  buckets: Bucket[],
  change: (bucket: Bucket, row: BucketRow | undefined) => BucketRow | undefined,
): Promise<void> {
  for (let start = 0; start < buckets.length; start += 100) {
    const slice = buckets.slice(start, start + 100);
    for (let race = 0; race < racesToGive; race += 1) {
      const read = await state.buckets(slice.map((bucket) => bucket.key));
      const rows = slice.flatMap((bucket) => change(bucket, read.get(bucket.key)) ?? []);
      if (rows.length === 0 || (await state.putBuckets(rows)) === "saved") break;
    }
  }
}
