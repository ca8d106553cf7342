import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import type { AttemptRef } from "../rows.ts";
import { rfc3339 } from "../status.ts";
import type { StepInput, StepResult } from "./run.ts";
import { release } from "./settle.ts";
import { extendLease, LeaseLost, type Work } from "./work.ts";

export interface Verdicts {
  on: Work[];
  waits: { work: Work; until: Date }[];
}

/** How long a batch of more than one waits in one step. Then the ready ones go on and the others are released. */
const batchRounds = 5;
const batchWaitMs = 120_000;
/** How long a batch of one waits, before its execution ends and the sweep resumes it. */
const aloneWaitMs = 6 * 3_600_000;

/** A lease is made longer when less than this would be left of it after the wait. */
const leaseMarginMs = 5 * 60_000;
/** What Prepare made of it (steps/prepare.ts): waits shorter than this need no look at the lease. */
const shortWaitMs = 60_000;

/** Waiting is a result: decides between one more round and letting the slow ones go. */
export async function waitOrRelease(
  deps: Deps,
  input: StepInput,
  untouched: AttemptRef[],
  verdicts: Verdicts,
): Promise<StepResult> {
  const now = deps.clock.now().getTime();
  const since = input.since ?? now;
  const { on, waits } = verdicts;
  const alone = untouched.length + on.length + waits.length <= 1;
  const patience = alone ? aloneWaitMs : batchWaitMs;
  const lastRound = !alone && input.round >= batchRounds;
  const slow = waits.filter(({ until }) => lastRound || until.getTime() - since > patience);
  await concurrently(10, slow, ({ work, until }) => release(deps, work, until));
  const patient = waits.filter((wait) => !slow.includes(wait));
  const until = Math.max(...patient.map((wait) => wait.until.getTime()));
  const kept = await keepLeases(
    patient.map(({ work }) => work),
    until,
    now,
    since,
  );
  const live = [...untouched, ...on.map(({ ref }) => ref), ...kept];
  if (kept.length === 0) return { live, waiting: [], waitUntil: null, round: 0, since: null };
  return { live, waiting: kept, waitUntil: wholeSecond(until), round: input.round + 1, since };
}

/** Makes the leases outlast the wait; who lost his is left out. */
async function keepLeases(works: Work[], until: number, now: number, since: number): Promise<AttemptRef[]> {
  const long = until - now > shortWaitMs || until - since > leaseMarginMs;
  const kept = await concurrently(10, works, async (work) => {
    if (!long) return [work.ref];
    return extendLease(work, until + leaseMarginMs).then(
      () => [work.ref],
      (error) => {
        if (error instanceof LeaseLost) return [];
        throw error;
      },
    );
  });
  return kept.flat();
}

/** Step Functions waits until a timestamp; never earlier than asked. */
function wholeSecond(time: number): string {
  return time % 1_000 === 0 ? rfc3339(time) : new Date(time).toISOString();
}
