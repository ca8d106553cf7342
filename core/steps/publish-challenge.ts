import type { Challenge, DnsChallenge } from "../challenge.ts";
import { concurrently } from "../concurrently.ts";
import { RefusedError } from "../errors.ts";
import { done, type Outcome } from "../outcome.ts";
import type { DnsProvider, RecordResult, TxtRecord } from "../ports.ts";
import type { ChallengesItem } from "../rows.ts";
import { awaitRecord, firstLook } from "./await-records.ts";
import { publishAnswers, tokensOf } from "./http-answers.ts";
import type { Work } from "./work.ts";

/**
 * Publishes the TXT records of a whole batch: one call per zone. Claims each value first, so that nobody removes it. Answers
 * over HTTP are rows of State.
 */
export async function publishChallenge(works: Work[]): Promise<Map<string, Outcome | Error>> {
  const outcomes = new Map<string, Outcome | Error>(works.map((work) => [work.ref.attemptId, done]));
  const unanswered = works.filter(({ row, leaseId }) => row.answeredUnder !== leaseId);
  for (const [attemptId, error] of await publishAnswers(unanswered)) outcomes.set(attemptId, error);
  const wanted = await recordsOf(unanswered.filter(({ ref }) => outcomes.get(ref.attemptId) === done));
  const claimed = wanted.filter(({ passing }) => passing);
  await concurrently(20, claimed, ({ work, record }) =>
    work.deps.state.claimRecord(record, work.ref).catch((error: unknown) => {
      outcomes.set(work.ref.attemptId, error instanceof Error ? error : new Error(String(error)));
    }),
  );
  const going = wanted.filter(({ work }) => outcomes.get(work.ref.attemptId) === done);
  for (const [solver, group] of bySolver(going)) {
    const results = await publish(group[0]?.work, solver, unique(group.map(({ record }) => record)));
    for (const { work, record } of group) {
      const result = results.get(keyOfRecord(record)) ?? new Error(`no answer for ${record.name}`);
      if (result instanceof Error) outcomes.set(work.ref.attemptId, result);
      else awaitRecord(work, solver, result);
    }
  }
  return new Map(works.map((work) => [work.ref.attemptId, published(work, outcomes.get(work.ref.attemptId) ?? done)]));
}

function published(work: Work, outcome: Outcome | Error): Outcome | Error {
  const nextAt = outcome === done ? firstLook(work) : undefined;
  return nextAt ? { done: true, nextAt } : outcome;
}

/** A change to wait for, an error, or "" when the record was there already. */
async function publish(
  work: Work | undefined,
  solver: number,
  records: TxtRecord[],
): Promise<Map<string, string | Error>> {
  if (!work) return new Map();
  try {
    const provider = await providerOf(work, solver);
    const results = await provider.publish(records);
    return new Map(results.map((result) => [keyOfRecord(result.record), changeOf(result)]));
  } catch (error) {
    return new Map(
      records.map((record) => [keyOfRecord(record), error instanceof Error ? error : new Error(String(error))]),
    );
  }
}

function changeOf(result: RecordResult): string | Error {
  if ("error" in result) return result.error;
  return "change" in result ? result.change : "";
}

export interface Wanted {
  work: Work;
  record: TxtRecord;
  solver: number;
  /** Whether it is removed when nobody needs it any more. */
  passing: boolean;
}

/** Every record that these attempts need. */
async function recordsOf(works: Work[]): Promise<Wanted[]> {
  const wanted = works.map(async (work) => {
    const item = await work.reads.challenges(work.ref);
    const all = (item?.challenges ?? []).filter(isOverDns);
    const open = await Promise.all(all.map(async (one) => isPassing(one) || !(await isServed(work, recordOf(one)))));
    return all
      .filter((_, index) => open[index])
      .map((one) => ({ work, record: recordOf(one), solver: one.solver, passing: isPassing(one) }));
  });
  return (await Promise.all(wanted)).flat();
}

/** Whether an earlier order has left its persistent record, or a person has made it: then nothing is written. */
async function isServed({ reads }: Work, { name, value }: TxtRecord): Promise<boolean> {
  const answer = await reads.lookup.resolve(name, "TXT").catch(() => undefined);
  return answer?.answers.some((record) => record.type === "TXT" && record.text === value) ?? false;
}

export function isOverDns(challenge: Challenge): challenge is DnsChallenge {
  return challenge.type !== "http-01";
}

/** The record that proves it, where it is written. */
export function recordOf(challenge: DnsChallenge): TxtRecord {
  return { name: challenge.target ?? challenge.recordName, value: challenge.recordValue };
}

/** A record that goes with its attempt; persistent ones stay for the orders to come. */
function isPassing({ type }: DnsChallenge): boolean {
  return type === "dns-01";
}

/** Every record to remove that an attempt may have published, those of its earlier orders included. */
export function recordsOfItem(item: ChallengesItem): (TxtRecord & { solver: number })[] {
  const own = item.challenges
    .filter(isOverDns)
    .filter(isPassing)
    .map((one) => ({ ...recordOf(one), solver: one.solver }));
  return [...own, ...(item.former ?? [])];
}

/** What a new order of the same attempt keeps of the one before it. */
export function leftBy(item: ChallengesItem): Omit<ChallengesItem, "challenges"> {
  const formerTokens = tokensOf(item);
  return { former: recordsOfItem(item), ...(formerTokens.length > 0 && { formerTokens }) };
}

export function keyOfRecord(record: TxtRecord): string {
  return `${record.name} ${record.value}`;
}

function unique(records: TxtRecord[]): TxtRecord[] {
  return [...new Map(records.map((record) => [keyOfRecord(record), record])).values()];
}

export function bySolver<T extends { solver: number }>(wanted: T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const one of wanted) groups.set(one.solver, [...(groups.get(one.solver) ?? []), one]);
  return groups;
}

/** The provider behind a solver of the issuer; an issuer edited since may have fewer. */
export function providerOf(work: Pick<Work, "deps" | "issuer">, solver: number): Promise<DnsProvider> {
  const { deps, issuer } = work;
  return deps.dns(issuer, solver).catch((error: unknown) => {
    if (error instanceof RangeError) {
      throw new RefusedError({
        reason: "NoSolver",
        message: error.message,
        fix: "the issuer was edited: the next attempt picks a solver",
      });
    }
    throw error;
  });
}
