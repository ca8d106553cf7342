import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";

/** The seed of what is generated: the same in every run, or what CHAOS_SEED says. */
export const seed = Number(process.env.CHAOS_SEED ?? "20261122");

const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "length", "then", "spec", "name", "kind", ""];
const texts = [
  ...["", " ", "0", "null", "true", "-1", "1e999", "2160h", "10m", "9999999h", "web", "ca", "RSA", "ECDSA", "Never"],
  ...["*.example.test", "*.*.example.test", "a..example.test", "-a.example.test", "xn--", "münchen.example.test", "."],
  ...["\u0000", "\u202e", "\ud83d\ude00", "\ud800", "𝕏".repeat(70), "a".repeat(70_000), "{}", "[", "&a [*a]", "%x"],
  ...["https://127.0.0.1/", "http://example.test", "https://memory.test/directory", "file:///etc/passwd"],
];

const anyKey = fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 10 }));

/** Any value that an item of a DynamoDB table can hold, sets and binary too. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(...texts),
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e100, max: 1e100 }),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      fc.array(fc.string({ minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }).map((all) => new Set(all)),
      fc.array(fc.integer(), { minLength: 1, maxLength: 3 }).map((all) => new Set(all)),
    ),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(anyKey, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

/** One change of a tree: somewhere a value is dropped, replaced, doubled, wrapped, cut or gets a neighbour. */
export type Change = {
  where: number;
  how: "drop" | "replace" | "twice" | "wrap" | "cut" | "add";
  key: string;
  value: unknown;
};

export const anyChange: fc.Arbitrary<Change> = fc.record({
  where: fc.nat(10_000),
  how: fc.constantFrom("drop", "replace", "twice", "wrap", "cut", "add"),
  key: anyKey,
  value: anyValue,
});

/** A copy of a tree of maps and lists with these changes. */
export function changed(tree: unknown, changes: Change[]): unknown {
  const root = { root: structuredClone(tree) };
  for (const change of structuredClone(changes)) {
    const places = placesIn(root);
    const place = places[change.where % places.length];
    if (place) apply(place, change);
  }
  return root.root;
}

interface Place {
  holder: Record<string, unknown>;
  key: string;
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== "object" || value === null || value instanceof Set || value instanceof Uint8Array) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}

function apply({ holder, key }: Place, { how, key: name, value }: Change): void {
  const before = holder[key];
  if (how === "drop") delete holder[key];
  else if (how === "replace") put(holder, key, value);
  else if (how === "twice") put(holder, key, [before, before]);
  else if (how === "wrap") put(holder, key, Object.fromEntries([[name, before]]));
  else if (how === "cut") put(holder, key, typeof before === "string" ? before.slice(0, before.length / 2) : null);
  else put(typeof before === "object" && before !== null ? before : holder, name, value);
}

/** As JSON.parse does it: `__proto__` is a field like others. */
function put(holder: object, key: string, value: unknown): void {
  if (Array.isArray(holder) && !(key in holder && /^\d+$/.test(key))) holder.push(value);
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The value in DynamoDB's notation, as a client of any language may have written it. */
export function attribute(value: unknown): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (value instanceof Uint8Array) return { B: value };
  if (value instanceof Set) return setAttribute([...value]);
  if (Array.isArray(value)) return { L: value.map(attribute) };
  if (typeof value !== "object" || value === null) return { NULL: true };
  return { M: Object.fromEntries(Object.entries(value).map(([key, one]) => [key, attribute(one)])) };
}

function setAttribute(members: unknown[]): AttributeValue {
  return members.every((one) => typeof one === "number") ? { NS: members.map(String) } : { SS: members.map(String) };
}
