import type { State } from "../../../core/ports.ts";
import type { BucketRow } from "../../../core/rows.ts";
import { keysIn } from "../dynamo/expressions.ts";
import type { Table } from "../dynamo/table.ts";
import { bucketItem } from "./beside-schemas.ts";
import { bucketKey, bucketOf } from "./keys.ts";
import { unchangedSince } from "./resources.ts";
import { parsed } from "./schemas.ts";

/** The token buckets. One row is a plain write: a transaction costs twice as much. */
export function ledger(table: Table): Pick<State, "buckets" | "putBuckets"> {
  return {
    buckets: async (keys) => {
      const items = await table.getMany(keys.map(bucketKey));
      const rows = items.map((item) => ({ key: bucketOf(keysIn(item)), ...parsed(bucketItem, item, item) }));
      return new Map(rows.map((row) => [row.key, row]));
    },
    putBuckets: async (rows) => {
      const [first, ...more] = rows.map(swap);
      if (!first) return "saved";
      const written = await (more.length === 0
        ? table.put(first.item, first.condition)
        : table.putTogether([first, ...more]));
      return written.saved ? "saved" : "conflict";
    },
  };
}

function swap({ key, version, tokens, at }: BucketRow) {
  return { item: { ...bucketKey(key), version: version + 1, tokens, at }, condition: unchangedSince(version) };
}
