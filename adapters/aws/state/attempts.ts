import type { Saved, State } from "../../../core/ports.ts";
import type { AttemptRow } from "../../../core/rows.ts";
import type { Expression, Item } from "../dynamo/expressions.ts";
import type { Table, TableQuery } from "../dynamo/table.ts";
import { attemptKey, attemptPrefix } from "./keys.ts";
import { fromAttemptItem, toAttemptItem } from "./rows.ts";

const attemptsShown = 10;

/** The rows of attempts: whoever holds the lease writes, until there is an outcome. */
export function attemptRows(
  table: Table,
): Pick<
  State,
  | "attempts"
  | "createAttempt"
  | "putAttempt"
  | "leaseAttempt"
  | "recordsGone"
  | "postponeRecords"
  | "attemptsOf"
  | "keepAttempt"
> {
  return {
    attempts: async (refs) => {
      const rows = (await table.getMany(refs.map((ref) => attemptKey(ref)))).map(fromAttemptItem);
      return new Map(rows.map((row) => [row.ref.attemptId, row]));
    },
    createAttempt: async (row) => saved(await table.put(toAttemptItem(row), absent)),
    putAttempt: async (row) => saved(await table.put(toAttemptItem(row), leasedTo(row))),
    leaseAttempt: async (ref, leaseId) => {
      const change = { text: "SET #leaseId = :leaseId", values: { leaseId } };
      return saved(await table.update(attemptKey(ref), change, { text: `${present} AND ${open}` }));
    },
    recordsGone: async (ref) => {
      const change = { text: "REMOVE #hasRecords, #dueAt, #dueLane" };
      await table.update(attemptKey(ref), change, { text: present });
    },
    postponeRecords: async (ref, dueAt) => {
      const change = { text: "SET #dueAt = :dueAt", values: { dueAt } };
      await table.update(attemptKey(ref), change, { text: "attribute_exists(#dueLane)" });
    },
    attemptsOf: async ({ namespace, kind, name }, most = attemptsShown) => {
      const rows = (await all(table, ofOne(namespace, attemptPrefix({ kind, name })))).map(fromAttemptItem);
      return rows.sort((one, other) => other.startedAt - one.startedAt).slice(0, most);
    },
    keepAttempt: async (ref, expiresAt) => {
      const keep = { text: "SET #expiresAt = :expiresAt", values: { expiresAt } };
      const keys = [attemptKey(ref), attemptKey(ref, "csr"), attemptKey(ref, "chain")];
      await Promise.all(keys.map((key) => table.update(key, keep, { text: present })));
    },
  };
}

const present = "attribute_exists(#namespace)";
const open = "attribute_not_exists(#outcome)";

/** Holds when nothing lies there yet. */
export const absent: Expression = { text: "attribute_not_exists(#namespace)" };

function leasedTo({ leaseId }: AttemptRow): Expression {
  return { text: `${present} AND #leaseId = :leaseId AND ${open}`, values: { leaseId } };
}

/** The rows of one Certificate's attempts without the items beside them: those have no start. */
function ofOne(namespace: string, prefix: string): TableQuery {
  return {
    where: {
      text: "#namespace = :namespace AND begins_with(#resource, :prefix)",
      values: { namespace, prefix },
    },
    filter: { text: "attribute_exists(#startedAt)" },
  };
}

async function all(table: Table, query: TableQuery): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of table.query(query)) items.push(...page);
  return items;
}

function saved(written: { saved: boolean }): Saved {
  return written.saved ? "saved" : "conflict";
}
