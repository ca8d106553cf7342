import type { ClusterRows, TargetStatus } from "../../../core/kubernetes/rows.ts";
import type { CertificateRef, KubernetesState } from "../../../core/kubernetes/state.ts";
import type { Saved } from "../../../core/ports.ts";
import { clusterNamespace, idOf, type ResourceKey } from "../../../core/resource.ts";
import { rowSchema } from "../../../core/rows.ts";
import { copy } from "./copies.ts";
import type { DueLists } from "./due-list.ts";
import { setDue } from "./due-list.ts";

/** Clusters, Bundles, what lies in each cluster's partition, and the targets of Certificates. */
export function kubernetesRows(due: DueLists): KubernetesState {
  return { ...clusterScopedRows(due), ...rowsInClusters(), ...targetRows() };
}

function clusterScopedRows(due: DueLists) {
  const clusters = resources<Awaited<ReturnType<KubernetesState["clusters"]>>[number]>(due);
  const bundles = resources<Awaited<ReturnType<KubernetesState["bundles"]>>[number]>(due);
  return {
    cluster: async (key) => clusters.get(key),
    clusters: async () => clusters.live(),
    putCluster: async (row) => clusters.put(row),
    wakeCluster: async (name, now) => clusters.wake({ namespace: clusterNamespace, kind: "Cluster", name }, now),
    bundle: async (key) => bundles.get(key),
    bundles: async () => bundles.live(),
    putBundle: async (row) => bundles.put(row),
  } satisfies Partial<KubernetesState>;
}

interface Scheduled {
  key: ResourceKey;
  version: number;
  dueAt?: number;
  expiresAt?: number;
}

function resources<Row extends Scheduled>(due: DueLists) {
  const rows = new Map<string, Row>();
  const store = (row: Row): Saved => {
    const id = idOf(row.key);
    rows.set(id, { ...copy(row), version: row.version + 1 });
    setDue(due, id, "renew", row.dueAt);
    return "saved";
  };
  return {
    get: (key: ResourceKey) => copy(rows.get(idOf(key))),
    live: () => copy(byText([...rows.values()], ({ key }) => key.name).filter((row) => row.expiresAt === undefined)),
    put: (row: Row) => ((rows.get(idOf(row.key))?.version ?? 0) === row.version ? store(row) : "conflict"),
    wake: (key: ResourceKey, now: Date) => {
      const row = rows.get(idOf(key));
      if (row && row.expiresAt === undefined) store({ ...row, dueAt: now.getTime() });
    },
  };
}

function rowsInClusters() {
  const mirrors = versioned<ClusterRows["mirrors"][number]>(({ cluster, certificate }) => idIn(cluster, certificate));
  const reloads = versioned<ClusterRows["reloads"][number]>(({ cluster, certificate }) => idIn(cluster, certificate));
  const bundles = versioned<ClusterRows["bundles"][number]>(({ cluster, bundle }) => `${cluster}/${bundle}`);
  return {
    clusterRows: async (cluster) => ({
      mirrors: mirrors.of(cluster),
      reloads: reloads.of(cluster),
      bundles: bundles.of(cluster),
    }),
    wakeMirror: async (cluster, { namespace, name }, now) =>
      mirrors.wake({ cluster, certificate: { namespace, name }, schema: rowSchema, version: 0 }, now),
    putMirror: async (row) => mirrors.put(row),
    deleteMirror: async (row) => mirrors.delete(row),
    putReload: async (row) => reloads.put(row),
    deleteReload: async (row) => reloads.delete(row),
    wakePlacedBundle: async (cluster, bundle, now) =>
      bundles.wake({ cluster, bundle, schema: rowSchema, version: 0 }, now),
    putPlacedBundle: async (row) => bundles.put(row),
    deletePlacedBundle: async (row) => bundles.delete(row),
  } satisfies Partial<KubernetesState>;
}

function versioned<Row extends { cluster: string; version: number; dueAt?: number }>(idOfRow: (row: Row) => string) {
  const rows = new Map<string, Row>();
  const unchanged = (row: Row) => (rows.get(idOfRow(row))?.version ?? 0) === row.version;
  const store = (row: Row): Saved => {
    rows.set(idOfRow(row), { ...copy(row), version: row.version + 1 });
    return "saved";
  };
  return {
    of: (cluster: string) => copy(byText([...rows.values()], idOfRow).filter((row) => row.cluster === cluster)),
    wake: (made: Row, now: Date) => void store({ ...(rows.get(idOfRow(made)) ?? made), dueAt: now.getTime() }),
    put: (row: Row) => (unchanged(row) ? store(row) : "conflict"),
    delete: (row: Row): Saved => {
      if (!unchanged(row)) return "conflict";
      rows.delete(idOfRow(row));
      return "saved";
    },
  };
}

function targetRows() {
  const rows = new Map<string, TargetStatus>();
  return {
    putTarget: async (status) => void rows.set(idIn(status.cluster, status.certificate), copy(status)),
    deleteTarget: async (certificate, cluster) => void rows.delete(idIn(cluster, certificate)),
    targetsOf: async ({ namespace, name }) => {
      const own = [...rows.values()].filter(({ certificate: at }) => at.namespace === namespace && at.name === name);
      return copy(byText(own, ({ cluster }) => cluster));
    },
  } satisfies Partial<KubernetesState>;
}

function idIn(cluster: string, { namespace, name }: CertificateRef): string {
  return `${cluster}/${namespace}/${name}`;
}

function byText<One>(all: One[], text: (one: One) => string): One[] {
  return all.sort((one, other) => (text(one) < text(other) ? -1 : 1));
}
