import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { condition } from "../status.ts";
import type { ClusterRow } from "./rows.ts";
import type { Partition } from "./run.ts";

const atOnce = 10;
const tombstoneDays = 30;
/** A cluster that is gone itself lets nobody delete in it: after a day its rows go all the same. */
const mostPatienceMs = 24 * 3_600_000;

/** Whether the Secrets of a deleted Cluster are still to be deleted in it. */
export function mustClear({ spec, deletedAt }: ClusterRow, { mirrors, bundles }: Partition, now: Date): boolean {
  if (spec?.deletionPolicy !== "delete" || deletedAt === undefined) return false;
  return mirrors.size + bundles.size > 0 && now.getTime() < deletedAt + mostPatienceMs;
}

/** Removes all that State holds of a deleted Cluster but its own row; what lies in the cluster stays. */
export async function dropRows({ state }: Deps, { mirrors, reloads, bundles }: Partition): Promise<void> {
  await concurrently(atOnce, [...reloads.values()], (row) => state.deleteReload(row));
  await concurrently(atOnce, [...bundles.values()], (row) => state.deletePlacedBundle(row));
  await concurrently(atOnce, [...mirrors.values()], async (row) => {
    await state.deleteTarget(row.certificate, row.cluster);
    await state.deleteMirror(row);
  });
}

/** The row of a Cluster that is gone, for 30 days, so that nothing late comes back to life. */
export function buried(row: ClusterRow, now: Date): ClusterRow {
  const { key, schema, version, generation, specHash, deletedAt } = row;
  const said = { type: "Ready", status: "False", reason: "Deleted", message: "the request was deleted" } as const;
  return {
    ...{ key, schema, version, generation, specHash },
    ready: condition(row.ready, said, now),
    deletedAt: deletedAt ?? now.getTime(),
    expiresAt: Math.floor(now.getTime() / 1_000) + tombstoneDays * 86_400,
  };
}
