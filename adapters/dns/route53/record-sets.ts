import type { Change, ResourceRecordSet } from "@aws-sdk/client-route-53";
import { RefusedError } from "../../../core/errors.ts";
import type { TxtRecord } from "../../../core/ports.ts";
import { quoted } from "./names.ts";

export type Verb = "publish" | "cleanUp";

/** All that one call wants at one name. */
export interface Wish {
  name: string;
  /** Quoted, distinct. */
  values: string[];
}

/**
 * A second order at the same name must not be judged by what a resolver kept of the first, so as short as
 * cert-manager's; a deletion without reading names it, so it must not change between publish and clean-up.
 */
const ttlSeconds = 10;

/** One wish per name: Route 53 holds the values of one name in one record set. */
export function wishesOf(records: TxtRecord[]): Wish[] {
  const byName = Map.groupBy(records, (record) => record.name);
  return [...byName].map(([name, same]) => ({ name, values: [...new Set(same.map(({ value }) => quoted(value)))] }));
}

/**
 * The changes that fulfil a wish; none when it is fulfilled. `found` is what the name holds, or undefined when nobody
 * looked: then the guess is that only our own values are there. A DELETE names the old set exactly, which makes the
 * pair DELETE + CREATE a compare-and-swap.
 */
export function changesFor(verb: Verb, wish: Wish, found: ResourceRecordSet[] | undefined): Change[] {
  return verb === "publish" ? toPublish(wish, found ?? []) : toCleanUp(wish, found ?? [simple(wish)]);
}

function toPublish(wish: Wish, found: ResourceRecordSet[]): Change[] {
  if (found.some((set) => set.AliasTarget)) throw aliasThere(wish.name);
  if (found.length === 0) return [create(simple(wish))];
  if (found.some((set) => set.MultiValueAnswer)) {
    const there = new Set(found.flatMap(valuesOf));
    const missing = wish.values.filter((value) => !there.has(value));
    return missing.map((value) => create(multivalue(wish.name, value, found[0]?.TTL)));
  }
  return found.flatMap((set) => swap(set, [...new Set([...valuesOf(set), ...wish.values])]));
}

function toCleanUp(wish: Wish, found: ResourceRecordSet[]): Change[] {
  return found.flatMap((set) =>
    swap(
      set,
      valuesOf(set).filter((value) => !wish.values.includes(value)),
    ),
  );
}

function swap(old: ResourceRecordSet, values: string[]): Change[] {
  if (values.length === valuesOf(old).length) return [];
  const removed: Change = { Action: "DELETE", ResourceRecordSet: old };
  return values.length === 0 ? [removed] : [removed, create({ ...old, ResourceRecords: resourceRecords(values) })];
}

function simple(wish: Wish): ResourceRecordSet {
  return { Name: wish.name, Type: "TXT", TTL: ttlSeconds, ResourceRecords: resourceRecords(wish.values) };
}

/** One more beside cert-manager's; with the TTL of its neighbours, so that no answer mixes two. */
function multivalue(name: string, value: string, ttl = ttlSeconds): ResourceRecordSet {
  return {
    Name: name,
    Type: "TXT",
    TTL: ttl,
    MultiValueAnswer: true,
    // Route 53 takes 128 characters.
    SetIdentifier: value.replaceAll('"', "").slice(0, 128),
    ResourceRecords: resourceRecords([value]),
  };
}

function create(set: ResourceRecordSet): Change {
  return { Action: "CREATE", ResourceRecordSet: set };
}

function resourceRecords(values: string[]): { Value: string }[] {
  return values.map((value) => ({ Value: value }));
}

function valuesOf(set: ResourceRecordSet): string[] {
  return (set.ResourceRecords ?? []).map((record) => record.Value ?? "");
}

function aliasThere(name: string): RefusedError {
  return new RefusedError({
    reason: "ChallengeNameTaken",
    message: `${name} is an alias record, so no value can be added to it.`,
    fix: `Remove the alias record at ${name}.`,
  });
}
