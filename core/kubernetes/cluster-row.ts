import { type Condition, condition, rfc3339 } from "../status.ts";
import type { Failure } from "./failure.ts";
import type { ClusterRow } from "./rows.ts";
import type { Partition, Tally } from "./run.ts";

/** How a Cluster's row changes while it is worked on. All pure; all keep the lease but for `released`. */

/** What a run leaves behind. */
export interface Standing {
  partition: Partition;
  tally: Tally;
  now: Date;
  kubernetesVersion: string | undefined;
  budget: ClusterRow["budget"];
  /** Epoch ms of the next drift check, and where the present one stands. */
  drift: { at: number; after: string | undefined };
}

/** The status of a cluster that answers. */
export function answering(row: ClusterRow, standing: Standing): ClusterRow {
  const { failures: _failures, retryAt: _retryAt, driftCheckAfter: _after, lastError: _error, ...rest } = row;
  const { now, budget, drift } = standing;
  return {
    ...rest,
    ...counted(standing),
    ...statusOf(row, standing),
    ...(budget ? { budget } : {}),
    driftCheckAt: drift.at,
    ...(drift.after === undefined ? {} : { driftCheckAfter: drift.after }),
    ready: ready(row, { status: "True", reason: "Ready", message: saidOf(standing.partition) }, now),
  };
}

/** Nobody tries before its instant; what is due stays due. */
export function unreachable(
  row: ClusterRow,
  { reason, message, failures, retryAt }: Failure,
  standing: Standing,
): ClusterRow {
  const { now, budget } = standing;
  const next = `; next try at ${rfc3339(retryAt)}`;
  const said = { status: "False", reason, message: `${message.slice(0, 400 - next.length)}${next}` } as const;
  return {
    ...row,
    ...counted(standing),
    ...(budget ? { budget } : {}),
    lastError: { at: now.getTime(), reason, message: message.slice(0, 400) },
    failures,
    retryAt,
    ready: ready(row, said, now),
  };
}

/** It asked for time: no failure, and as ready as before. */
export function busy(row: ClusterRow, { reason, message, retryAt }: Failure, standing: Standing): ClusterRow {
  const { now, budget } = standing;
  const lastError = { at: now.getTime(), reason, message: message.slice(0, 400) };
  return { ...row, ...counted(standing), ...(budget ? { budget } : {}), lastError, retryAt };
}

/** A deleted Cluster whose Secrets do not go is given up one day. */
const lookAgainMs = 3_600_000;

/** The lease ends, and the row is due when the first of its rows is; at once when the time was not enough. */
export function released(row: ClusterRow, partition: Partition, now: Date): ClusterRow {
  const { lease: _, ...rest } = row;
  const dueAts = [...partition.mirrors.values(), ...partition.reloads.values(), ...partition.bundles.values()].map(
    ({ dueAt }) => dueAt ?? Number.POSITIVE_INFINITY,
  );
  const next = row.deletedAt === undefined ? (row.driftCheckAt ?? now.getTime()) : now.getTime() + lookAgainMs;
  const first = dueAts.reduce((a, b) => Math.min(a, b), next);
  return { ...rest, dueAt: row.retryAt ?? first, lane: "renew" };
}

/** Who was sent here and may not come is told so himself: it is nothing that the cluster lacks. */
function counted({ partition }: Standing): Pick<ClusterRow, "inSync" | "mirrors"> {
  const rows = [...partition.mirrors.values()].filter(({ synced }) => synced?.reason !== "NamespaceNotAllowed");
  return { mirrors: rows.length, inSync: rows.filter(({ synced }) => synced?.status === "True").length };
}

function statusOf(
  row: ClusterRow,
  { partition, tally, kubernetesVersion }: Standing,
): Pick<ClusterRow, "lagMs" | "lastError" | "kubernetesVersion"> {
  const version = kubernetesVersion ?? row.kubernetesVersion;
  const lagMs = tally.lagMs ?? row.lagMs;
  const lastError = tally.lastError ?? (hasFailures(partition) ? row.lastError : undefined);
  return {
    ...(version === undefined ? {} : { kubernetesVersion: version }),
    ...(lagMs === undefined ? {} : { lagMs }),
    ...(lastError === undefined ? {} : { lastError }),
  };
}

function hasFailures({ mirrors, reloads, bundles }: Partition): boolean {
  return [...mirrors.values(), ...reloads.values(), ...bundles.values()].some(({ failures = 0 }) => failures > 0);
}

/** `the apiserver answers; 2 Secrets are not in sync: KubernetesForbidden (2)` */
function saidOf({ mirrors }: Partition): string {
  const counts = new Map<string, number>();
  for (const { synced } of mirrors.values())
    if (synced && synced.status !== "True") counts.set(synced.reason, (counts.get(synced.reason) ?? 0) + 1);
  if (counts.size === 0) return "the apiserver answers";
  const all = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const total = all.reduce((sum, [, count]) => sum + count, 0);
  const what = total === 1 ? "1 Secret is" : `${total} Secrets are`;
  return `the apiserver answers; ${what} not in sync: ${all.map(([reason, count]) => `${reason} (${count})`).join(", ")}`;
}

/** A spec that was refused stays said: the cluster works on with the one before. */
function ready(row: ClusterRow, next: Pick<Condition, "status" | "reason" | "message">, now: Date): Condition {
  const { ready: before, generation } = row;
  if (before.reason === "InvalidConfig" && before.observedGeneration === generation) return before;
  return condition(before, { type: "Ready", ...next, observedGeneration: generation }, now);
}
