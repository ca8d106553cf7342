import { type FieldFault, invalidValue, quote, unsupportedValue } from "./field-fault.ts";
import { nearest } from "./nearest.ts";

/** A map whose keys are checked already; every reader answers undefined, or nothing, for what is absent, null or faulty. */
export interface Fields {
  path: string;
  at(name: string): string;
  /** Whether the user said anything: not absent, null, "" or an empty list. */
  isSet(name: string): boolean;
  /** Whether it is exactly this value, whatever its type should be. */
  is(name: string, value: unknown): boolean;
  text(name: string): string | undefined;
  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined;
  flag(name: string): boolean | undefined;
  /** A whole number of 32 bits. */
  integer(name: string): number | undefined;
  /** Kubernetes' IntOrString. */
  integerOrText(name: string): number | string | undefined;
  texts(name: string): { path: string; text: string }[];
  map(name: string, table: FieldTable): Fields | undefined;
  maps(name: string, table: FieldTable): Fields[];
  textMap(name: string): Record<string, string>;
  fault(name: string, message: string, fix: string): void;
  faultAt(path: string, message: string, fix: string): void;
}

/** Every field a map may have: read, or refused for now unless its value changes nothing. */
export type FieldTable = Record<string, "read" | Later>;

interface Later {
  fix: string;
  changesNothing(value: unknown): boolean;
}

const notYet = "remove it: this version of certwright does not support it yet";

/** A field of a later version. Zero values and what `harmless` knows are accepted; with `unlessAbsent` nothing is. */
export function later({ fix = notYet, harmless = nothingElse, unlessAbsent = false } = {}): Later {
  return { fix, changesNothing: (value) => !unlessAbsent && (isNothing(value) || harmless(value)) };
}

function nothingElse(_value: unknown): boolean {
  return false;
}

/** A map with string keys, as JSON, YAML and DynamoDB give it. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return Object.prototype.toString.call(value) === "[object Object]";
}

/** Opens a map: faults for keys that the table does not know, or only for later; undefined when it is absent or no map. */
export function readFields(value: unknown, path: string, table: FieldTable, faults: FieldFault[]): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isMap(value)) {
    faults.push(wrongType(path, value, "object"));
    return undefined;
  }
  for (const [name, content] of Object.entries(value)) {
    const fault = content === null || content === undefined ? undefined : keyFault(name, content, path, table);
    if (fault) faults.push(fault);
  }
  return fieldsOf(value, path, faults);
}

/** A map of texts, such as labels. */
export function readTextMap(value: unknown, path: string, faults: FieldFault[]): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isMap(value)) {
    faults.push(wrongType(path, value, "object"));
    return {};
  }
  const entries = Object.entries(value).filter(([, content]) => content !== null && content !== undefined);
  for (const [name, content] of entries) {
    if (typeof content !== "string") faults.push(wrongType(`${path}[${shownKey(name)}]`, content, "string"));
  }
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function fieldsOf(map: Record<string, unknown>, path: string, faults: FieldFault[]): Fields {
  const raw = (name: string) => (Object.hasOwn(map, name) ? (map[name] ?? undefined) : undefined);
  const at = (name: string) => `${path}.${name}`;
  const typed = <Value>(name: string, type: Type, is: (value: unknown) => value is Value): Value | undefined => {
    const value = raw(name);
    if (value === undefined || is(value)) return value;
    faults.push(wrongType(at(name), value, type));
    return undefined;
  };
  const list = (name: string) => (typed(name, "array", Array.isArray) ?? []) as unknown[];
  const fields: Fields = {
    path,
    at,
    is: (name, value) => raw(name) === value,
    isSet: (name) =>
      raw(name) !== undefined && raw(name) !== "" && !(Array.isArray(raw(name)) && list(name).length === 0),
    text: (name) => typed(name, "string", isText) || undefined,
    flag: (name) => typed(name, "boolean", (value) => typeof value === "boolean"),
    integer: (name) => typed(name, "integer", isInteger),
    integerOrText: (name) => (isText(raw(name)) ? fields.text(name) : fields.integer(name)),
    textMap: (name) => readTextMap(raw(name), at(name), faults),
    map: (name, table) => readFields(raw(name), at(name), table, faults),
    maps: (name, table) => list(name).flatMap((item, index) => readItem(item, `${at(name)}[${index}]`, table, faults)),
    texts: (name) => list(name).flatMap((item, index) => readText(item, `${at(name)}[${index}]`, faults)),
    fault: (name, message, fix) => fields.faultAt(at(name), message, fix),
    faultAt: (where, message, fix) => void faults.push({ path: where, message, fix }),
    oneOf: (name, choices) => {
      const value = fields.text(name);
      const choice = choices.find((known) => known === value);
      if (value !== undefined && choice === undefined) {
        fields.fault(name, unsupportedValue(quote(value), choices), writeOneOf(value, choices));
      }
      return choice;
    },
  };
  return fields;
}

function writeOneOf(value: string, choices: readonly string[]): string {
  return `write ${nearest(value, choices) ?? `one of ${choices.join(", ")}`}`;
}

function readItem(item: unknown, path: string, table: FieldTable, faults: FieldFault[]): Fields[] {
  const fields = readFields(item ?? "null", path, table, faults);
  return fields ? [fields] : [];
}

function readText(item: unknown, path: string, faults: FieldFault[]): { path: string; text: string }[] {
  if (typeof item === "string") return [{ path, text: item }];
  faults.push(wrongType(path, item, "string"));
  return [];
}

function keyFault(name: string, content: unknown, path: string, table: FieldTable): FieldFault | undefined {
  const at = `${path}.${shownKey(name)}`;
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (entry === "read") return undefined;
  if (entry === undefined) {
    const meant = nearest(name, Object.keys(table));
    const fix = meant === undefined ? "remove it, or correct its name" : `did you mean ${meant}?`;
    return { path: at, message: `unknown field ${quote(at)}`, fix };
  }
  if (entry.changesNothing(content)) return undefined;
  return { path: at, message: "Forbidden: not supported by this version of certwright", fix: entry.fix };
}

type Type = "string" | "boolean" | "integer" | "array" | "object";

const fixOfType: Record<Type, string> = {
  string: "write a text; YAML needs quotes around numbers, true and false",
  boolean: "write true or false, without quotes",
  integer: "write a whole number, without quotes",
  array: "write a list",
  object: "write a map of fields",
};

/** Names the type that was found, never the value: it may be a secret in the wrong place. */
function wrongType(path: string, value: unknown, type: Type): FieldFault {
  return { path, message: invalidValue(quote(typeOf(value)), `must be of type ${type}`), fix: fixOfType[type] };
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return value instanceof Set ? "set" : typeof value;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isInteger(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 0x7fff_ffff;
}

/** Go's zero values; maps of nothing but them change nothing either. */
function isNothing(value: unknown, depth = 0): boolean {
  if (isMap(value)) return depth < 4 && Object.values(value).every((content) => isNothing(content, depth + 1));
  return Array.isArray(value) ? value.length === 0 : !value;
}

function shownKey(name: string): string {
  return name.length > 80 ? `${name.slice(0, 80)}…` : name;
}
