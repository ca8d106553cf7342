import { RefusedError } from "../../../core/errors.ts";
import { type Rr, textData } from "../message.ts";
import { nameTaken } from "../name-taken.ts";
import { type ConversationDeps, classes, rcodes, sizeOf, types, udpBytes, unusable, update } from "./conversation.ts";

/** The updates of one name: they go into one message or none. */
export interface NameChange {
  name: string;
  zone: string;
  updates: Rr[];
}

/** cert-manager's. */
const ttlSeconds = 60;
/** Well below the 65,535 of a TCP message. */
const tcpBytes = 16_384;

/** One more value at a name (RFC 2136 2.5.1). All records of a name have one TTL (RFC 2181 5.2): that of its neighbours. */
export function addition(name: string, value: string, ttl = ttlSeconds): Rr {
  return { name, type: types.TXT, class: classes.IN, ttl, data: textData(value) };
}

/** This value less at a name, by its exact data (RFC 2136 2.5.4). */
export function removal({ name, type, data }: Rr): Rr {
  return { name, type, class: classes.NONE, ttl: 0, data };
}

/** Makes the changes of one zone in few messages; what was wrong with each name, or undefined. Never throws. */
export async function submit(
  deps: ConversationDeps,
  zone: string,
  changes: NameChange[],
): Promise<Map<string, Error | undefined>> {
  const results = new Map<string, Error | undefined>();
  const queue = batches(deps, zone, changes);
  for (let batch = queue.shift(); batch; batch = queue.shift()) {
    const error = await send(deps, zone, batch);
    const culprit = batch.length > 1 && error instanceof RefusedError && perName.includes(error.reason);
    // A message is done as a whole or not at all, and the answer does not say which name is to blame.
    if (culprit) queue.unshift(...halves(batch));
    else for (const { name } of batch) results.set(name, error);
  }
  return results;
}

/** Refusals that may be due to one name of several. */
const perName = ["ChallengeNameTaken", "DnsUpdateRefused"];

async function send(deps: ConversationDeps, zone: string, batch: NameChange[]): Promise<Error | undefined> {
  try {
    const { rcode } = await update(deps, zone, messageOf(batch));
    if (rcode === rcodes.noError) return undefined;
    if (rcode === rcodes.yxRrset) return nameTaken(batch.map(({ name }) => name).join(", "), "the name server");
    if (rcode === rcodes.servFail) return unusable(`answered SERVFAIL to an update of ${zone}`);
    return updateRefused(zone, batch, rcode);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** A server passes over a TXT record beside a CNAME without a word (RFC 2136 3.4.2.2), so a CNAME is excluded first. */
function messageOf(batch: NameChange[]): { prerequisites: Rr[]; updates: Rr[] } {
  const adding = batch.filter(({ updates }) => updates.some((record) => record.class === classes.IN));
  const noCname = { type: types.CNAME, class: classes.NONE, ttl: 0, data: Buffer.alloc(0) };
  return {
    prerequisites: adding.map(({ name }) => ({ name, ...noCname })),
    updates: batch.flatMap(({ updates }) => updates),
  };
}

function batches(deps: ConversationDeps, zone: string, changes: NameChange[]): NameChange[][] {
  const limit = deps.protocol === "UDP" ? udpBytes : tcpBytes;
  const filled: NameChange[][] = [];
  for (const change of changes) {
    const grown = [...(filled.at(-1) ?? []), change];
    if (filled.length > 0 && sizeOf(deps, zone, messageOf(grown)) <= limit) filled[filled.length - 1] = grown;
    else filled.push([change]);
  }
  return filled;
}

function halves(batch: NameChange[]): NameChange[][] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}

const meanings: Record<number, string> = {
  1: "FORMERR",
  4: "NOTIMP: it takes no updates",
  5: "REFUSED",
  9: "NOTAUTH: it is not the zone's primary server",
  10: "NOTZONE",
};

function updateRefused(zone: string, batch: NameChange[], rcode: number): RefusedError {
  const names = batch.map(({ name }) => name).join(", ");
  return new RefusedError({
    reason: "DnsUpdateRefused",
    message: `The name server refuses to change ${names} in zone ${zone}: ${meanings[rcode] ?? `code ${rcode}`}.`,
    fix: "Allow the TSIG key (or our address) to update TXT records at that name on the zone's primary server.",
  });
}
