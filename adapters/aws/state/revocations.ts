import type { State } from "../../../core/ports.ts";
import type { RevocationRow } from "../../../core/revocation/state.ts";
import type { Item } from "../dynamo/expressions.ts";
import { keysIn } from "../dynamo/expressions.ts";
import type { Table } from "../dynamo/table.ts";
import { absent } from "./attempts.ts";
import { blockedKey, revocationItem } from "./beside-schemas.ts";
import { blockedKeyKey, dueLane, revocationKey, revocationPrefix, revocationRef } from "./keys.ts";
import { unchangedSince } from "./resources.ts";
import { parsed } from "./schemas.ts";

/** What is to be revoked, and the keys that nobody may use again. */
export function revocationRows(
  table: Table,
): Pick<State, "revocation" | "putRevocation" | "revocationsOf" | "blockKey" | "blockedKey"> {
  return {
    revocation: async (ref) => {
      const item = await table.get(revocationKey(ref));
      return item && fromItem(item);
    },
    putRevocation: async ({ ref, ...row }) => {
      const key = revocationKey(ref);
      // A leaked key is as urgent as anything can be.
      const lane = row.dueAt === undefined ? undefined : dueLane("renew", key);
      const item = { ...key, ...row, version: row.version + 1, dueLane: lane };
      return (await table.put(item, unchangedSince(row.version))).saved ? "saved" : "conflict";
    },
    revocationsOf: async (key) => {
      const values = { namespace: key.namespace, prefix: revocationPrefix(key) };
      const where = { text: "#namespace = :namespace AND begins_with(#resource, :prefix)", values };
      const rows: RevocationRow[] = [];
      for await (const page of table.query({ where })) rows.push(...page.map(fromItem));
      return rows;
    },
    blockKey: async (blocked) => {
      await table.put({ ...blockedKeyKey(blocked.publicKeyHash), ...blocked }, absent);
    },
    blockedKey: async (publicKeyHash) => {
      const item = await table.get(blockedKeyKey(publicKeyHash));
      return item && parsed(blockedKey, item, item);
    },
  };
}

function fromItem(item: Item): RevocationRow {
  const { namespace: _n, resource: _r, dueLane: _d, ...rest } = item;
  const ref = revocationRef(keysIn(item));
  if (!ref) throw new Error(`State holds a revocation under ${keysIn(item).resource}`);
  return { ...parsed(revocationItem, rest, item), ref };
}
