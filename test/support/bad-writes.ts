import { createHash } from "node:crypto";
import { BatchGetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { StoredRequest } from "../../core/ports.ts";
import { idOf, type ResourceKey, resourceOf } from "../../core/resource.ts";
import type { BadObject } from "./bad-objects.ts";
import type { TestStack } from "./integration-bed.ts";

/** Writes an object as it stands, however little it looks like one. */
export async function writeStored({ clients, tables }: TestStack, object: StoredRequest): Promise<void> {
  const { key, apiVersion, metadata, spec } = object;
  const item = { namespace: key.namespace, resource: resourceOf(key), apiVersion, metadata, spec };
  const Item = marshall(item, { removeUndefinedValues: true });
  await clients.dynamo.send(new PutItemCommand({ TableName: tables.requests, Item }));
}

/** The bad object under a key that no other test uses, as far as its rule is not about that very key. */
export function atFreshKey(bad: BadObject, key: { namespace: string; name: string }): StoredRequest {
  const { kind, ...own } = bad.object.key;
  const isFree = (part: "namespace" | "name") =>
    !bad.inKey || (part in free && free[part] === own[part] && !speaksOf(own[part]));
  const speaksOf = (part: string) => bad.message.includes(JSON.stringify(part));
  const namespace = isFree("namespace") && kind !== "ClusterIssuer" ? key.namespace : own.namespace;
  return { ...bad.object, key: { kind, namespace, name: isFree("name") ? key.name : own.name } };
}

// What the tables of bad objects write where a rule does not care.
const free = { namespace: "web", name: "bad" };

/** What State says of objects of any kind, as a tenant reads it; by idOf(), absent ones are not in it. */
export async function conditionsOf(
  { clients, tables }: TestStack,
  keys: ResourceKey[],
): Promise<Map<string, { status: string; reason: string; message: string }>> {
  const found = new Map();
  for (let start = 0; start < keys.length; start += 100) {
    const some = keys.slice(start, start + 100);
    const Keys = some.map((key) => marshall({ namespace: key.namespace, resource: resourceOf(key) }));
    const asked = new BatchGetItemCommand({ RequestItems: { [tables.state]: { Keys, ConsistentRead: true } } });
    const items = (await clients.dynamo.send(asked)).Responses?.[tables.state] ?? [];
    for (const item of items.map((one) => unmarshall(one))) found.set(`${item.namespace}/${item.resource}`, item.ready);
  }
  return new Map(keys.flatMap((key) => (found.has(idOf(key)) ? [[idOf(key), found.get(idOf(key))]] : [])));
}

/** Another order, the same in every run. */
export function shuffled<Item>(items: Item[]): Item[] {
  const place = (index: number) => createHash("sha256").update(String(index)).digest("hex");
  const places = new Map(items.map((item, index) => [item, place(index)]));
  return items.toSorted((one, other) => ((places.get(one) ?? "") < (places.get(other) ?? "") ? -1 : 1));
}
