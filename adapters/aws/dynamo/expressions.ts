import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";

/** An item as plain values: numbers, strings, maps; binary as Uint8Array, string sets as Set. */
export type Item = Record<string, unknown>;

/** The key of an item of either table. */
export interface ItemKey {
  namespace: string;
  resource: string;
}

/** The keys of an item that was read. */
export function keysIn(item: Item): ItemKey {
  return { namespace: String(item.namespace), resource: String(item.resource) };
}

/** A DynamoDB expression: `#word` stands for the attribute `word`, `:word` for the value of that name. */
export interface Expression {
  text: string;
  values?: Item;
}

/** Whether the condition held; `item` is what was asked for with `answer`. */
export interface Written {
  saved: boolean;
  item?: Item | undefined;
}

/** Which item a write answers: the one before or after it, or the one whose state refused it. */
export type Answer = "before" | "after" | "refusing";

/** An item in DynamoDB's own notation. */
export type Stored = Record<string, AttributeValue>;

/** To DynamoDB's notation; undefined values are left out, whole numbers past 2^53 are rounded as JavaScript has them. */
export function toItem(item: object): Stored {
  return marshall(item, { removeUndefinedValues: true, allowImpreciseNumbers: true });
}

/**
 * From DynamoDB's notation; numbers no double can hold are rounded, and `__proto__` is a field like others: no item that
 * somebody wrote may stop a scan. (The SDK's unmarshall gives such a map another prototype.)
 */
export function fromItem<Found extends Stored | undefined>(item: Found): Found extends undefined ? undefined : Item;
export function fromItem(item: Stored | undefined): Item | undefined {
  return item && fromMap(item);
}

function fromMap(map: Stored): Item {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, fromAttribute(value)]));
}

function fromAttribute(value: AttributeValue): unknown {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.M !== undefined) return fromMap(value.M);
  if (value.L !== undefined) return value.L.map(fromAttribute);
  if (value.SS !== undefined) return new Set(value.SS);
  if (value.NS !== undefined) return new Set(value.NS.map(Number));
  if (value.BS !== undefined) return new Set(value.BS);
  return value.B ?? null;
}

/** The names and values that expressions use; every name has a `#` alias: DynamoDB reserves 573 words. */
export function bindings(...expressions: (Expression | undefined)[]) {
  const used = expressions.filter((expression) => expression !== undefined);
  const aliases = used.flatMap(({ text }) => [...text.matchAll(/#(\w+)/g)].map((match) => [match[0], match[1] ?? ""]));
  const values = used.flatMap((expression) => Object.entries(expression.values ?? {}));
  return {
    ...(aliases.length > 0 && { ExpressionAttributeNames: Object.fromEntries(aliases) as Record<string, string> }),
    ...(values.length > 0 && {
      ExpressionAttributeValues: toItem(Object.fromEntries(values.map(([name, value]) => [`:${name}`, value]))),
    }),
  };
}

/** A write's condition, and which item it answers. */
export function conditional(condition: Expression | undefined, answer: Answer | undefined) {
  return {
    ...(condition && { ConditionExpression: condition.text }),
    ...(answer === "before" && { ReturnValues: "ALL_OLD" as const }),
    ...(answer === "after" && { ReturnValues: "ALL_NEW" as const }),
    ...(answer === "refusing" && { ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const }),
  };
}
