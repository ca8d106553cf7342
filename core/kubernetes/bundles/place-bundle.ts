import type { Deps } from "../../deps.ts";
import type { BundleSpec } from "../bundle.ts";
import type { ClusterSpec } from "../cluster.ts";
import type { Kubernetes } from "../port.ts";
import type { BundleRow, ClusterRow, PlacedBundleRow } from "../rows.ts";
import { type Content, collect, mustHoldSome } from "./content.ts";
import { aliveNamespaces, eachNamespace, isItsOwn, type Outcomes, selectedBy } from "./namespaces.ts";
import { failedRow, failuresText, sayChange, syncedRow, textOf } from "./placed-status.ts";
import { removeTarget, settleTarget, type TargetWorld } from "./settle-target.ts";
import { type TargetKind, type TargetObject, targetObjects } from "./target-object.ts";

export interface Placing {
  cluster: ClusterRow;
  /** Undefined, or a tombstone: the Bundle was deleted. */
  bundle: BundleRow | undefined;
  placed: PlacedBundleRow;
}

/** Whether a Bundle goes to a cluster; one that is only a stored secret goes to none. */
export function goesTo({ clusters, target }: BundleSpec, cluster: string): boolean {
  const hasTarget = target.configMap !== undefined || target.secret !== undefined;
  return hasTarget && (clusters?.includes(cluster) ?? true);
}

/**
 * Puts a Bundle into a cluster: one list of the namespaces, in each one GET per object and one apply when it differs; and takes
 * it out of namespaces that are no longer selected. Answers the row to put ("gone": to delete), with dueAt only when a retry is
 * set. What concerns the cluster as a whole (unreachable, busy, credentials) is thrown; the row stays as it is then.
 */
export async function placeBundle(
  deps: Deps,
  kubernetes: Kubernetes,
  { cluster, bundle, placed }: Placing,
): Promise<PlacedBundleRow | "gone"> {
  const spec = bundle && bundle.deletedAt === undefined ? bundle.spec : undefined;
  const wanted = spec && cluster.spec && goesTo(spec, cluster.key.name) ? { spec, in: cluster.spec } : undefined;
  const world = { kubernetes, fieldManager: deps.fieldManager, mode: cluster.spec?.mode ?? "repair" };
  const work: Work = { deps, world, name: placed.bundle, before: placed };
  const after = await (wanted ? put(work, wanted) : takeOut(work)).catch((error: unknown) => {
    if (!isItsOwn(error)) throw error;
    return failedRow(deps, placed, error, textOf(error));
  });
  if (after !== "gone") await sayChange(deps, placed, after);
  return after;
}

interface Work {
  deps: Deps;
  world: TargetWorld;
  name: string;
  before: PlacedBundleRow;
}

async function put(work: Work, wanted: { spec: BundleSpec; in: ClusterSpec }): Promise<PlacedBundleRow> {
  const { deps, world, name } = work;
  const { target } = wanted.spec;
  const trust = { kubernetes: world.kubernetes, namespace: wanted.in.trustNamespace };
  const content = mustHoldSome(await collect(deps, wanted.spec, trust));
  const targets = targetObjects(deps.trust, name, target, content);
  const alive = await aliveNamespaces(world.kubernetes);
  const namespaces = alive.filter(selectedBy(target.namespaceSelector)).map(({ metadata }) => metadata.name);
  const before = await begin(work, namespaces, targets);
  // The row was changed meanwhile, by somebody who woke it.
  if (!before) return work.before;
  const hash = targets.map((one) => one.hash).join(".");
  const known = before.hash === hash ? (before.namespaces ?? []) : [];
  const dropped = (before.kinds ?? []).filter((kind) => !targets.some((one) => one.kind === kind));
  const settled = await eachNamespace(namespaces, async (namespace) => {
    for (const one of targets) await settleTarget(world, one, { namespace, isKnown: known.includes(namespace) });
    for (const kind of dropped) await removeTarget(world, kind, { namespace, name });
  });
  const left = heldBy(before).filter((one) => !namespaces.includes(one));
  const removed = await removeFrom(
    { ...work, before },
    left,
    alive.map(({ metadata }) => metadata.name),
  );
  return placedAs(work, before, { content, targets, hash, settled, removed });
}

/**
 * Notes where a write is begun before it is: whatever happens then (an end of the Lambda, a deletion of the Bundle), its
 * objects can be found. Undefined when the row has changed.
 */
async function begin(
  { deps, before }: Work,
  wanted: string[],
  targets: TargetObject[],
): Promise<PlacedBundleRow | undefined> {
  const held = heldBy(before);
  const [kinds, added] = [targets.map(({ kind }) => kind), wanted.filter((one) => !held.includes(one))];
  const known = before.kinds ?? [];
  if (added.length === 0 && kinds.every((kind) => known.includes(kind))) return before;
  const begun = [...(before.begun ?? []), ...added];
  const dueAt = before.dueAt ?? deps.clock.now().getTime();
  const noted: PlacedBundleRow = { ...before, dueAt, begun, kinds: [...new Set([...known, ...kinds])] };
  const saved = await deps.state.putPlacedBundle(noted);
  return saved === "saved" ? { ...noted, version: before.version + 1 } : undefined;
}

interface Result {
  content: Content;
  targets: TargetObject[];
  hash: string;
  settled: Outcomes;
  removed: Outcomes;
}

function placedAs(
  { deps }: Work,
  before: PlacedBundleRow,
  { content, targets, hash, settled, removed }: Result,
): PlacedBundleRow {
  const { namespaces = [] } = before;
  const failures = [...settled.failures, ...removed.failures];
  const failed = failures.map(({ namespace }) => namespace);
  const still = failed.filter((one) => namespaces.includes(one));
  const row: PlacedBundleRow = {
    ...before,
    namespaces: [...settled.done, ...still].sort(),
    begun: failed.filter((one) => !still.includes(one)),
    counts: content.counts,
  };
  // What is only reported comes last: the rest is tried again.
  const isDrift = ({ error }: (typeof failures)[number]) => error.reason === "Drifted";
  const first = failures.find((one) => !isDrift(one)) ?? failures[0];
  const isWritten = failures.every(isDrift);
  const after = isWritten ? { ...row, hash, kinds: targets.map(({ kind }) => kind) } : row;
  if (!first) return syncedRow(deps, after, content);
  const wanted = settled.done.length + settled.failures.length;
  const others = failures.filter((one) => one !== first);
  return failedRow(deps, after, first.error, failuresText([first, ...others], wanted));
}

async function takeOut(work: Work): Promise<PlacedBundleRow | "gone"> {
  const { deps, world, before } = work;
  const held = heldBy(before);
  if (held.length === 0) return "gone";
  const alive = (await aliveNamespaces(world.kubernetes)).map(({ metadata }) => metadata.name);
  const { failures } = await removeFrom(work, held, alive);
  const [first] = failures;
  if (!first) return "gone";
  const failed = failures.map(({ namespace }) => namespace);
  const row = { ...before, namespaces: failed.filter((one) => before.namespaces?.includes(one)), begun: failed };
  return failedRow(deps, row, first.error, `still in ${failed.length} namespaces; ${textOf(first.error)}`);
}

/** Out of those of the namespaces that are still there; deleting a namespace deletes what is in it. */
function removeFrom({ world, name, before }: Work, namespaces: string[], alive: string[]): Promise<Outcomes> {
  const kinds: TargetKind[] = before.kinds ?? [];
  const there = namespaces.filter((one) => alive.includes(one));
  return eachNamespace(there, async (namespace) => {
    for (const kind of kinds) await removeTarget(world, kind, { namespace, name });
  });
}

/** The namespaces in which something of the Bundle is, or may be. */
function heldBy({ namespaces = [], begun = [] }: PlacedBundleRow): string[] {
  return [...new Set([...namespaces, ...begun])];
}
