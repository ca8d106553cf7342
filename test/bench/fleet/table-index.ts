import type { Expression, Item } from "../../../adapters/aws/dynamo/expressions.ts";
import type { IndexShape } from "../../../core/tables.ts";
import { dueList } from "../../support/memory-state/due-list.ts";
import { holds } from "./expressions.ts";
import { itemBytes } from "./item-bytes.ts";

/** An item with its size. */
export interface Row {
  item: Item;
  bytes: number;
}

/** A global secondary index: rows that have both of its keys, in partitions. */
export interface IndexRows {
  /** Follows a row of the table; answers the write units that costs. */
  change(id: string, before: Item | undefined, after: Item | undefined): number;
  find(where: Expression): Iterable<Row>;
  all(): Iterable<Row>;
}

/** An index whose sort key is a number is kept in its order; of another one each question looks at a whole partition. */
export function indexRows(shape: IndexShape): IndexRows {
  const kept = shape.sortKey.type === "N" ? sortedRows(shape) : unsortedRows(shape);
  return {
    ...kept,
    change: (id, before, after) => {
      const [old, next] = [keysOf(shape, before), keysOf(shape, after)];
      if (!(old || next)) return 0;
      const moved = old?.partition !== next?.partition || old?.sort !== next?.sort;
      const touched = moved || shape.include.some((name) => before?.[name] !== after?.[name]);
      if (!touched) return 0;
      if (old) kept.remove(id, old);
      if (next) kept.insert(id, next, projected(shape, after ?? {}));
      return moved ? Number(old !== undefined) + Number(next !== undefined) : 1;
    },
  };
}

interface Keys {
  partition: string;
  sort: unknown;
}

function keysOf({ partitionKey, sortKey }: IndexShape, item: Item | undefined): Keys | undefined {
  const [partition, sort] = [item?.[partitionKey.name], item?.[sortKey.name]];
  return partition === undefined || sort === undefined ? undefined : { partition: String(partition), sort };
}

function projected({ partitionKey, sortKey, include }: IndexShape, item: Item): Row {
  const names = ["namespace", "resource", partitionKey.name, sortKey.name, ...include];
  const copy: Item = {};
  for (const name of names) if (item[name] !== undefined) copy[name] = item[name];
  return { item: copy, bytes: itemBytes(copy) };
}

function unsortedRows(shape: IndexShape) {
  const partitions = new Map<string, Map<string, Row>>();
  return {
    insert: (id: string, { partition }: Keys, row: Row) => {
      const rows = partitions.get(partition) ?? new Map<string, Row>();
      partitions.set(partition, rows.set(id, row));
    },
    remove: (id: string, { partition }: Keys) => void partitions.get(partition)?.delete(id),
    find: (where: Expression) => {
      const partition = String(where.values?.[nameIn(where, shape.partitionKey.name)]);
      return [...(partitions.get(partition)?.values() ?? [])].filter(({ item }) => holds(item, where));
    },
    all: function* () {
      for (const rows of partitions.values()) yield* rows.values();
    },
  };
}

function sortedRows(shape: IndexShape) {
  const partitions = new Map<string, { list: ReturnType<typeof dueList>; rows: Map<string, Row> }>();
  const at = (partition: string) => {
    const known = partitions.get(partition) ?? { list: dueList(), rows: new Map<string, Row>() };
    partitions.set(partition, known);
    return known;
  };
  return {
    insert: (id: string, { partition, sort }: Keys, row: Row) => {
      const { list, rows } = at(partition);
      list.set(id, Number(sort));
      rows.set(id, row);
    },
    remove: (id: string, { partition }: Keys) => {
      const { list, rows } = at(partition);
      list.set(id, undefined);
      rows.delete(id);
    },
    find: function* (where: Expression): Generator<Row> {
      const { list, rows } = at(String(where.values?.[nameIn(where, shape.partitionKey.name)]));
      const limit = Number(where.values?.[nameIn(where, shape.sortKey.name)]);
      const strictly = where.text.includes(`#${shape.sortKey.name} < `);
      for (const { id, dueAt } of list.upTo(limit)) {
        const row = rows.get(id);
        if (row && !(strictly && dueAt === limit)) yield row;
      }
    },
    all: function* () {
      for (const { rows } of partitions.values()) yield* rows.values();
    },
  };
}

/** The name of the value that an attribute is compared with. */
function nameIn({ text }: Expression, attribute: string): string {
  return new RegExp(`#${attribute} (?:=|<=|<) :(\\w+)`).exec(text)?.[1] ?? "";
}
