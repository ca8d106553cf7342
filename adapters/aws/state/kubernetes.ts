import { clusterPartition } from "../../../core/kubernetes/rows.ts";
import type { KubernetesState } from "../../../core/kubernetes/state.ts";
import type { Saved } from "../../../core/ports.ts";
import { clusterNamespace } from "../../../core/resource.ts";
import { rowSchema } from "../../../core/rows.ts";
import type { Item, ItemKey } from "../dynamo/expressions.ts";
import type { Table, TableQuery } from "../dynamo/table.ts";
import { rowKey } from "./keys.ts";
import {
  bundleInCluster,
  clusterLane,
  fromBundleItem,
  fromClusterItem,
  fromTargetItem,
  rowInCluster,
  targetKey,
  targetPrefix,
  toCertificateInCluster,
  toClusterRows,
  toClusterScopedItem,
  toPlacedBundleItem,
  toTargetItem,
} from "./kubernetes-rows.ts";
import { unchangedSince } from "./resources.ts";

/** The rows of Clusters and Bundles, of the partition of each cluster, and the targets of Certificates. */
export function kubernetesRows(table: Table): KubernetesState {
  return { ...clusterScopedRows(table), ...rowsInClusters(table), ...targets(table) };
}

function clusterScopedRows(
  table: Table,
): Pick<KubernetesState, "cluster" | "clusters" | "putCluster" | "wakeCluster" | "bundle" | "bundles" | "putBundle"> {
  return {
    cluster: async (key) => {
      const item = await table.get(rowKey(key));
      return item && fromClusterItem(item);
    },
    clusters: async () => (await all(table, live("Cluster/"))).map(fromClusterItem),
    putCluster: (row) => swap(table, toClusterScopedItem(row), row.version),
    wakeCluster: async (name, now) => {
      const key = rowKey({ namespace: clusterNamespace, kind: "Cluster", name });
      const values = { now: now.getTime(), one: 1, lane: clusterLane(key) };
      const change = { text: "SET #dueAt = :now, #dueLane = :lane ADD #version :one", values };
      const there = { text: `attribute_exists(#namespace) AND ${notBuried}` };
      await table.update(key, change, there);
    },
    bundle: async (key) => {
      const item = await table.get(rowKey(key));
      return item && fromBundleItem(item);
    },
    bundles: async () => (await all(table, live("Bundle/"))).map(fromBundleItem),
    putBundle: (row) => swap(table, toClusterScopedItem(row), row.version),
  };
}

function rowsInClusters(
  table: Table,
): Omit<KubernetesState, keyof ReturnType<typeof clusterScopedRows> | keyof ReturnType<typeof targets>> {
  return {
    clusterRows: async (cluster) => {
      const where = { text: "#namespace = :partition", values: { partition: clusterPartition(cluster) } };
      return toClusterRows(cluster, await all(table, { where }));
    },
    wakeMirror: (cluster, certificate, now) => wake(table, rowInCluster("Mirror", cluster, certificate), now),
    putMirror: (row) => swap(table, toCertificateInCluster("Mirror", row), row.version),
    deleteMirror: (row) => remove(table, rowInCluster("Mirror", row.cluster, row.certificate), row.version),
    putReload: (row) => swap(table, toCertificateInCluster("Reload", row), row.version),
    deleteReload: (row) => remove(table, rowInCluster("Reload", row.cluster, row.certificate), row.version),
    wakePlacedBundle: (cluster, bundle, now) => wake(table, bundleInCluster(cluster, bundle), now),
    putPlacedBundle: (row) => swap(table, toPlacedBundleItem(row), row.version),
    deletePlacedBundle: (row) => remove(table, bundleInCluster(row.cluster, row.bundle), row.version),
  };
}

function targets(table: Table): Pick<KubernetesState, "putTarget" | "deleteTarget" | "targetsOf"> {
  return {
    putTarget: async (status) => {
      await table.put(toTargetItem(status));
    },
    deleteTarget: async (certificate, cluster) => {
      await table.delete(targetKey(certificate, cluster));
    },
    targetsOf: async (certificate) => {
      const where = beginning(certificate.namespace, targetPrefix(certificate));
      return (await all(table, { where })).map(fromTargetItem);
    },
  };
}

/** A tombstone has an end; so have events, which lie between the rows. */
const notBuried = "attribute_not_exists(#expiresAt)";

function live(prefix: "Cluster/" | "Bundle/"): TableQuery {
  return { where: beginning(clusterNamespace, prefix), filter: { text: notBuried } };
}

function beginning(namespace: string, prefix: string): TableQuery["where"] {
  return { text: "#namespace = :namespace AND begins_with(#resource, :prefix)", values: { namespace, prefix } };
}

async function all(table: Table, query: TableQuery): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of table.query(query)) items.push(...page);
  return items;
}

async function swap(table: Table, item: Item & ItemKey, version: number): Promise<Saved> {
  return (await table.put(item, unchangedSince(version))).saved ? "saved" : "conflict";
}

async function remove(table: Table, key: ItemKey, version: number): Promise<Saved> {
  return (await table.delete(key, unchangedSince(version))).saved ? "saved" : "conflict";
}

/** One update, so that two who wake a row that is not there make one. */
async function wake(table: Table, key: ItemKey, now: Date): Promise<void> {
  const text = "SET #dueAt = :now, #schema = if_not_exists(#schema, :schema) ADD #version :one";
  await table.update(key, { text, values: { now: now.getTime(), schema: rowSchema, one: 1 } });
}
