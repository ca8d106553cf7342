import type { ResourceRecordSet } from "@aws-sdk/client-route-53";
import { ChangeResourceRecordSetsCommand } from "@aws-sdk/client-route-53";
import { UnavailableError } from "../../../core/errors.ts";
import { nameTaken } from "../name-taken.ts";
import type { NameChanges } from "./change-batches.ts";
import { changeBatches } from "./change-batches.ts";
import type { Route53Sender, Zone } from "./client.ts";
import { bareId, readTxt } from "./client.ts";
import { asFault, refusedByRoute53 } from "./faults.ts";
import { inParallel } from "./in-parallel.ts";
import type { Verb, Wish } from "./record-sets.ts";
import { changesFor } from "./record-sets.ts";
import { readRefusal } from "./refusal.ts";

/** What became of one name. */
export type NameResult = { change: string } | { unchanged: true } | { error: Error };

interface Job {
  client: Route53Sender;
  zone: Zone;
  verb: Verb;
  /** What the names hold, as last read. */
  known: Map<string, ResourceRecordSet[]>;
  results: Map<string, NameResult>;
}

/** Every conflict has a winner, so this many writers at one name all get through. */
const maxRounds = 30;
/** A service that names one conflict a call (the emulator) gets this many before all names are read. */
const patientRounds = 2;
const readsAtOnce = 5;

/**
 * Fulfils the wishes of one zone: writes first, reads only what Route 53 says is otherwise, and swaps that. Never
 * throws; each name has its own result.
 */
export async function applyToZone(
  client: Route53Sender,
  zone: Zone,
  verb: Verb,
  wishes: Wish[],
): Promise<Map<string, NameResult>> {
  const job: Job = { client, zone, verb, known: new Map(), results: new Map() };
  await settle(job, wishes, 0);
  return job.results;
}

async function settle(job: Job, wishes: Wish[], round: number): Promise<void> {
  const work = wishes.flatMap((wish) => planned(job, wish));
  for (const batch of changeBatches(work)) await submit(job, batch, round);
}

function planned(job: Job, wish: Wish): NameChanges[] {
  try {
    const changes = changesFor(job.verb, wish, job.known.get(wish.name));
    if (changes.length > 0) return [{ wish, changes }];
    job.results.set(wish.name, { unchanged: true });
  } catch (error) {
    job.results.set(wish.name, { error: error as Error });
  }
  return [];
}

async function submit(job: Job, batch: NameChanges[], round: number): Promise<void> {
  const names = batch.map(({ wish }) => wish.name);
  try {
    const Changes = batch.flatMap(({ changes }) => changes);
    const command = new ChangeResourceRecordSetsCommand({ HostedZoneId: job.zone.id, ChangeBatch: { Changes } });
    const answer = await job.client.send(command);
    finish(job, names, { change: bareId(answer.ChangeInfo?.Id) });
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    // One bad name makes the whole batch either of the two.
    if (name === "InvalidChangeBatch" || name === "InvalidInput") return refused(job, batch, error as Error, round);
    // With its zone a record is gone, too.
    if (name === "NoSuchHostedZone" && job.verb === "cleanUp") return finish(job, names, { unchanged: true });
    finish(job, names, { error: asFault(error, "ChangeResourceRecordSets", job.zone) });
  }
}

async function refused(job: Job, batch: NameChanges[], error: Error, round: number): Promise<void> {
  const names = batch.map(({ wish }) => wish.name);
  const refusal = readRefusal(textOf(error), names, round >= patientRounds);
  for (const name of refusal.taken) finish(job, [name], { error: nameTaken(name, "Route 53") });
  const left = batch.filter(({ wish }) => !refusal.taken.includes(wish.name));
  if (refusal.stale.length > 0) return lookAgain(job, left, refusal.stale, round);
  if (refusal.taken.length > 0) return settle(job, wishesIn(left), round);
  if (batch.length === 1)
    return finish(job, names, { error: refusedByRoute53(error, ` ${names[0]}${inZone(job.zone)}`) });
  for (const part of parts(batch, refusal.mentioned)) await settle(job, wishesIn(part), round);
}

/** Somebody else's value is there, or ours is not: the next round swaps what is read now. */
async function lookAgain(job: Job, batch: NameChanges[], stale: string[], round: number): Promise<void> {
  const names = batch.map(({ wish }) => wish.name);
  const unread = names.filter((name) => !job.known.has(name));
  const oneByOne = round >= patientRounds && stale.some((name) => unread.includes(name));
  const toRead = new Set([...stale.filter((name) => names.includes(name)), ...(oneByOne ? unread : [])]);
  if (round >= maxRounds) {
    finish(job, [...toRead], { error: contention(job.zone, [...toRead]) });
  } else {
    await inParallel([...toRead], readsAtOnce, (name) => read(job, name));
  }
  const left = wishesIn(batch).filter((wish) => !job.results.has(wish.name));
  await settle(job, left, round + 1);
}

async function read(job: Job, name: string): Promise<void> {
  try {
    job.known.set(name, await readTxt(job.client, job.zone, name));
  } catch (error) {
    finish(job, [name], { error: asFault(error, "ListResourceRecordSets", job.zone) });
  }
}

/** Those the message mentions apart from the rest, else two halves: the bad one is soon alone. */
function parts(batch: NameChanges[], mentioned: string[]): NameChanges[][] {
  const accused = batch.filter(({ wish }) => mentioned.includes(wish.name));
  if (accused.length > 0 && accused.length < batch.length) {
    return [accused, batch.filter((name) => !accused.includes(name))];
  }
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}

function finish(job: Job, names: string[], result: NameResult): void {
  for (const name of names) job.results.set(name, result);
}

function wishesIn(batch: NameChanges[]): Wish[] {
  return batch.map(({ wish }) => wish);
}

/** Route 53 answers in two shapes: one message, or a list of them. */
function textOf(error: Error & { messages?: string[] }): string {
  return [error.message, ...(error.messages ?? [])].join(", ");
}

function inZone(zone: Zone): string {
  return ` in zone ${zone.name ?? zone.id}`;
}

function contention(zone: Zone, names: string[]): UnavailableError {
  return new UnavailableError({
    reason: "Route53Contention",
    message: `Others kept changing ${names.join(", ")}${inZone(zone)} between our read and our write.`,
  });
}
