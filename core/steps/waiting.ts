import { keyOf } from "../attempt-ref.ts";
import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { idOf } from "../resource.ts";
import type { AttemptRef, LeaseId } from "../rows.ts";
import { rfc3339 } from "../status.ts";
import type { StepInput, StepResult } from "./run.ts";
import { release } from "./settle.ts";
import { extendLease, LeaseLost, type Work } from "./work.ts";

export interface Verdicts {
  on: { work: Work; nextAt: Date | undefined }[];
  waits: { work: Work; until: Date }[];
}

/** How long a batch of more than one waits in one step. Then the ready ones go on and the others are released. */
const batchRounds = 5;
const batchWaitMs = 120_000;
/** How long a batch of one waits, before its execution ends and the sweep resumes it. */
const aloneWaitMs = 6 * 3_600_000;

/** A lease is made longer when less than this would be left of it after the wait. */
const leaseMarginMs = 5 * 60_000;
/** What it has after the wait then. */
const leaseMs = 15 * 60_000;

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
  const going = [...untouched, ...[...on, ...patient].map(({ work }) => work.ref)];
  const late = behind(input, now);
  if (patient.length === 0) return { live: going, waiting: [], ...firstRound(on, now, late) };
  const live = await keepLeases(deps, input.leaseId, going, until);
  const waiting = live.filter((ref) => patient.some(({ work }) => work.ref.attemptId === ref.attemptId));
  if (waiting.length === 0) return { live, waiting, waitUntil: null, round: 0, since: null };
  return { live, waiting, waitUntil: wholeSecond(until + late), round: input.round + 1, since };
}

/** How far this clock is behind Step Functions', at least, ms: by that the wait ends later, or it would be none and the loop a hot one. */
function behind({ entered }: StepInput, now: number): number {
  return entered === undefined ? 0 : Math.max(0, Date.parse(entered) - now);
}

/** The next step's first round of waiting, where it has nothing to see yet: it is not asked in vain. */
function firstRound(on: Verdicts["on"], now: number, late: number): Pick<StepResult, "waitUntil" | "round" | "since"> {
  const nextAt = Math.max(...on.map((one) => one.nextAt?.getTime() ?? 0));
  return nextAt > now
    ? { waitUntil: wholeSecond(nextAt + late), round: 1, since: now }
    : { waitUntil: null, round: 0, since: null };
}

/** Makes the leases of all that go on outlast the wait; who lost his is left out. */
async function keepLeases(deps: Deps, leaseId: LeaseId, refs: AttemptRef[], until: number): Promise<AttemptRef[]> {
  // At half the price: a row that does not say enough, maybe because it is old, is read again.
  const rows = await deps.state.certificates(refs.map(keyOf), { eventual: true });
  const kept = await concurrently(10, refs, async (ref) => {
    const row = rows.get(idOf(keyOf(ref)));
    if (row?.attempt?.leaseId === leaseId && (row.dueAt ?? 0) >= until + leaseMarginMs) return [ref];
    return extendLease({ deps, ref, leaseId }, until + leaseMs).then(
      () => [ref],
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
