import { setTimeout as sleep } from "node:timers/promises";
import type { BatchGetItemCommandOutput, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { BatchGetItemCommand } from "@aws-sdk/client-dynamodb";
import { UnavailableError } from "../../../core/errors.ts";
import type { TableName } from "./errors.ts";
import { named } from "./errors.ts";
import type { Item, ItemKey } from "./expressions.ts";
import { fromItem, toItem } from "./expressions.ts";

/** One table and how it is reached. */
export interface TableDeps {
  client: DynamoDBClient;
  table: string;
  called: TableName;
  /** Waits between the rounds of a throttled batch read. */
  pause?: (milliseconds: number) => Promise<unknown>;
}

/** BatchGetItem's limit. */
const keysPerRead = 100;
const readsAtOnce = 8;
/** How often the keys DynamoDB left unprocessed are asked again, 50 ms to 1.6 s apart. */
const roundsPerRead = 7;

/** Reads any number of items by key, each once; absent ones are left out. `eventual`: half the price, maybe a moment old. */
export async function readMany(deps: TableDeps, keys: ItemKey[], { eventual = false } = {}): Promise<Item[]> {
  const distinct = [...new Map(keys.map((key) => [`${key.namespace} ${key.resource}`, key])).values()];
  const found: Item[] = [];
  for (let start = 0; start < distinct.length; start += keysPerRead * readsAtOnce) {
    const group = distinct.slice(start, start + keysPerRead * readsAtOnce);
    const chunks = Array.from({ length: Math.ceil(group.length / keysPerRead) }, (_, index) =>
      group.slice(index * keysPerRead, (index + 1) * keysPerRead),
    );
    found.push(...(await Promise.all(chunks.map((chunk) => readChunk(deps, chunk, !eventual)))).flat());
  }
  return found;
}

async function readChunk(
  { client, table, called, pause = sleep }: TableDeps,
  keys: ItemKey[],
  ConsistentRead: boolean,
): Promise<Item[]> {
  const found: Item[] = [];
  let Keys = keys.map(({ namespace, resource }) => toItem({ namespace, resource }));
  for (let round = 0; round < roundsPerRead; round += 1) {
    if (round > 0) await pause(50 * 2 ** (round - 1));
    const RequestItems = { [table]: { Keys, ConsistentRead } };
    const answer: BatchGetItemCommandOutput = await named(
      called,
      client.send(new BatchGetItemCommand({ RequestItems })),
    );
    found.push(...(answer.Responses?.[table] ?? []).map((item) => fromItem(item)));
    Keys = answer.UnprocessedKeys?.[table]?.Keys ?? [];
    if (Keys.length === 0) return found;
  }
  throw new UnavailableError({
    reason: `${called}Unavailable`,
    message: `${called}: DynamoDB left ${Keys.length} keys of a batch read unprocessed ${roundsPerRead} times`,
  });
}
