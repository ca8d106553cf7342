import type { Deps } from "../deps.ts";
import { clusterNamespace, type ResourceKey } from "../resource.ts";
import type { ClusterRow } from "./rows.ts";

/** A worker's hold on a cluster, or why there is nothing to do for it. */
export type Leased = { row: ClusterRow } | { refused: "gone" | "held" | "resting" | "idle" | "contended" };

const tries = 10;
/** Clocks of two machines may differ by so much. */
const skewMs = 2_000;

/** The key of a Cluster. */
export function clusterKey(name: string): ResourceKey {
  return { namespace: clusterNamespace, kind: "Cluster", name };
}

/**
 * Takes the lease of a cluster that is due. Whoever does not get it has nothing to do: waking has raised the row's version,
 * so that the holder cannot end without looking again. The row is due when the lease ends, should its holder die.
 */
export async function takeLease(
  { state, clock }: Deps,
  name: string,
  lease: { id: string; until: number },
): Promise<Leased> {
  for (let round = 1; round <= tries; round += 1) {
    const row = await state.cluster(clusterKey(name));
    // A reply that was lost: the write came through.
    if (row?.lease?.id === lease.id) return { row };
    const refused = whyNot(row, clock.now().getTime());
    if (refused || !row) return { refused: refused ?? "gone" };
    const leased: ClusterRow = { ...row, lease, dueAt: lease.until, lane: "renew" };
    if ((await state.putCluster(leased)) === "saved") return { row: { ...leased, version: row.version + 1 } };
  }
  return { refused: "contended" };
}

function whyNot(row: ClusterRow | undefined, now: number): "gone" | "held" | "idle" | "resting" | undefined {
  if (!row || row.expiresAt !== undefined) return "gone";
  if (row.lease && row.lease.until > now) return "held";
  if (!row.spec && row.deletedAt === undefined) return "idle";
  if ((row.retryAt ?? 0) > now + skewMs) return "resting";
  return row.dueAt === undefined || row.dueAt > now + skewMs ? "idle" : undefined;
}
