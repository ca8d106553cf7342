import type { Deps } from "../deps.ts";
import { isRefusalOf } from "../errors.ts";
import { agendaOf, allItems, progressOf } from "./agenda.ts";
import { openBudget } from "./budget.ts";
import { workThrough } from "./chunk.ts";
import type { ClusterSpec } from "./cluster.ts";
import { answering, busy, released, type Standing, unreachable } from "./cluster-row.ts";
import { failureOf } from "./failure.ts";
import { buried, dropRows, mustClear } from "./leave.ts";
import type { Kubernetes } from "./port.ts";
import { reachThrough, type Stop } from "./reach.ts";
import type { ClusterRow } from "./rows.ts";
import type { Partition, Run, Tally } from "./run.ts";
import { tellUnseen } from "./unseen.ts";

/** Who holds a cluster's lease. */
export interface Worker {
  deps: Deps;
  name: string;
  /** As it was read or put last. */
  row: ClusterRow;
  partition: Partition;
  tally: Tally;
  /** Nothing is begun after `until`, and no request is sent after `end`. */
  until: Date;
  end: Date;
  /** Opened by the first thing to ask of the cluster. */
  open?: Pick<Run, "reach"> & { budget: ReturnType<typeof openBudget> };
  kubernetesVersion?: string;
  /** It could not even be opened. */
  failedToOpen?: { error: unknown };
}

/** The Cluster's row after a turn; a worker that goes on keeps its lease. */
export interface Turn {
  row: ClusterRow;
  goesOn: boolean;
}

/** Seconds' worth of requests in one turn, so that what is woken meanwhile is soon seen. */
const turnSeconds = 2;
const fewest = 4;
const most = 200;

/** Does a handful of what is due and says what is to be written of it. */
export async function takeTurn(worker: Worker): Promise<Turn> {
  const { deps, row, partition } = worker;
  const from = deps.clock.now();
  const isLeaving = row.deletedAt !== undefined;
  if (isLeaving && !mustClear(row, partition, from)) {
    await dropRows(deps, partition);
    return { row: buried(row, from), goesOn: false };
  }
  const spec = row.spec as ClusterSpec;
  const drift = !isLeaving && (row.driftCheckAt ?? 0) <= from.getTime() ? { after: row.driftCheckAfter } : undefined;
  const when = { now: from.getTime(), limit: sizeOf(spec), drift };
  const agenda = isLeaving ? allItems(partition, when) : agendaOf(partition, when);
  const isNew = row.kubernetesVersion === undefined || (row.failures ?? 0) > 0;
  const greets = isNew || drift !== undefined;
  const run = agenda.items.length > 0 || greets ? await opened(worker, spec, greets) : undefined;
  if (run) await workThrough(run, agenda.items, worker.until);
  return ended(worker, spec, drift && { after: progressOf(agenda, partition, drift.after) });
}

function sizeOf({ requestsPerSecond }: ClusterSpec): number {
  return Math.min(Math.max(requestsPerSecond * turnSeconds, fewest), most);
}

/** Undefined when the cluster is lost. `greets`: asks for its version first, once, which tells whether anybody answers. */
async function opened(worker: Worker, spec: ClusterSpec, greets: boolean): Promise<Run | undefined> {
  const { deps, name, row, partition, tally } = worker;
  try {
    worker.open ??= await openReach(worker, spec);
    const { reach } = worker.open;
    if (greets) worker.kubernetesVersion ??= await versionOf(reach.kubernetes);
    if (reach.stopped()) return undefined;
    return { deps, cluster: { name, key: row.key, spec, row }, reach, partition, tally };
  } catch (error) {
    if (!worker.open?.reach.stopped()) worker.failedToOpen = { error };
    return undefined;
  }
}

async function openReach({ deps, row, end }: Worker, spec: ClusterSpec): Promise<NonNullable<Worker["open"]>> {
  const { clock, pause } = deps;
  const kubernetes = await deps.kubernetes({ key: row.key, spec });
  const budget = openBudget(row.budget, spec.requestsPerSecond, { clock, pause });
  return { budget, reach: reachThrough(kubernetes, { clock, pause, budget, end }) };
}

/** Some clusters keep it from those who have no rights; who says so is there. */
async function versionOf(kubernetes: Kubernetes): Promise<string> {
  return kubernetes.version().catch((error: unknown) => {
    if (isRefusalOf(error, "KubernetesForbidden")) return "unknown";
    throw error;
  });
}

/** Where a drift check stands; without `after` it is over. */
type Checked = { after: string | undefined } | undefined;

async function ended(worker: Worker, spec: ClusterSpec, checked: Checked): Promise<Turn> {
  const { deps, row, partition } = worker;
  const now = deps.clock.now();
  const stop: { why: Stop["why"]; error: unknown } | undefined =
    worker.open?.reach.stopped() ?? (worker.failedToOpen && { why: "lost", ...worker.failedToOpen });
  if (stop && stop.why !== "late") return { row: await givenUp(worker, stop), goesOn: false };
  const isLate = stop?.why === "late" || now >= worker.until;
  const next = answering(row, standingOf(worker, nextDrift(worker, spec, checked)));
  const goesOn = !isLate && hasMore(next, partition, now);
  return { row: goesOn ? next : released(next, partition, now), goesOn };
}

function hasMore(row: ClusterRow, partition: Partition, now: Date): boolean {
  const when = { now: now.getTime(), limit: 1, drift: undefined };
  if (row.deletedAt !== undefined) return !mustClear(row, partition, now) || allItems(partition, when).items.length > 0;
  const drift = (row.driftCheckAt ?? 0) <= when.now ? { after: row.driftCheckAfter } : undefined;
  return drift !== undefined || agendaOf(partition, when).items.length > 0;
}

/** The cluster is left alone until its instant; who holds its lease says so, since everybody else finds it resting. */
async function givenUp(worker: Worker, stop: { why: Stop["why"]; error: unknown }): Promise<ClusterRow> {
  const { deps, row, name, partition } = worker;
  const failure = failureOf(deps, stop.error, { of: "cluster", before: row.failures ?? 0, about: name });
  const standing = standingOf(worker, keptDrift(row));
  if (stop.why === "busy") return released(busy(row, failure, standing), partition, standing.now);
  await tellUnseen(deps, partition, failure);
  return released(unreachable(row, failure, standing), partition, standing.now);
}

function standingOf(
  { deps, row, partition, tally, kubernetesVersion, open }: Worker,
  drift: Standing["drift"],
): Standing {
  const budget = open?.budget.left() ?? row.budget;
  return { partition, tally, now: deps.clock.now(), kubernetesVersion, budget, drift };
}

function keptDrift({ driftCheckAt = 0, driftCheckAfter }: ClusterRow): Standing["drift"] {
  return { at: driftCheckAt, after: driftCheckAfter };
}

function nextDrift({ deps, row }: Worker, { driftCheckSeconds }: ClusterSpec, checked: Checked): Standing["drift"] {
  if (!checked) return keptDrift(row);
  if (checked.after !== undefined) return { ...keptDrift(row), after: checked.after };
  const spread = 0.9 + 0.2 * deps.chance.fraction();
  return { at: deps.clock.now().getTime() + Math.round(driftCheckSeconds * 1_000 * spread), after: undefined };
}
