import { clusterNamespace } from "../resource.ts";
import { condition } from "../status.ts";
import { placeBundle } from "./bundles/place-bundle.ts";
import { failureOf } from "./failure.ts";
import { advanceReload } from "./reload/advance.ts";
import type { PlacedBundleRow, ReloadRow } from "./rows.ts";
import { noteFailure, type Run } from "./run.ts";
import { tellReload, tellTarget } from "./tell.ts";

/** The next stage of a restart; left as it is, due, when the whole cluster fails. */
export async function visitReload(run: Run, id: string, row: ReloadRow): Promise<void> {
  const { deps, cluster, partition, reach } = run;
  const { reload } = cluster.spec;
  const mirror = partition.mirrors.get(id);
  if (!reload || !mirror) {
    if (mirror) await tellTarget(deps, { mirror, reload: row }, { mirror });
    if ((await deps.state.deleteReload(row)) === "saved") partition.reloads.delete(id);
    return;
  }
  const world = { now: deps.clock.now(), fieldManager: deps.fieldManager };
  const next = await advanceReload(reach.kubernetes, row, reload, world).catch((error: unknown) =>
    failedReload(run, row, error),
  );
  if (reach.stopped()) return;
  await tellTarget(deps, { mirror, reload: row }, { mirror, reload: next });
  if ((await deps.state.putReload(next)) === "conflict") return;
  partition.reloads.set(id, { ...next, version: row.version + 1 });
  await tellReload(deps, row, next);
}

function failedReload({ deps, tally, cluster }: Run, row: ReloadRow, error: unknown): ReloadRow {
  const { namespace, name } = row.secret;
  const about = `${cluster.name}: workloads of Secret ${namespace}/${name}`;
  const { reason, message, failures, retryAt } = failureOf(deps, error, {
    of: "mirror",
    before: row.failures ?? 0,
    about,
  });
  noteFailure(tally, { reason, message }, deps.clock.now());
  const said = { type: "Reloaded", status: "False", reason, message } as const;
  return { ...row, failures, dueAt: retryAt, reloaded: condition(row.reloaded, said, deps.clock.now()) };
}

/** A Bundle in the cluster; out of one whose Cluster is deleted. */
export async function visitBundle(run: Run, id: string, row: PlacedBundleRow): Promise<void> {
  const { deps, partition, reach } = run;
  const next = await placed(run, id, row).catch((error: unknown) => failedBundle(run, row, error));
  if (reach.stopped()) return;
  if (next === "gone") {
    if ((await deps.state.deletePlacedBundle(row)) === "saved") partition.bundles.delete(id);
    return;
  }
  if (next.synced?.status === "False") noteFailure(run.tally, next.synced, deps.clock.now());
  if (JSON.stringify(next) === JSON.stringify(row)) return;
  // It may have put the row itself, so the version is its own.
  if ((await deps.state.putPlacedBundle(next)) === "saved")
    partition.bundles.set(id, { ...next, version: next.version + 1 });
}

async function placed(
  { deps, cluster, reach }: Run,
  id: string,
  row: PlacedBundleRow,
): Promise<PlacedBundleRow | "gone"> {
  const bundle = await deps.state.bundle({ namespace: clusterNamespace, kind: "Bundle", name: id });
  const { spec: _, ...leaving } = cluster.row;
  const into = cluster.row.deletedAt === undefined ? cluster.row : leaving;
  return placeBundle(deps, reach.kubernetes, { cluster: into, bundle, placed: row });
}

function failedBundle({ deps, cluster }: Run, row: PlacedBundleRow, error: unknown): PlacedBundleRow {
  const about = `${cluster.name}: Bundle ${row.bundle}`;
  const failure = failureOf(deps, error, { of: "mirror", before: row.failures ?? 0, about });
  const said = { type: "Synced", status: "False", reason: failure.reason, message: failure.message } as const;
  const synced = condition(row.synced, said, deps.clock.now());
  return { ...row, failures: failure.failures, dueAt: failure.retryAt, synced };
}
