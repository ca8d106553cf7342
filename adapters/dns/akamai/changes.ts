import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import { type NameResult, quoted, unquoted, type Verb, valuesAfter, type Wish } from "../by-name.ts";
import type { AkamaiDeps, SetChange, TxtSet } from "./change-list.ts";
import * as changeList from "./change-list.ts";

/** Akamai's least. */
const ttlSeconds = 30;
/** One change list; its changes are one call each, one after the other. */
const namesAtOnce = 100;
/** How long others may be in the way. */
const patienceMs = 30_000;
const maxRounds = 400;
/** Nobody of us works longer at a change list, so one that was left for this long will not be come back to. */
const workingMs = 2 * 60_000;
const leftAfterMs = 5 * 60_000;

type Results = Map<string, NameResult>;

interface Job {
  deps: AkamaiDeps;
  verb: Verb;
  zone: string;
  /** The id of what changes now. */
  change: string;
}

/**
 * Fulfils the wishes of one zone by change lists. A list stands on one version of the zone, is read through that version, and is
 * refused when there is a newer one: a compare-and-swap of the whole zone. Never throws; each name has its own result.
 */
export async function changeZone(job: Job, wishes: Wish[]): Promise<Results> {
  const results: Results = new Map();
  for (let at = 0; at < wishes.length; at += namesAtOnce)
    await fulfil(job, wishes.slice(at, at + namesAtOnce), results);
  return results;
}

async function fulfil(job: Job, wishes: Wish[], results: Results): Promise<void> {
  try {
    const refusal = await changeTogether(job, wishes, results);
    if (refusal === undefined) return;
    // Submitted together or not at all, and Akamai need not say which set is to blame.
    if (wishes.length === 1) throw refusal;
    const middle = Math.ceil(wishes.length / 2);
    for (const half of [wishes.slice(0, middle), wishes.slice(middle)]) await fulfil(job, half, results);
  } catch (error) {
    for (const { name } of wishes) results.set(name, { error: asError(error) });
  }
}

/** Undefined: all names have results. */
async function changeTogether(job: Job, wishes: Wish[], results: Results): Promise<RefusedError | undefined> {
  const now = () => job.deps.clock.now().getTime();
  const until = now() + patienceMs;
  for (let round = 0; round < maxRounds && now() < until; round += 1) {
    if (!(await begin(job, round))) continue;
    const outcome = await change(job, wishes);
    if (outcome instanceof RefusedError) return outcome;
    for (const [name, result] of outcome ?? []) results.set(name, result);
    if (outcome) return undefined;
  }
  throw new UnavailableError({
    reason: "AkamaiContention",
    message: `Others kept changing zone ${job.zone} between our read and our write, or this API client has an open change list for it.`,
  });
}

/** False: this API client has a list over the zone's newest version, which another one of us needs for a moment. */
async function begin({ deps, zone }: Job, round: number): Promise<boolean> {
  if (await changeList.begin(deps, zone, "none")) return true;
  if (round > 0) return false;
  const at = await changeList.lastModified(deps, zone);
  const leftAlone = at !== undefined && deps.clock.now().getTime() - at.getTime() > leftAfterMs;
  return leftAlone && changeList.begin(deps, zone, "any");
}

/** Undefined: somebody changed the zone in between. A refusal is of all names. */
async function change(job: Job, wishes: Wish[]): Promise<Results | RefusedError | undefined> {
  const { deps, zone } = job;
  const mine = untilLate(job);
  let usedUp = false;
  try {
    const results = await collect(job, wishes, mine);
    const changes = [...(results?.values() ?? [])].some((result) => "change" in result);
    if (!changes) return results;
    mine();
    usedUp = await changeList.submit(deps, zone);
    return usedUp ? results : undefined;
  } catch (error) {
    if (error instanceof RefusedError && error.reason !== "HostedZoneNotFound") return error;
    throw error;
  } finally {
    // A list that stays would keep the next one out.
    if (!usedUp) await drop(job, mine).catch(() => undefined);
  }
}

async function drop({ deps, zone }: Job, mine: () => void): Promise<void> {
  mine();
  await changeList.drop(deps, zone);
}

/** Throws when the list may be somebody else's by now. */
function untilLate({ deps, zone }: Job): () => void {
  const until = deps.clock.now().getTime() + workingMs;
  return () => {
    if (deps.clock.now().getTime() < until) return;
    throw new UnavailableError({
      reason: "AkamaiUnavailable",
      message: `Akamai Edge DNS took more than ${workingMs / 1_000} s for the changes of zone ${zone}.`,
    });
  };
}

/** Puts into the list what each wish needs. Undefined: the list is stale already. */
async function collect(job: Job, wishes: Wish[], mine: () => void): Promise<Results | undefined> {
  const { deps, zone } = job;
  const found = await changeList.readTxt(deps, zone);
  const results: Results = new Map();
  for (const wish of wishes) {
    const wanted = changeOf(job.verb, wish, found.get(wish.name));
    if (wanted === undefined) {
      results.set(wish.name, { unchanged: true });
      continue;
    }
    mine();
    try {
      if (!(await changeList.add(deps, zone, wanted))) return undefined;
      results.set(wish.name, { change: job.change });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      results.set(wish.name, { error });
    }
  }
  return results;
}

/** Undefined: all is as wished. */
function changeOf(verb: Verb, wish: Wish, found: TxtSet | undefined): SetChange | undefined {
  const rdata = found?.rdata ?? [];
  const after = valuesAfter(verb, wish, rdata.map(unquoted));
  if (after === undefined) return undefined;
  const name = { name: wish.name, type: "TXT" } as const;
  if (after.length === 0) return { ...name, op: "DELETE" };
  const written = after.map((value) => rdata.find((one) => unquoted(one) === value) ?? quoted(value));
  return { ...name, op: found ? "EDIT" : "ADD", ttl: found?.ttl ?? ttlSeconds, rdata: written };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
