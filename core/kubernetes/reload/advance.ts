import { isRefusalOf } from "../../errors.ts";
import { rowSchema } from "../../rows.ts";
import type { ReloadSpec } from "../cluster.ts";
import type { Kubernetes, KubernetesObject } from "../port.ts";
import type { ReloadedWorkload, ReloadRow } from "../rows.ts";
import { cannotRoll, waitsFor } from "./availability.ts";
import { type Mark, markOf, markOn, patchFor } from "./mark.ts";
import { reloadedCondition } from "./reloaded.ts";
import { chooseWorkloads, type Found, findWorkloads, isMeant, isOpen, nameOf } from "./workloads.ts";

const second = 1_000;
/** While something restarts; the sweep comes each minute. */
const soonMs = 15 * second;
/** While all stands still because of one that is not available. */
const laterMs = 180 * second;
/** Characters of an apiserver's refusal that a row keeps. */
const longestWhy = 200;

/** A new certificate was written: the row that restarts its workloads, due now. The same revision again changes nothing. */
export function startReload(
  { cluster, certificate, secret, revision }: Pick<ReloadRow, "cluster" | "certificate" | "secret" | "revision">,
  before: ReloadRow | undefined,
  now: Date,
): ReloadRow {
  const again = before?.secret.namespace === secret.namespace && before.secret.name === secret.name;
  if (before && again && before.revision === revision) return before;
  const at = now.getTime();
  return {
    cluster,
    certificate,
    schema: rowSchema,
    version: before?.version ?? 0,
    secret,
    revision,
    startedAt: at,
    dueAt: at,
    ...(before?.reloaded ? { reloaded: before.reloaded } : {}),
  };
}

/**
 * Looks at the workloads and starts the next stage when the last one is available; answers the row to put, without dueAt
 * when all is done. Its condition says where it stands; a changed reason is worth an event. What the apiserver refuses or
 * does not answer is thrown as the port throws it; doing all of it again is safe.
 */
export async function advanceReload(
  kubernetes: Kubernetes,
  row: ReloadRow,
  spec: ReloadSpec,
  { now, fieldManager }: { now: Date; fieldManager: string },
): Promise<ReloadRow> {
  const found = await findWorkloads(kubernetes, row, spec);
  const mark = markOf(row);
  const run: Run = { kubernetes, row, spec, now, fieldManager, found, mark };
  const known = row.workloads ?? chooseWorkloads(found, row, spec, mark);
  const seen = await inTurn(known, (one) => (wasRefused(one) ? restart(run, one) : look(run, one)));
  return settled(row, spec, await nextStage(run, seen), now);
}

interface Run {
  kubernetes: Kubernetes;
  row: ReloadRow;
  spec: ReloadSpec;
  now: Date;
  fieldManager: string;
  found: Found;
  mark: Mark;
}

/** Restarts as many as may be at once, unless one of the last stage is not available yet. */
async function nextStage(run: Run, workloads: ReloadedWorkload[]): Promise<ReloadedWorkload[]> {
  const waiting = workloads.filter(({ state }) => state === "waiting");
  if (waiting.length === 0 || workloads.some(isUnavailable)) return workloads;
  const stage = new Set(waiting.slice(0, stageSize(run.spec, workloads)));
  return nextStage(run, await inTurn(workloads, (one) => (stage.has(one) ? restart(run, one) : one)));
}

function stageSize({ maxConcurrent }: ReloadSpec, workloads: ReloadedWorkload[]): number {
  if ("count" in maxConcurrent) return maxConcurrent.count;
  const counted = workloads.filter(({ state }) => state !== "skipped").length;
  return Math.max(1, Math.floor((counted * maxConcurrent.percent) / 100));
}

/** Restarted and not available, or refused: nobody else is disturbed meanwhile. */
function isUnavailable({ state }: ReloadedWorkload): boolean {
  return state === "restarting" || state === "stuck";
}

/** Its restart never came to be. */
function wasRefused({ state, generation }: ReloadedWorkload): boolean {
  return state === "stuck" && generation === undefined;
}

/** What has become of it. One that is gone is done; so is one without replicas, since new pods read the new Secret. */
function look({ found, row, spec, now, mark }: Run, workload: ReloadedWorkload): ReloadedWorkload {
  if (!isOpen(workload)) return workload;
  const { kind, name, state } = workload;
  const object = found.get(nameOf(workload));
  if (!object || object.metadata.deletionTimestamp !== undefined) return { kind, name, state: "available" };
  if (state !== "waiting") return rolled(workload, object, { spec, now });
  if (!isMeant(object, row, spec)) return { kind, name, state: "skipped", why: "it no longer takes part" };
  const why = cannotRoll(object);
  if (why !== undefined) return { kind, name, state: "skipped", why };
  if ((object.spec as { replicas?: number } | undefined)?.replicas === 0) return { kind, name, state: "available" };
  // An earlier run restarted it and died before it could say so.
  return markOn(object, mark) === mark.value ? begun(workload, object, now) : workload;
}

function begun({ kind, name }: ReloadedWorkload, { metadata }: KubernetesObject, now: Date): ReloadedWorkload {
  return { kind, name, state: "restarting", generation: metadata.generation ?? 0, since: now.getTime() };
}

function rolled(
  workload: ReloadedWorkload,
  object: KubernetesObject,
  { spec, now }: { spec: ReloadSpec; now: Date },
): ReloadedWorkload {
  const { kind, name, since = 0 } = workload;
  const why = waitsFor(object);
  if (why === undefined) return { kind, name, state: "available" };
  const inTime = now.getTime() - since < spec.timeoutSeconds * second;
  return { ...workload, state: inTime ? "restarting" : "stuck", why };
}

/** Sets the mark. A refusal that is this workload's own, an admission rule say, stops the stages like one that is not available. */
async function restart(run: Run, workload: ReloadedWorkload): Promise<ReloadedWorkload> {
  const { kubernetes, row, mark, now, fieldManager } = run;
  const current = look(run, { kind: workload.kind, name: workload.name, state: "waiting" });
  if (current.state !== "waiting") return current;
  const { kind, name } = workload;
  try {
    const ref = { kind, namespace: row.secret.namespace, name };
    const patched = await kubernetes.patch(ref, patchFor(mark), { fieldManager });
    return patched ? begun(workload, patched, now) : { kind, name, state: "available" };
  } catch (error) {
    if (!isRefusalOf(error, "ObjectRefused")) throw error;
    return { kind, name, state: "stuck", why: error.message.slice(0, longestWhy) };
  }
}

function settled(row: ReloadRow, spec: ReloadSpec, workloads: ReloadedWorkload[], now: Date): ReloadRow {
  const { dueAt: _due, failures: _failures, reloaded: before, ...rest } = row;
  const reloaded = reloadedCondition({ row, spec, workloads, before }, now);
  const delayMs = workloads.some(({ state }) => state === "restarting") ? soonMs : laterMs;
  return {
    ...rest,
    workloads,
    ...(reloaded ? { reloaded } : {}),
    ...(workloads.some(isOpen) ? { dueAt: now.getTime() + delayMs } : {}),
  };
}

/** One after the other: the apiserver's request budget is counted by who called us. */
async function inTurn<In, Out>(all: In[], make: (one: In) => Out | Promise<Out>): Promise<Out[]> {
  const made: Out[] = [];
  for (const one of all) made.push(await make(one));
  return made;
}
