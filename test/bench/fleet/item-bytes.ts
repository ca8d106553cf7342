import type { Item } from "../../../adapters/aws/dynamo/expressions.ts";

/** Bytes that DynamoDB counts for an item of plain values (Developer Guide, "DynamoDB item sizes and formats"). */
export function itemBytes(item: Item): number {
  let sum = 0;
  for (const name in item) if (item[name] !== undefined) sum += Buffer.byteLength(name) + valueBytes(item[name]);
  return sum;
}

function valueBytes(value: unknown): number {
  switch (typeof value) {
    case "string":
      return Buffer.byteLength(value);
    case "number":
      return numberBytes(value);
    case "object":
      return value === null ? 1 : objectBytes(value);
    default:
      return 1;
  }
}

function objectBytes(value: object): number {
  if (value instanceof Uint8Array) return value.byteLength;
  if (value instanceof Set) return [...value].reduce<number>((sum, one) => sum + Buffer.byteLength(String(one)), 0);
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + 1 + valueBytes(one), 3);
  let sum = 3;
  for (const name in value) {
    const one = (value as Item)[name];
    if (one !== undefined) sum += 1 + Buffer.byteLength(name) + valueBytes(one);
  }
  return sum;
}

/** Two digits to a byte without leading and trailing zeros, one byte more, and one for a minus. */
function numberBytes(value: number): number {
  const digits = String(Math.abs(value))
    .replace(/e.*$/, "")
    .replace(".", "")
    .replace(/^0+|0+$/g, "");
  return Math.ceil(digits.length / 2) + 1 + (value < 0 ? 1 : 0);
}

/** An item as DynamoDB keeps it: a copy of its own, without what is undefined. */
export function stored(item: Item): Item {
  const copy: Item = {};
  for (const name in item) if (item[name] !== undefined) copy[name] = storedValue(item[name]);
  return copy;
}

function storedValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (value instanceof Set) return new Set(value);
  return Array.isArray(value) ? value.map(storedValue) : stored(value as Item);
}
