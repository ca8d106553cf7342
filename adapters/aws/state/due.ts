import type { Due, State } from "../../../core/ports.ts";
import { familyOf } from "../../../core/resource.ts";
import type { Lane } from "../../../core/rows.ts";
import { dueIndex, dueShards } from "../../../core/tables.ts";
import type { Item } from "../dynamo/expressions.ts";
import { keysIn } from "../dynamo/expressions.ts";
import type { Table, TableQuery } from "../dynamo/table.ts";
import { attemptRef, revocationRef } from "./keys.ts";
import { namedBy } from "./rows.ts";

/** The due index: what is to be done now, and how close renewals have come to the end. */
export function dueRows(table: Table): Pick<State, "due" | "smallestMargin"> {
  return {
    due: async (now, limit) => {
      const at = { text: "#dueAt <= :now", values: { now: now.getTime() } };
      const [renewals, first] = await Promise.all([oldest(table, "renew", at, limit), oldest(table, "new", at, limit)]);
      return [...renewals, ...first].slice(0, limit);
    },
    smallestMargin: async (now, until) => {
      const before = { text: "#dueAt < :until", values: { until: until.getTime() } };
      const smallest = await Promise.all(
        partitions("renew").map(async (partition) => {
          let margin: number | undefined;
          for await (const page of table.query(dueIn(partition, before))) {
            for (const item of page) margin = smaller(margin, marginOf(item, now));
          }
          return margin;
        }),
      );
      return smallest.reduce(smaller, undefined);
    },
  };
}

async function oldest(table: Table, lane: Lane, at: TableQuery["where"], limit: number): Promise<Due[]> {
  const found = await Promise.all(
    partitions(lane).map(async (partition) => {
      const due: Due[] = [];
      for await (const page of table.query({ ...dueIn(partition, at), pageSize: limit })) {
        due.push(...page.map((item) => dueOf(item, lane)).filter((one) => one !== undefined));
        if (due.length >= limit) break;
      }
      return due;
    }),
  );
  return found
    .flat()
    .sort((one, other) => one.dueAt - other.dueAt)
    .slice(0, limit);
}

function partitions(lane: Lane): string[] {
  return Array.from({ length: dueShards }, (_, shard) => `${lane}#${shard}`);
}

function dueIn(partition: string, at: TableQuery["where"]): TableQuery {
  const text = `#dueLane = :partition AND ${at.text}`;
  return { index: dueIndex.name, where: { text, values: { partition, ...at.values } } };
}

/** A row of a kind this release does not know is left to the one that wrote it. */
function dueOf(item: Item, lane: Lane): Due | undefined {
  const dueAt = Number(item.dueAt);
  const revoked = revocationRef(keysIn(item));
  if (revoked) return { what: "revocation", ref: revoked, dueAt, lane };
  const ref = attemptRef(keysIn(item));
  if (ref) return { what: "records", ref, dueAt, lane };
  const key = namedBy(keysIn(item));
  if (key?.kind === "Certificate" && lane === "new" && item.notAfter !== undefined)
    return { what: "look", key, dueAt, lane };
  return key && { what: familyOf(key.kind), key, dueAt, lane };
}

function marginOf({ notBefore, notAfter }: Item, now: Date): number | undefined {
  const lifetime = Number(notAfter) - Number(notBefore);
  return lifetime > 0 ? (Number(notAfter) - now.getTime()) / lifetime : undefined;
}

function smaller(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one;
}
