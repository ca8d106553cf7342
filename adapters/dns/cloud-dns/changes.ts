import { concurrently } from "../../../core/concurrently.ts";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import { type NameResult, quoted, unquoted, type Verb, valuesAfter, type Wish } from "../by-name.ts";
import { type JsonAnswer, refusedBy } from "../json-api.ts";
import { nameTaken } from "../name-taken.ts";
import { type CloudDnsDeps, makeChange, type RecordSet, readTxt, type Zone } from "./client.ts";
import { vendor } from "./vendor.ts";

/** cert-manager's; a deletion without reading names it, so it must not change between publish and clean-up. */
const ttlSeconds = 60;
/** Google takes 1,000 sets and 100,000 bytes of data in one change; a challenge has 45 bytes. */
const namesAtOnce = 500;
const readsAtOnce = 5;
/** Every conflict has a winner, so this many changes at one name all get through. */
const maxRounds = 60;

interface Job {
  deps: CloudDnsDeps;
  zone: Zone;
  verb: Verb;
  /** What the names hold, as last read; absent: nobody looked. */
  known: Map<string, RecordSet | undefined>;
  results: Map<string, NameResult>;
}

interface Planned {
  wish: Wish;
  addition?: RecordSet;
  deletion?: RecordSet;
}

/**
 * Fulfils the wishes of one zone: writes first, reads only what Google says is otherwise, and swaps that. A deletion must match
 * the set exactly, so a pair of deletion and addition is a compare-and-swap. Never throws; each name has its own result.
 */
export async function changeZone(
  deps: CloudDnsDeps,
  verb: Verb,
  zone: Zone,
  wishes: Wish[],
): Promise<Map<string, NameResult>> {
  const job: Job = { deps, zone, verb, known: new Map(), results: new Map() };
  for (let at = 0; at < wishes.length; at += namesAtOnce) await settle(job, wishes.slice(at, at + namesAtOnce), 0);
  return job.results;
}

async function settle(job: Job, wishes: Wish[], round: number): Promise<void> {
  const batch = wishes.flatMap((wish) => planned(job, wish));
  if (batch.length === 0) return;
  try {
    const additions = batch.flatMap(({ addition }) => addition ?? []);
    const deletions = batch.flatMap(({ deletion }) => deletion ?? []);
    const made = await makeChange(job.deps, job.zone, { additions, deletions });
    if ("id" in made) return finish(job, batch, { change: `${job.zone.id}/${made.id}` });
    await refused(job, batch, made, round);
  } catch (error) {
    finish(job, batch, { error: error instanceof Error ? error : new Error(String(error)) });
  }
}

function planned(job: Job, wish: Wish): Planned[] {
  const looked = job.known.has(wish.name);
  const guess = job.verb === "publish" ? undefined : setOf(wish.name, wish.values.map(quoted));
  const found = looked ? job.known.get(wish.name) : guess;
  if (found && found.rrdatas === undefined) {
    job.results.set(wish.name, job.verb === "publish" ? { error: policyThere(wish.name) } : { unchanged: true });
    return [];
  }
  const rrdatas = found?.rrdatas ?? [];
  const after = valuesAfter(job.verb, wish, rrdatas.map(unquoted));
  if (after === undefined) {
    job.results.set(wish.name, { unchanged: true });
    return [];
  }
  const there = (value: string) => rrdatas.find((data) => unquoted(data) === value) ?? quoted(value);
  const addition = after.length > 0 && { addition: setOf(wish.name, after.map(there), found?.ttl) };
  return [{ wish, ...addition, ...(found && { deletion: found }) }];
}

function setOf(name: string, rrdatas: string[], ttl = ttlSeconds): RecordSet {
  return { name: `${name}.`, type: "TXT", ttl, rrdatas };
}

async function refused(
  job: Job,
  batch: Planned[],
  { refusal, messages }: { refusal: JsonAnswer; messages: string[] },
  round: number,
): Promise<void> {
  const text = messages.join(" ");
  if (refusal.status === 404 && !text.includes("entity.change"))
    return finish(job, batch, { error: zoneGone(job.zone) });
  // 409: what is to be added is there. 404 and 412: what is to be deleted is not there, or is otherwise.
  if ([404, 409, 412].includes(refusal.status)) return lookAgain(job, batch, text, round);
  const one = batch.length === 1 ? batch[0] : undefined;
  if (!one) return halve(job, batch, refusal, round);
  const error = /CNAME/.test(text)
    ? nameTaken(one.wish.name, "Google Cloud DNS")
    : refusedBy(vendor, refusal, `TXT at ${one.wish.name}`, text);
  finish(job, batch, { error });
}

/** Somebody else's value is there, or ours is not: the next round swaps what is read now. */
async function lookAgain(job: Job, batch: Planned[], text: string, round: number): Promise<void> {
  const accused = accusedIn(text, batch);
  const toRead = accused.length > 0 ? accused : batch;
  if (round >= maxRounds) {
    finish(job, toRead, { error: contention(job.zone, toRead) });
  } else {
    await concurrently(readsAtOnce, toRead, async ({ wish: { name } }) => {
      job.known.set(name, await readTxt(job.deps, job.zone, name));
    });
  }
  const left = batch.filter(({ wish }) => !job.results.has(wish.name)).map(({ wish }) => wish);
  await settle(job, left, round + 1);
}

/** Google names each culprit by its place in the lists that were sent. */
function accusedIn(text: string, batch: Planned[]): Planned[] {
  const lists = {
    additions: batch.filter(({ addition }) => addition),
    deletions: batch.filter(({ deletion }) => deletion),
  };
  const places = [...text.matchAll(/entity\.change\.(additions|deletions)\[(\d+)\]/g)];
  const accused = places.map(([, list, index]) => lists[list as keyof typeof lists][Number(index)]);
  return [...new Set(accused)].filter((one) => one !== undefined);
}

/** One bad name makes the whole change bad; what is due to the caller and not to a name does not get better by halves. */
async function halve(job: Job, batch: Planned[], refusal: JsonAnswer, round: number): Promise<void> {
  if (refusal.status !== 400) {
    return finish(job, batch, { error: refusedBy(vendor, refusal, `a change of ${job.zone.name}`, "") });
  }
  const middle = Math.ceil(batch.length / 2);
  for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
    await settle(
      job,
      half.map(({ wish }) => wish),
      round,
    );
  }
}

function finish(job: Job, batch: Planned[], result: NameResult): void {
  for (const { wish } of batch) job.results.set(wish.name, result);
}

function zoneGone(zone: Zone): RefusedError {
  return new RefusedError({
    reason: "HostedZoneNotFound",
    message: `The managed zone ${zone.id} (${zone.name}) is gone.`,
    fix: "Create the zone again, or use another solver.",
  });
}

function policyThere(name: string): RefusedError {
  return new RefusedError({
    reason: "ChallengeNameTaken",
    message: `A TXT record with a routing policy is at ${name}, so no value can be added there.`,
    fix: `Remove the routing policy at ${name}.`,
  });
}

function contention(zone: Zone, names: Planned[]): UnavailableError {
  return new UnavailableError({
    reason: "CloudDNSContention",
    message: `Others kept changing ${names.map(({ wish }) => wish.name).join(", ")} in zone ${zone.name} between our read and our write.`,
  });
}
