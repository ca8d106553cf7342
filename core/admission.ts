import { executionsBucket, inFlightBucket, isRenewal, type RateLimits } from "./limits.ts";
import type { Needs } from "./needs.ts";
import { nextPlace, nobodyWaits, queueKey } from "./queue.ts";
import { type Bucket, fullTo, reserve, take, tokensIn } from "./rate-limit.ts";
import type { BucketRow, Lane } from "./rows.ts";

/** A decided issuance that asks for its place in an execution. */
export interface Candidate {
  /** idOf() of the Certificate. */
  id: string;
  lane: Lane;
  /** Epoch ms at which the working certificate ends; undefined when there is none. */
  endsAt?: number | undefined;
  names: number;
  /** RSA bits; undefined for other keys. */
  rsaBits?: number | undefined;
  needs: Needs;
  /** A resumed attempt holds its tokens already. */
  resumed: boolean;
  /** Its last execution died: it goes alone, so that a poisonous one hurts only itself. */
  alone: boolean;
}

export interface Admission {
  /** Each batch becomes one execution. */
  batches: Candidate[][];
  /** Those without a token: an estimate of when there is one for them, not a reservation. */
  later: Map<string, { at: Date; bucket: string }>;
  /** The rows to write, conditional on what was read. */
  rows: BucketRow[];
  /** Those not looked at because one transaction holds at most 100 rows: ask again. */
  rest: Candidate[];
}

/** A batch: one issuer, at most so many certificates, names, and slow keys (design 4). */
export const batchLimits = { certificates: 50, names: 300, slowKeys: 5 };

const slowRsaBits = 2_048;
const aloneRsaBits = 4_096;
const transactionRows = 100;
/** Of one candidate: more domains than this are rare, and the CA's 429 overrules our count. */
const countedRows = transactionRows - 1;

/**
 * Gives tokens to as many candidates of one issuer as there are, renewals first, of them the one that ends first, and packs
 * them into batches. Pure: the caller writes `rows` in one transaction and asks again when somebody else was faster.
 */
export function admit(
  candidates: Candidate[],
  issuer: { id: string; limits: RateLimits },
  read: Map<string, BucketRow>,
  now: Date,
): Admission {
  const purse = new Purse(read, now);
  const packer = new Packer(executionsBucket(issuer.id, issuer.limits), purse);
  const inFlight = inFlightBucket(issuer.id, issuer.limits);
  const later: Admission["later"] = new Map();
  const rest: Candidate[] = [];
  for (const candidate of byUrgency(candidates)) {
    const { needs } = candidate;
    const all = candidate.resumed ? [] : [...inFlight, ...needs.orders, ...needs.sets, ...needs.domains];
    const wanted = all.slice(0, countedRows);
    if (!purse.holds([...wanted, ...packer.bucketFor(candidate)], transactionRows)) {
      rest.push(candidate);
      continue;
    }
    const missing = purse.missing([...wanted, ...packer.bucketFor(candidate)], isRenewal(candidate.lane));
    if (missing) {
      const queued = needs.orders.find(({ key }) => key === missing.bucket && !isRenewal(candidate.lane));
      later.set(candidate.id, queued ? { ...missing, at: purse.queue(queued, missing.at) } : missing);
      continue;
    }
    purse.take(wanted);
    packer.add(candidate);
  }
  return { batches: packer.batches, later, rows: purse.written(), rest };
}

function byUrgency(candidates: Candidate[]): Candidate[] {
  const ends = ({ endsAt = Number.MAX_SAFE_INTEGER }: Candidate) => endsAt;
  const renewals = candidates.filter(({ lane }) => isRenewal(lane)).sort((a, b) => ends(a) - ends(b));
  return [...renewals, ...candidates.filter(({ lane }) => !isRenewal(lane))];
}

/** The buckets that an admission may touch; the caller reads them first. */
export function bucketsOf(candidates: Candidate[], issuer: { id: string; limits: RateLimits }): string[] {
  const shared = [...executionsBucket(issuer.id, issuer.limits), ...inFlightBucket(issuer.id, issuer.limits)];
  const own = candidates.flatMap(({ needs }) => [...needs.orders, ...needs.domains, ...needs.sets]);
  const queues = candidates.flatMap(({ needs }) => needs.orders.map(queueKey));
  return [...new Set([...[...shared, ...own].map((bucket) => bucket.key), ...queues])];
}

/** The tokens while they are being given out. */
class Purse {
  private readonly touched = new Map<string, BucketRow>();
  private readonly read: Map<string, BucketRow>;
  private readonly now: Date;

  constructor(read: Map<string, BucketRow>, now: Date) {
    this.read = read;
    this.now = now;
  }

  /** Whether these buckets still fit into one transaction. */
  holds(buckets: { key: string }[], rows: number): boolean {
    return new Set([...this.touched.keys(), ...buckets.map((bucket) => bucket.key)]).size <= rows;
  }

  /** Of a queue's row, which is only an estimate: where there is no place for it in the transaction it stays as it is. */
  private touchIfItFits(row: BucketRow): void {
    if (this.holds([row], transactionRows)) this.touched.set(row.key, row);
  }

  /** The bucket that will be the last to have a token, when one has none. */
  missing(buckets: Bucket[], renewal: boolean): { at: Date; bucket: string } | undefined {
    const empty = buckets
      .map((bucket) => ({ bucket, tokens: 1 + reserve(bucket, renewal) }))
      .filter(({ bucket, tokens }) => tokensIn(bucket, this.row(bucket.key), this.now) < tokens)
      .map(({ bucket, tokens }) => ({
        at: fullTo(bucket, this.row(bucket.key), tokens, this.now),
        bucket: bucket.key,
      }));
    return empty.sort((a, b) => b.at.getTime() - a.at.getTime())[0];
  }

  take(buckets: Bucket[]): void {
    for (const bucket of buckets) {
      const queue = this.row(queueKey(bucket));
      const full = tokensIn(bucket, this.row(bucket.key), this.now) >= bucket.capacity;
      this.touched.set(bucket.key, take(bucket, this.row(bucket.key), 1, this.now));
      const corrected = full ? nobodyWaits(bucket, queue, this.now) : undefined;
      if (corrected) this.touchIfItFits(corrected);
    }
  }

  /** When to ask again; the next one in the queue asks later. */
  queue(bucket: Bucket, from: Date): Date {
    const { at, row } = nextPlace(bucket, this.row(queueKey(bucket)), from, this.now);
    this.touchIfItFits(row);
    return at;
  }

  written(): BucketRow[] {
    return [...this.touched.values()];
  }

  private row(key: string): BucketRow | undefined {
    return this.touched.get(key) ?? this.read.get(key);
  }
}

/** Fills batches one after the other; each new one takes a token of the issuer's executions. */
class Packer {
  readonly batches: Candidate[][] = [];
  private open: Candidate[] | undefined;
  private readonly executions: Bucket[];
  private readonly purse: Purse;

  constructor(executions: Bucket[], purse: Purse) {
    this.executions = executions;
    this.purse = purse;
  }

  bucketFor(candidate: Candidate): Bucket[] {
    return this.fits(candidate) ? [] : this.executions;
  }

  add(candidate: Candidate): void {
    if (this.open && this.fits(candidate)) {
      this.open.push(candidate);
      return;
    }
    this.purse.take(this.executions);
    const batch = [candidate];
    this.batches.push(batch);
    if (!goesAlone(candidate)) this.open = batch;
  }

  private fits(candidate: Candidate): boolean {
    if (!this.open || goesAlone(candidate)) return false;
    const all = [...this.open, candidate];
    return (
      all.length <= batchLimits.certificates &&
      all.reduce((sum, one) => sum + one.names, 0) <= batchLimits.names &&
      all.filter((one) => (one.rsaBits ?? 0) > slowRsaBits).length <= batchLimits.slowKeys
    );
  }
}

function goesAlone(candidate: Candidate): boolean {
  return candidate.alone || (candidate.rsaBits ?? 0) > aloneRsaBits;
}
