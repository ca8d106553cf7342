import type { Deps } from "../deps.ts";
import { clusterKey, type Leased, takeLease } from "./lease.ts";
import type { ClusterRow } from "./rows.ts";
import { partitionOf } from "./run.ts";
import { addEvent } from "./tell.ts";
import { takeTurn, type Worker } from "./turn.ts";

/** What one invocation did for one cluster. */
export interface ClusterReport {
  cluster: string;
  /** `worked`, or why not: held by another, resting until its next try, idle, gone, contended. */
  did: "worked" | Extract<Leased, { refused: unknown }>["refused"];
  requests: number;
  /** Secrets written, and items that failed. */
  wrote: number;
  failed: number;
  /** The Cluster's condition at the end. */
  ready?: string;
}

/** A run that is not Lambda's has no end of its own. */
const longestMs = 15 * 60_000;
/** A request may take 15 s, and what was begun is to be ended and put. */
const lastItemMs = 30_000;
const lastRequestMs = 18_000;

/**
 * Works on one cluster, as the only one: takes its lease, reads all of its rows and does what is due, as far as time and
 * request budget go. Whoever wakes the cluster meanwhile is served before it ends.
 */
export async function workOn(deps: Deps, name: string, end: Date): Promise<ClusterReport> {
  const now = deps.clock.now().getTime();
  const until = Math.min(end.getTime(), now + longestMs);
  const leased = await takeLease(deps, name, { id: deps.chance.uuid(), until });
  if ("refused" in leased) return { cluster: name, did: leased.refused, requests: 0, wrote: 0, failed: 0 };
  const worker: Worker = {
    deps,
    name,
    row: leased.row,
    partition: partitionOf(await deps.state.clusterRows(name)),
    tally: { wrote: 0, failed: 0 },
    until: before(until, Math.min(lastItemMs, (until - now) / 2)),
    end: before(until, Math.min(lastRequestMs, (until - now) / 3)),
  };
  await workAll(worker).catch(async (error: unknown) => {
    await giveBack(worker).catch(() => undefined);
    throw error;
  });
  const { tally, row, open } = worker;
  const requests = open?.reach.requests() ?? 0;
  return { cluster: name, did: "worked", requests, wrote: tally.wrote, failed: tally.failed, ready: row.ready.reason };
}

function before(end: number, ms: number): Date {
  return new Date(end - ms);
}

async function workAll(worker: Worker): Promise<void> {
  const { deps, name } = worker;
  for (;;) {
    const { row, goesOn } = await takeTurn(worker);
    const saved = await deps.state.putCluster(row);
    if (saved === "saved") {
      await tellReady(deps, worker.row, row);
      worker.row = { ...row, version: row.version + 1 };
      if (!goesOn) return;
    } else if (!(await lookedAgain(worker))) {
      deps.log({ event: "lease-lost", cluster: name });
      return;
    }
  }
}

/** State was away, say: nobody should have to wait until the lease lapses. */
async function giveBack({ deps, name, row: { lease: ours } }: Worker): Promise<void> {
  const row = await deps.state.cluster(clusterKey(name));
  if (!row || row.lease?.id !== ours?.id) return;
  const { lease: _, ...rest } = row;
  await deps.state.putCluster({ ...rest, dueAt: deps.clock.now().getTime() });
}

/** Somebody woke the cluster or changed its spec: all is read anew. False when the lease is not ours any more. */
async function lookedAgain(worker: Worker): Promise<boolean> {
  const { deps, name, row: before } = worker;
  const row = await deps.state.cluster(clusterKey(name));
  if (!row || row.lease?.id !== before.lease?.id) return false;
  worker.row = row;
  worker.partition = partitionOf(await deps.state.clusterRows(name));
  if (row.generation === before.generation) return true;
  delete worker.open;
  delete worker.failedToOpen;
  delete worker.kubernetesVersion;
  return true;
}

/** An event on the Cluster when its condition changes. */
async function tellReady(
  deps: Deps,
  { ready: before, key }: ClusterRow,
  { ready, expiresAt }: ClusterRow,
): Promise<void> {
  if (expiresAt !== undefined || (before.status === ready.status && before.reason === ready.reason)) return;
  const type = ready.status === "True" ? "Normal" : "Warning";
  await addEvent(deps, { key, type, reason: ready.reason, message: ready.message });
}
