import { annotationNames, annotationPath } from "./annotations.ts";
import { type FieldFault, invalidValue } from "./field-fault.ts";
import { type Fields, type FieldTable, readFields } from "./field-reader.ts";
import { readJson } from "./json-text.ts";
import type { Limit, RateLimits } from "./limits.ts";

const limits: (keyof RateLimits)[] = [
  "newOrders",
  "certificatesPerDomain",
  "identifierSets",
  "executions",
  "ordersInFlight",
];
const limitsTable: FieldTable = Object.fromEntries(limits.map((name) => [name, "read"]));
const limitTable: FieldTable = { capacity: "read", refillSeconds: "read" };

/** Orders in flight come back when they end; this only heals a lost count. */
const healSeconds = 10;

/** Reads `certwright.dev/rate-limits`: JSON such as {"newOrders":{"capacity":300,"refillSeconds":36},"executions":"off"}. */
export function readRateLimits(annotations: Record<string, string>, faults: FieldFault[]): RateLimits | undefined {
  const text = annotations[annotationNames.rateLimits];
  if (text === undefined) return undefined;
  const path = annotationPath(annotationNames.rateLimits);
  const fields = readFields(readJson(text), path, limitsTable, faults);
  if (!fields) {
    const fix = 'write JSON such as {"newOrders":{"capacity":300,"refillSeconds":36}}';
    if (!faults.some((fault) => fault.path === path)) faults.push({ path, message: "must be a JSON object", fix });
    return undefined;
  }
  const read = limits.map((name) => [name, readLimit(fields, name)] as const);
  return Object.fromEntries(read.filter(([, limit]) => limit !== undefined));
}

function readLimit(limitsRead: Fields, name: keyof RateLimits): Limit | undefined {
  if (limitsRead.is(name, "off")) return "off";
  const fields = limitsRead.map(name, limitTable);
  if (!fields) return undefined;
  const capacity = atLeastOne(fields, "capacity");
  const heals = name === "ordersInFlight" && !fields.isSet("refillSeconds");
  return { capacity, refillSeconds: heals ? healSeconds : atLeastOne(fields, "refillSeconds") };
}

function atLeastOne(fields: Fields, name: string): number {
  const value = fields.integer(name);
  if (value !== undefined && value >= 1) return value;
  const message = value === undefined ? "Required value: must be specified" : invalidValue(value, "must be at least 1");
  if (value !== undefined || !fields.isSet(name)) fields.fault(name, message, "write a whole number of 1 or more");
  return 1;
}
