import type { Expression, Item, ItemKey, Written } from "../../../adapters/aws/dynamo/expressions.ts";
import type { Table, TableQuery } from "../../../adapters/aws/dynamo/table.ts";
import type { IndexShape, TableShape } from "../../../core/tables.ts";
import { changed, holds } from "./expressions.ts";
import { itemBytes, stored } from "./item-bytes.ts";
import type { Meter } from "./meter.ts";
import { type IndexRows, indexRows, type Row } from "./table-index.ts";

/** The rows of one table, which all functions share. */
export interface FleetTable {
  rows: Map<string, Row>;
  indexes: Map<string, IndexRows>;
  /** The table as one function reaches it. */
  open(world: TableWorld): Table;
}

export interface TableWorld {
  used: Meter;
  /** What a call of DynamoDB takes; `kind` is its action. */
  pause(kind: string): Promise<void>;
}

const pageBytes = 1_048_576;

/** A DynamoDB table in memory: conditions, transactions, indexes and capacity units, but no marshalling. */
export function fleetTable(shape: TableShape): FleetTable {
  const rows = new Map<string, Row>();
  const indexes = new Map(shape.indexes.map((index) => [index.name, indexRows(index)]));
  const state: State = { rows, indexes, shapes: shape.indexes };
  return { rows, indexes, open: (world) => openTable(state, world) };
}

interface State {
  rows: Map<string, Row>;
  indexes: Map<string, IndexRows>;
  shapes: IndexShape[];
}

function openTable(state: State, { used, pause }: TableWorld): Table {
  const ask = async (action: string) => {
    used.add(`dynamodb ${action}`);
    await pause(action);
  };
  const write = async (action: string, key: ItemKey, condition: Expression | undefined, next: Next) => {
    await ask(action);
    return writeRow(state, used, key, condition, next, 1);
  };
  return {
    get: async (key) => {
      await ask("GetItem");
      const row = state.rows.get(idOf(key));
      used.readUnits += readUnits(row);
      return row?.item;
    },
    getMany: async (keys, how) => {
      const distinct = [...new Set(keys.map(idOf))];
      await Promise.all(Array.from({ length: Math.ceil(distinct.length / 100) }, () => ask("BatchGetItem")));
      const found = distinct.map((id) => state.rows.get(id));
      for (const row of found) used.readUnits += readUnits(row) / (how?.eventual ? 2 : 1);
      return found.flatMap((row) => (row ? [row.item] : []));
    },
    put: async (item, condition, answer) => {
      const { before, saved } = await write("PutItem", item, condition, () => item);
      return { saved, ...(answer === "refusing" && !saved ? { item: before } : {}) };
    },
    update: async (key, change, condition, answer) => {
      const next = (before: Item | undefined) => changed(before ?? { ...key }, change);
      // Both expressions of a call share their values.
      const bound = condition && { ...condition, values: { ...change.values, ...condition.values } };
      const { before, after, saved } = await write("UpdateItem", key, bound, next);
      if (answer === "before") return { saved, item: before };
      return { saved, ...(answer === "after" ? { item: after } : {}) };
    },
    delete: async (key, condition) => {
      const { saved } = await write("DeleteItem", key, condition, () => undefined);
      return { saved };
    },
    putTogether: async (puts) => {
      await ask("TransactWriteItems");
      return writeTogether(state, used, puts);
    },
    query: (query) => pages(state, used, ask, query),
    scan: (index) => scan(state, used, ask, index),
  };
}

type Next = (before: Item | undefined) => Item | undefined;

function idOf({ namespace, resource }: ItemKey): string {
  return `${namespace}\n${resource}`;
}

function writeRow(
  state: State,
  used: Meter,
  key: ItemKey,
  condition: Expression | undefined,
  next: Next,
  weight: number,
): { saved: boolean; before: Item | undefined; after?: Item | undefined } {
  const id = idOf(key);
  const old = state.rows.get(id);
  if (condition && !holds(old?.item, condition)) {
    // A refused condition costs what the item that refused it weighs.
    used.writeUnits += weight * writeUnits(old?.bytes ?? 0);
    return { saved: false, before: old?.item };
  }
  const after = next(old?.item);
  const row = after && rowOf(after);
  used.writeUnits += weight * writeUnits(Math.max(old?.bytes ?? 0, row?.bytes ?? 0));
  if (row) state.rows.set(id, row);
  else state.rows.delete(id);
  for (const index of state.indexes.values()) used.indexWriteUnits += index.change(id, old?.item, row?.item);
  return { saved: true, before: old?.item, after: row?.item };
}

function rowOf(item: Item): Row {
  const kept = stored(item);
  return { item: kept, bytes: itemBytes(kept) };
}

/** Each row of a transaction counts twice: it is prepared and committed. */
function writeTogether(
  state: State,
  used: Meter,
  puts: { item: Item & ItemKey; condition: Expression }[],
): Pick<Written, "saved"> {
  const refused = puts.some(({ item, condition }) => !holds(state.rows.get(idOf(item))?.item, condition));
  if (refused) {
    for (const { item } of puts) used.writeUnits += 2 * writeUnits(state.rows.get(idOf(item))?.bytes ?? 0);
    return { saved: false };
  }
  for (const { item } of puts) writeRow(state, used, item, undefined, () => item, 2);
  return { saved: true };
}

/** Strongly consistent: one unit for each 4 KB; nothing found costs one, too. */
function readUnits(row: Row | undefined): number {
  return Math.max(1, Math.ceil((row?.bytes ?? 0) / 4_096));
}

function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1_024));
}

async function* pages(
  state: State,
  used: Meter,
  ask: (action: string) => Promise<void>,
  { index, where, filter, descending, pageSize = Number.POSITIVE_INFINITY }: TableQuery,
): AsyncGenerator<Item[]> {
  const source = index === undefined ? mainRows(state, where, descending) : indexed(state, index).find(where);
  const iterator = source[Symbol.iterator]();
  for (let more = true; more; ) {
    const page: Item[] = [];
    let bytes = 0;
    while (page.length < pageSize && bytes < pageBytes) {
      const next = iterator.next();
      more = !next.done;
      if (next.done) break;
      page.push(next.value.item);
      bytes += next.value.bytes;
    }
    await ask("Query");
    const units = Math.max(1, Math.ceil(bytes / 4_096));
    used.readUnits += index === undefined ? units : units / 2;
    const kept = filter ? page.filter((item) => holds(item, filter)) : page;
    if (kept.length > 0) yield kept;
  }
}

/** Only what nobody does in the pipeline asks for this: it looks at every row. */
function mainRows(state: State, where: Expression, descending: boolean | undefined): Row[] {
  const found = [...state.rows.values()].filter(({ item }) => holds(item, where));
  const sorted = found.sort((a, b) => (String(a.item.resource) < String(b.item.resource) ? -1 : 1));
  return descending ? sorted.reverse() : sorted;
}

async function* scan(
  state: State,
  used: Meter,
  ask: (action: string) => Promise<void>,
  index: string | undefined,
): AsyncGenerator<Item[]> {
  const all = index === undefined ? [...state.rows.values()] : [...indexed(state, index).all()];
  for (let at = 0; at < all.length || at === 0; ) {
    let bytes = 0;
    const page: Item[] = [];
    for (; at < all.length && bytes < pageBytes; at += 1) {
      bytes += all[at]?.bytes ?? 0;
      page.push(all[at]?.item ?? {});
    }
    await ask("Scan");
    const units = Math.max(1, Math.ceil(bytes / 4_096));
    used.readUnits += index === undefined ? units : units / 2;
    if (page.length > 0) yield page;
    if (at === 0) return;
  }
}

function indexed(state: State, name: string): IndexRows {
  const index = state.indexes.get(name);
  if (!index) throw new Error(`no index ${name}`);
  return index;
}
