import type { ResourceKey } from "../resource.ts";
import type { Lane, LeaseId } from "../rows.ts";
import type { Condition } from "../status.ts";
import type { BundleSpec } from "./bundle.ts";
import type { ClusterSpec } from "./cluster.ts";

/**
 * What State holds of Kubernetes. Instants are epoch milliseconds. A Cluster's row is in the due index: its dueAt is the
 * earliest of what its other rows want (drift check, retry, next stage). Those lie in a partition of their own,
 * `_cluster/<name>`, read as a whole by the one worker that holds the cluster's lease.
 */

/** `_cluster`, `Cluster/<name>`. Compare-and-swap by version; waking raises the version too. */
export interface ClusterRow {
  key: ResourceKey;
  schema: number;
  version: number;
  generation: number;
  specHash: string;
  /** As accepted last; the worker uses this one. */
  spec?: ClusterSpec;
  ready: Condition;
  /** `v1.36.3` */
  kubernetesVersion?: string;
  /** Mirrored Secrets that are as they should be, and how many there should be. */
  inSync?: number;
  mirrors?: number;
  /** Milliseconds from issued to mirrored, of the last one written. */
  lagMs?: number;
  /** Of the last request that failed, cleared by a run without one. */
  lastError?: { at: number; reason: string; message: string };
  /** The one worker; lapsed when `until` has passed. */
  lease?: { id: LeaseId; until: number };
  /** Failures in a row to reach the cluster at all; before `retryAt` nobody tries. */
  failures?: number;
  retryAt?: number;
  /** The request budget as it was left. */
  budget?: { tokens: number; at: number };
  driftCheckAt?: number;
  /** The spec is new: all Certificates are still to be compared with it. */
  unplanned?: true;
  /** A drift check is under way: it goes on after this one, `mirror/<namespace>/<name>` or `bundle/<name>`. */
  driftCheckAfter?: string;
  dueAt?: number;
  lane?: Lane;
  /** The Cluster is gone: with the policy delete its Secrets go first, then the row is a tombstone (expiresAt, no dueAt). */
  deletedAt?: number;
  /** Epoch seconds. */
  expiresAt?: number;
}

/** `_cluster/<cluster>`, `Mirror/<namespace>/<name>`: a Certificate in a cluster. Compare-and-swap by version. */
export interface MirrorRow {
  cluster: string;
  /** The Certificate. */
  certificate: { namespace: string; name: string };
  schema: number;
  version: number;
  /** Now or in the past: something may have changed. Later: a retry. Absent: only the cluster's drift check looks. */
  dueAt?: number;
  /** What was written last, and where. */
  written?: {
    /** Kubernetes namespace and name of the Secret. */
    namespace: string;
    name: string;
    uid: string;
    resourceVersion: string;
    /** SHA-256 of what we want there (core/kubernetes/render.ts), hex. */
    hash: string;
    /** The certificate's: which is in the cluster now. */
    fingerprint: string;
    revision: number;
    at: number;
  };
  /** Since when the cluster has lacked what it should have; kept until it is there. */
  behindSince?: number;
  failures?: number;
  /** Type Synced. */
  synced?: Condition;
}

/** `_cluster/<cluster>`, `Reload/<namespace>/<name>`: the staged restart of the workloads of one Certificate's Secret. */
export interface ReloadRow {
  cluster: string;
  certificate: { namespace: string; name: string };
  schema: number;
  version: number;
  /** Kubernetes namespace and name of the Secret. */
  secret: { namespace: string; name: string };
  /** The revision that they are restarted for; a newer one begins anew. */
  revision: number;
  startedAt: number;
  /** Absent until they have been looked for. */
  workloads?: ReloadedWorkload[];
  dueAt?: number;
  failures?: number;
  /** Type Reloaded: True Reloaded, False Reloading | ReloadStopped ... */
  reloaded?: Condition;
}

export interface ReloadedWorkload {
  kind: "Deployment" | "StatefulSet" | "DaemonSet";
  name: string;
  state: "waiting" | "restarting" | "available" | "stuck" | "skipped";
  /** Of `restarting` and `stuck`: the generation to be observed, and when it was patched. */
  generation?: number;
  since?: number;
  /** Why it was skipped or is stuck. */
  why?: string;
}

/** `_cluster`, `Bundle/<name>`. Compare-and-swap by version. */
export interface BundleRow {
  key: ResourceKey;
  schema: number;
  version: number;
  generation: number;
  specHash: string;
  spec?: BundleSpec;
  ready: Condition;
  /** Of the list behind useDefaultCAs. */
  defaultCAVersion?: string;
  /** Hash of what the stored secret holds, and its version there. */
  stored?: { hash: string; versionId: string };
  failures?: number;
  dueAt?: number;
  lane?: Lane;
  deletedAt?: number;
  expiresAt?: number;
}

/** `_cluster/<cluster>`, `Bundle/<name>`: a Bundle in a cluster. Compare-and-swap by version. */
export interface PlacedBundleRow {
  cluster: string;
  bundle: string;
  schema: number;
  version: number;
  dueAt?: number;
  /** Of the content, and in how many namespaces it is; the Kubernetes namespaces that hold a copy. */
  hash?: string;
  namespaces?: string[];
  /** Kinds of the objects that were written. */
  kinds?: ("ConfigMap" | "Secret")[];
  /** Namespaces in which a write was begun and not yet seen to be done: maybe there is something of ours. */
  begun?: string[];
  /** Certificates in it, and those left out. */
  counts?: { certificates: number; expired: number; duplicate: number; malformed: number };
  failures?: number;
  /** Type Synced. */
  synced?: Condition;
}

/** All that lies in a cluster's partition. */
export interface ClusterRows {
  mirrors: MirrorRow[];
  reloads: ReloadRow[];
  bundles: PlacedBundleRow[];
}

/**
 * `<namespace>`, `Certificate/<name>#cluster#<cluster>`: what the Certificate's owner may read of a mirror. Written when it
 * changes; last writer wins.
 */
export interface TargetStatus {
  certificate: { namespace: string; name: string };
  cluster: string;
  /** `web/www-tls` in the cluster. */
  secret?: string;
  revision?: number;
  synced: Condition;
  reloaded?: Condition;
  /** Epoch ms of the next try, when one is set. */
  nextTryAt?: number;
}

/** The partition of a cluster's rows. */
export function clusterPartition(cluster: string): string {
  return `_cluster/${cluster}`;
}
