import { refOf } from "../../../core/attempt-ref.ts";
import type { Due } from "../../../core/ports.ts";
import { familyOf, parseId } from "../../../core/resource.ts";
import type { AttemptRef, Lane } from "../../../core/rows.ts";

/** Ids in the order of their instants: what the due index is to DynamoDB. Made for 100,000 of them. */
export interface DueList {
  /** Without an instant the id leaves the list. */
  set(id: string, dueAt: number | undefined): void;
  /** The ids due at or before an instant, oldest first. */
  upTo(instant: number): Generator<Entry>;
}

interface Entry {
  id: string;
  dueAt: number;
}

/** Entries lie in blocks, so that a change moves a few hundred and not all of them. */
const blockSize = 512;

/** An empty list. */
export function dueList(): DueList {
  const blocks: Entry[][] = [[]];
  const dueAts = new Map<string, number>();
  const find = (entry: Entry) => {
    const at = lowest(blocks.length - 1, (index) => !before(blocks[index]?.at(-1), entry));
    const block = blocks[at] ?? [];
    return { at, block, place: lowest(block.length, (index) => !before(block[index], entry)) };
  };
  const remove = (entry: Entry) => {
    const { at, block, place } = find(entry);
    block.splice(place, 1);
    if (block.length === 0 && blocks.length > 1) blocks.splice(at, 1);
  };
  const insert = (entry: Entry) => {
    const { at, block, place } = find(entry);
    block.splice(place, 0, entry);
    if (block.length > 2 * blockSize) blocks.splice(at + 1, 0, block.splice(blockSize));
  };
  return {
    set: (id, dueAt) => {
      const was = dueAts.get(id);
      if (was === dueAt) return;
      if (was !== undefined) remove({ id, dueAt: was });
      dueAts.delete(id);
      if (dueAt === undefined) return;
      insert({ id, dueAt });
      dueAts.set(id, dueAt);
    },
    upTo: function* (instant) {
      for (const block of blocks) {
        for (const entry of block) {
          if (entry.dueAt > instant) return;
          yield entry;
        }
      }
    },
  };
}

function before(one: Entry | undefined, other: Entry): boolean {
  return one !== undefined && (one.dueAt < other.dueAt || (one.dueAt === other.dueAt && one.id < other.id));
}

/** The smallest of 0 to `end` for which it holds; `end` when it holds for none below. */
function lowest(end: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What is due, by lane. */
export type DueLists = Record<Lane, DueList>;

/** Puts a row where its lane and instant say; without a lane it is a first issuance. */
export function setDue(due: DueLists, id: string, lane: Lane | undefined, dueAt: number | undefined) {
  due.renew.set(id, lane === "renew" ? dueAt : undefined);
  due.new.set(id, lane === "renew" ? undefined : dueAt);
}

/** The id of the revocation of what an attempt made. */
export function revocationId({ namespace, name, attemptId }: AttemptRef): string {
  return `${namespace}/Certificate/${name}#revocation#${attemptId}`;
}

/** What an id of a lane names. */
export function dueOf(id: string, dueAt: number, lane: Lane): Due {
  const [resource = "", attemptId, revoked] = id.split("#");
  const key = parseId(resource);
  if (!key) throw new Error(`nothing due is called ${id}`);
  if (revoked) return { what: "revocation", ref: refOf(key, revoked), dueAt, lane };
  if (attemptId) return { what: "records", ref: refOf(key, attemptId), dueAt, lane };
  return { what: familyOf(key.kind), key, dueAt, lane };
}
