import type { Deps } from "../deps.ts";
import type { ResourceKey } from "../resource.ts";
import type { ClusterSpec } from "./cluster.ts";
import type { Reach } from "./reach.ts";
import type { ClusterRow, ClusterRows, MirrorRow, PlacedBundleRow, ReloadRow } from "./rows.ts";

/** One worker's run over one cluster. */
export interface Run {
  deps: Deps;
  cluster: { name: string; key: ResourceKey; spec: ClusterSpec; row: ClusterRow };
  reach: Reach;
  partition: Partition;
  tally: Tally;
}

/** What was found and done so far. */
export interface Tally {
  wrote: number;
  failed: number;
  /** Of the last certificate that arrived. */
  lagMs?: number;
  lastError?: { at: number; reason: string; message: string };
}

/** The rows of a cluster as they were read, kept up with what this run puts. */
export interface Partition {
  mirrors: Map<string, MirrorRow>;
  reloads: Map<string, ReloadRow>;
  bundles: Map<string, PlacedBundleRow>;
  /** Each item is looked at once; one that was woken meanwhile is read anew first. */
  visited: Set<string>;
  /** Which Certificate has a Secret: `<namespace>/<name>` in the cluster to the mirror's id. */
  holders: Map<string, string>;
}

/** Orders the rows by id. */
export function partitionOf(rows: ClusterRows): Partition {
  const byCertificate = <Row extends { certificate: { namespace: string; name: string } }>(all: Row[]) =>
    new Map(all.map((row) => [idOfCertificate(row.certificate), row]));
  const held = rows.mirrors.flatMap(({ written, certificate }) =>
    written ? [[`${written.namespace}/${written.name}`, idOfCertificate(certificate)] as const] : [],
  );
  return {
    mirrors: byCertificate(rows.mirrors),
    reloads: byCertificate(rows.reloads),
    bundles: new Map(rows.bundles.map((row) => [row.bundle, row])),
    visited: new Set(),
    holders: new Map(held.reverse()),
  };
}

/** `web/www` */
export function idOfCertificate({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

/** Notes a failure, for the Cluster's status. */
export function noteFailure(tally: Tally, error: { reason: string; message: string }, now: Date): void {
  tally.failed += 1;
  tally.lastError = { at: now.getTime(), reason: error.reason, message: error.message.slice(0, 400) };
}
