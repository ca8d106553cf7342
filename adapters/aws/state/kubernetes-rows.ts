import {
  type BundleRow,
  type ClusterRow,
  type ClusterRows,
  clusterPartition,
  type MirrorRow,
  type PlacedBundleRow,
  type ReloadRow,
  type TargetStatus,
} from "../../../core/kubernetes/rows.ts";
import type { CertificateRef } from "../../../core/kubernetes/state.ts";
import type { Item, ItemKey } from "../dynamo/expressions.ts";
import { keysIn } from "../dynamo/expressions.ts";
import { fromStoredCondition, toStoredCondition } from "./compact.ts";
import { dueLane, rowKey } from "./keys.ts";
import { bundleRow, clusterRow, mirrorRow, placedBundleRow, reloadRow, targetStatus } from "./kubernetes-schemas.ts";
import { namedBy } from "./rows.ts";
import { parsed } from "./schemas.ts";

/** Where a Certificate's row of a cluster lies. */
export function rowInCluster(what: "Mirror" | "Reload", cluster: string, { namespace, name }: CertificateRef): ItemKey {
  return { namespace: clusterPartition(cluster), resource: `${what}/${namespace}/${name}` };
}

/** Where a Bundle's row of a cluster lies. */
export function bundleInCluster(cluster: string, bundle: string): ItemKey {
  return { namespace: clusterPartition(cluster), resource: `Bundle/${bundle}` };
}

/** What the sort keys of a Certificate's targets begin with. */
export function targetPrefix({ name }: CertificateRef): string {
  return `Certificate/${name}#cluster#`;
}

/** Where a target of a Certificate lies: with the Certificate, for its owner to read. */
export function targetKey(certificate: CertificateRef, cluster: string): ItemKey {
  return { namespace: certificate.namespace, resource: `${targetPrefix(certificate)}${cluster}` };
}

/** The partition of the due index: clusters and bundles go with the renewals. */
export function clusterLane(key: ItemKey): string {
  return dueLane("renew", key);
}

/** The item of a Cluster or Bundle, one version further. */
export function toClusterScopedItem(row: ClusterRow | BundleRow): Item & ItemKey {
  const { key, ready, ...rest } = row;
  return {
    ...rowKey(key),
    ...rest,
    version: row.version + 1,
    ready: toStoredCondition(ready, row.generation),
    dueLane: row.dueAt === undefined ? undefined : clusterLane(rowKey(key)),
  };
}

/** The row of a Cluster's item. */
export function fromClusterItem(item: Item): ClusterRow {
  return parsed(clusterRow, clusterScoped(item), item);
}

/** The row of a Bundle's item. */
export function fromBundleItem(item: Item): BundleRow {
  return parsed(bundleRow, clusterScoped(item), item);
}

/** The item of a Mirror or Reload row, one version further. */
export function toCertificateInCluster(what: "Mirror" | "Reload", row: MirrorRow | ReloadRow): Item & ItemKey {
  const { cluster, certificate, ...rest } = row;
  return { ...rowInCluster(what, cluster, certificate), ...rest, version: row.version + 1 };
}

/** The item of a Bundle's row in a cluster, one version further. */
export function toPlacedBundleItem({ cluster, bundle, ...rest }: PlacedBundleRow): Item & ItemKey {
  return { ...bundleInCluster(cluster, bundle), ...rest, version: rest.version + 1 };
}

/** A cluster's partition by what its items are; what a later release put there is left out. */
export function toClusterRows(cluster: string, items: Item[]): ClusterRows {
  const rows: ClusterRows = { mirrors: [], reloads: [], bundles: [] };
  for (const item of items) {
    const [what, first = "", name] = keysIn(item).resource.split("/");
    const certificate = { namespace: first, name };
    const plain = { ...withoutKeys(item), cluster };
    if (what === "Mirror") rows.mirrors.push(parsed(mirrorRow, { ...plain, certificate }, item));
    if (what === "Reload") rows.reloads.push(parsed(reloadRow, { ...plain, certificate }, item));
    if (what === "Bundle") rows.bundles.push(parsed(placedBundleRow, { ...plain, bundle: first }, item));
  }
  return rows;
}

/** The item of a target's status. */
export function toTargetItem({ certificate, cluster, ...rest }: TargetStatus): Item & ItemKey {
  return { ...targetKey(certificate, cluster), ...rest };
}

/** The status of a target. */
export function fromTargetItem(item: Item): TargetStatus {
  const { namespace, resource } = keysIn(item);
  const [, name, cluster] = /^Certificate\/([^#]+)#cluster#(.+)$/.exec(resource) ?? [];
  return parsed(targetStatus, { ...withoutKeys(item), certificate: { namespace, name }, cluster }, item);
}

function clusterScoped(item: Item): Item {
  const { ready, ...rest } = withoutKeys(item);
  return { ...rest, key: namedBy(keysIn(item)), ready: fromStoredCondition("Ready", ready, item.generation) };
}

function withoutKeys({ namespace, resource, dueLane: _, ...rest }: Item): Item {
  return rest;
}
