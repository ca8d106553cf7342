import type { Expression, Item } from "../../../adapters/aws/dynamo/expressions.ts";

type Values = Item | undefined;
type Test = (item: Item | undefined, values: Values) => boolean;
type Change = (item: Item, values: Values) => void;

const tests = new Map<string, Test>();
const changes = new Map<string, Change>();

/** Whether an item (undefined: none) fulfils a condition. Only what our adapters write is understood: `OR` of `AND` of single tests. */
export function holds(item: Item | undefined, { text, values }: Expression): boolean {
  const known = tests.get(text) ?? anyOf(text.split(" OR ").map((part) => allOf(part.split(" AND ").map(single))));
  tests.set(text, known);
  return known(item, values);
}

/** Changes a copy of an item as an update expression says. */
export function changed(item: Item, { text, values }: Expression): Item {
  const known = changes.get(text) ?? inTurn(text.split(/ (?=SET |REMOVE |ADD |DELETE )/).map(clause));
  changes.set(text, known);
  const next = { ...item };
  known(next, values);
  return next;
}

function anyOf(parts: Test[]): Test {
  return (item, values) => parts.some((part) => part(item, values));
}

function allOf(parts: Test[]): Test {
  return (item, values) => parts.every((part) => part(item, values));
}

function single(text: string): Test {
  const [, name = ""] = /#(\w+)/.exec(text) ?? [];
  const [, value = ""] = /:(\w+)/.exec(text) ?? [];
  if (/^attribute_exists\(#\w+\)$/.test(text)) return (item) => item?.[name] !== undefined;
  if (/^attribute_not_exists\(#\w+\)$/.test(text)) return (item) => item?.[name] === undefined;
  if (/^begins_with\(#\w+, :\w+\)$/.test(text))
    return (item, values) => String(item?.[name] ?? "").startsWith(String(values?.[value]));
  const operator = /^#\w+ (=|<>|<=|<) :\w+$/.exec(text)?.[1];
  if (operator === "=") return (item, values) => same(item?.[name], values?.[value]);
  if (operator === "<>") return (item, values) => !same(item?.[name], values?.[value]);
  if (operator === "<=") return (item, values) => Number(item?.[name]) <= Number(values?.[value]);
  if (operator === "<") return (item, values) => Number(item?.[name]) < Number(values?.[value]);
  throw new Error(`the fleet's table does not understand: ${text}`);
}

function same(one: unknown, other: unknown): boolean {
  if (!(one instanceof Set && other instanceof Set)) return one === other;
  return one.size === other.size && [...one].every((each) => other.has(each));
}

function inTurn(parts: Change[]): Change {
  return (item, values) => {
    for (const part of parts) part(item, values);
  };
}

function clause(text: string): Change {
  const [, verb, rest = ""] = /^(SET|REMOVE|ADD|DELETE) (.*)$/.exec(text) ?? [];
  const names = [...rest.matchAll(/#(\w+)/g)].map((match) => match[1] ?? "");
  const [, value = ""] = /:(\w+)/.exec(rest) ?? [];
  if (verb === "SET") return set(rest.split(/, (?=#)/));
  if (verb === "REMOVE") {
    return (item) => {
      for (const name of names) delete item[name];
    };
  }
  const [name = ""] = names;
  if (verb === "ADD") return (item, values) => add(item, name, values?.[value]);
  if (verb === "DELETE") {
    return (item, values) =>
      replace(
        item,
        name,
        [...setOf(item[name])].filter((one) => !setOf(values?.[value]).has(one)),
      );
  }
  throw new Error(`the fleet's table does not understand: ${text}`);
}

function set(assignments: string[]): Change {
  const pairs = assignments.map((text) => /^#(\w+) = (if_not_exists\(#\1, )?:(\w+)\)?$/.exec(text) ?? []);
  return (item, values) => {
    for (const [, name = "", kept, value = ""] of pairs) {
      if (kept === undefined || item[name] === undefined) item[name] = values?.[value];
    }
  };
}

/** To a number, or to a set. */
function add(item: Item, name: string, value: unknown): void {
  if (typeof value === "number") item[name] = Number(item[name] ?? 0) + value;
  else replace(item, name, [...setOf(item[name]), ...setOf(value)]);
}

/** DynamoDB has no empty sets: the attribute goes. */
function replace(item: Item, name: string, members: unknown[]): void {
  if (members.length === 0) delete item[name];
  else item[name] = new Set(members);
}

function setOf(value: unknown): Set<unknown> {
  return value instanceof Set ? value : new Set();
}
