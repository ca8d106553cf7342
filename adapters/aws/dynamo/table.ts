import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { TableName } from "./errors.ts";
import { dynamoError, isSdkError, named } from "./errors.ts";
import type { Answer, Expression, Item, ItemKey, Stored, Written } from "./expressions.ts";
import { bindings, conditional, fromItem, toItem } from "./expressions.ts";
import type { TableDeps } from "./read-many.ts";
import { readMany } from "./read-many.ts";

/** What the adapters need of one DynamoDB table. Reads by key are strongly consistent; errors are the named ones. */
export interface Table {
  get(key: ItemKey): Promise<Item | undefined>;
  /** Any number of keys, also repeated ones; absent items are left out, the order is free. `eventual`: maybe a moment old. */
  getMany(keys: ItemKey[], how?: { eventual: boolean }): Promise<Item[]>;
  put(item: Item & ItemKey, condition?: Expression, answer?: Answer): Promise<Written>;
  update(key: ItemKey, change: Expression, condition?: Expression, answer?: Answer): Promise<Written>;
  delete(key: ItemKey, condition?: Expression, answer?: Answer): Promise<Written>;
  /** All or nothing, at most 100 items. */
  putTogether(puts: { item: Item & ItemKey; condition: Expression }[]): Promise<Written>;
  query(query: TableQuery): AsyncGenerator<Item[]>;
  /** The table strongly consistent, or an index. */
  scan(index?: string): AsyncGenerator<Item[]>;
}

/** A query of one partition of the table or of an index. */
export interface TableQuery {
  /** Without one the table itself is read, strongly consistent. */
  index?: string;
  where: Expression;
  filter?: Expression;
  /** From the largest sort key down. */
  descending?: boolean;
  pageSize?: number;
}

/** Opens one of the two tables; nothing is called before it is used. */
export function openTable(deps: TableDeps): Table {
  const { client, table: TableName, called } = deps;
  const at = (key: ItemKey) => ({ TableName, Key: toItem({ namespace: key.namespace, resource: key.resource }) });
  return {
    get: async (key) => {
      const answer = client.send(new GetItemCommand({ ...at(key), ConsistentRead: true }));
      return fromItem((await named(called, answer)).Item);
    },
    getMany: (keys, how) => readMany(deps, keys, how),
    put: (item, condition, answer) => {
      const input = { TableName, Item: toItem(item), ...conditional(condition, answer), ...bindings(condition) };
      return written(called, answer, client.send(new PutItemCommand(input)));
    },
    update: (key, change, condition, answer) => {
      const input = { ...at(key), UpdateExpression: change.text, ...bindings(change, condition) };
      return written(
        called,
        answer,
        client.send(new UpdateItemCommand({ ...input, ...conditional(condition, answer) })),
      );
    },
    delete: (key, condition, answer) => {
      const input = { ...at(key), ...conditional(condition, answer), ...bindings(condition) };
      return written(called, answer, client.send(new DeleteItemCommand(input)));
    },
    putTogether: (puts) => writeTogether(deps, puts),
    query: (query) => {
      const input = { TableName, ...queryInput(query) };
      return pages(called, (ExclusiveStartKey) => client.send(new QueryCommand({ ...input, ExclusiveStartKey })));
    },
    scan: (IndexName) => {
      const input = { TableName, ...(IndexName ? { IndexName } : { ConsistentRead: true }) };
      return pages(called, (ExclusiveStartKey) => client.send(new ScanCommand({ ...input, ExclusiveStartKey })));
    },
  };
}

async function written(
  called: TableName,
  answer: Answer | undefined,
  reply: Promise<{ Attributes?: Stored | undefined }>,
): Promise<Written> {
  try {
    const { Attributes } = await reply;
    return { saved: true, item: answer === "refusing" ? undefined : fromItem(Attributes) };
  } catch (error) {
    const overtaken = ["ConditionalCheckFailedException", "TransactionConflictException"];
    if (!overtaken.some((name) => isSdkError(error, name))) throw dynamoError(error, called);
    return { saved: false, item: fromItem((error as { Item?: Stored }).Item) };
  }
}

async function writeTogether({ client, table, called }: TableDeps, puts: { item: Item; condition: Expression }[]) {
  const TransactItems = puts.map(({ item, condition }) => ({
    Put: { TableName: table, Item: toItem(item), ConditionExpression: condition.text, ...bindings(condition) },
  }));
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems }));
    return { saved: true };
  } catch (error) {
    const reasons = isSdkError(error, "TransactionCanceledException") ? (error.CancellationReasons ?? []) : [];
    const overtaken = reasons.some(({ Code }) => Code === "ConditionalCheckFailed" || Code === "TransactionConflict");
    if (!overtaken) throw dynamoError(error, called);
    return { saved: false };
  }
}

async function* pages(
  called: TableName,
  read: (from: Stored | undefined) => Promise<{ Items?: Stored[] | undefined; LastEvaluatedKey?: Stored | undefined }>,
): AsyncGenerator<Item[]> {
  let from: Stored | undefined;
  do {
    const page = await named(called, read(from));
    if (page.Items?.length) yield page.Items.map((item) => fromItem(item));
    from = page.LastEvaluatedKey;
  } while (from);
}

function queryInput({ index, where, filter, descending, pageSize }: TableQuery) {
  return {
    ...(index ? { IndexName: index } : { ConsistentRead: true }),
    KeyConditionExpression: where.text,
    ...(filter && { FilterExpression: filter.text }),
    ...bindings(where, filter),
    ScanIndexForward: !descending,
    ...(pageSize !== undefined && { Limit: pageSize }),
  };
}
