import type { Saved } from "../ports.ts";
import type { ResourceKey } from "../resource.ts";
import type {
  BundleRow,
  ClusterRow,
  ClusterRows,
  MirrorRow,
  PlacedBundleRow,
  ReloadRow,
  TargetStatus,
} from "./rows.ts";

/** Names a Certificate. */
export interface CertificateRef {
  namespace: string;
  name: string;
}

/**
 * What State keeps of Kubernetes. Reads are strongly consistent. put and delete are compare-and-swap by version: put writes
 * version = expected + 1, expected 0 means absent. wake sets dueAt = now and raises the version, so that who works on the
 * row right now cannot put it as done.
 */
export interface KubernetesState {
  cluster(key: ResourceKey): Promise<ClusterRow | undefined>;
  /** All but tombstones (rows with expiresAt), by name. */
  clusters(): Promise<ClusterRow[]>;
  putCluster(row: ClusterRow): Promise<Saved>;
  /** Nothing when there is no such row, or only a tombstone. */
  wakeCluster(cluster: string, now: Date): Promise<void>;
  /** All pages of the cluster's partition. */
  clusterRows(cluster: string): Promise<ClusterRows>;

  /** Makes the row when there is none. */
  wakeMirror(cluster: string, certificate: CertificateRef, now: Date): Promise<void>;
  putMirror(row: MirrorRow): Promise<Saved>;
  deleteMirror(row: MirrorRow): Promise<Saved>;
  putReload(row: ReloadRow): Promise<Saved>;
  deleteReload(row: ReloadRow): Promise<Saved>;
  /** Makes the row when there is none. */
  wakePlacedBundle(cluster: string, bundle: string, now: Date): Promise<void>;
  putPlacedBundle(row: PlacedBundleRow): Promise<Saved>;
  deletePlacedBundle(row: PlacedBundleRow): Promise<Saved>;

  bundle(key: ResourceKey): Promise<BundleRow | undefined>;
  /** All but tombstones, by name. */
  bundles(): Promise<BundleRow[]>;
  putBundle(row: BundleRow): Promise<Saved>;

  /** Replaces. */
  putTarget(status: TargetStatus): Promise<void>;
  deleteTarget(certificate: CertificateRef, cluster: string): Promise<void>;
  /** By cluster. */
  targetsOf(certificate: CertificateRef): Promise<TargetStatus[]>;
}

/** What sync-kubernetes is asked to do; all of it may come twice. */
export type SyncOrder =
  /** Certificates that were issued, edited or deleted: wakes their mirrors, then works on their clusters. */
  | { certificates: CertificateRef[] }
  /** A Cluster or Bundle that was changed or deleted, or is due. `replan`: compare with all Certificates, too. */
  | { key: ResourceKey; replan?: boolean };
