import type {
  BundleRow,
  ClusterRow,
  MirrorRow,
  PlacedBundleRow,
  ReloadRow,
  TargetStatus,
} from "../../core/kubernetes/rows.ts";
import { clusterNamespace, type ResourceKey } from "../../core/resource.ts";
import { rowSchema } from "../../core/rows.ts";
import type { Condition } from "../../core/status.ts";
import { noon } from "./realistic-rows.ts";

const hex = "0123456789abcdef".repeat(4);
const uid = "0d9f7a3e-0b5e-4f0c-9f57-3c2b6f1f9a10";

/** The key of a Cluster. */
export function clusterKey(name = "prod-eu"): ResourceKey {
  return { namespace: clusterNamespace, kind: "Cluster", name };
}

/** The key of a Bundle. */
export function bundleKey(name = "roots"): ResourceKey {
  return { namespace: clusterNamespace, kind: "Bundle", name };
}

function said(type: Condition["type"], reason: string, observedGeneration?: number): Condition {
  const when = { lastTransitionTime: "2026-11-22T12:00:00Z", ...(observedGeneration && { observedGeneration }) };
  return { type, status: "True", reason, message: `says ${reason}`, ...when };
}

/** A Cluster that nobody has looked at. */
export function newCluster(changes: Partial<ClusterRow> = {}): ClusterRow {
  return {
    key: clusterKey(),
    schema: rowSchema,
    version: 0,
    generation: 1,
    specHash: "cGxhaW4gaGFzaA",
    ready: { ...said("Ready", "Pending", 1), status: "Unknown" },
    ...changes,
  };
}

/** A Cluster with every field. */
export function busyCluster(changes: Partial<ClusterRow> = {}): ClusterRow {
  return newCluster({
    generation: 3,
    spec: {
      server: "https://10.0.0.1:6443",
      caBundle: "-----BEGIN CERTIFICATE-----\nAQ==\n-----END CERTIFICATE-----\n",
      auth: { tokenSecretRef: { name: "prod-eu", key: "token" } },
      namespaceMap: { "*": "", web: "frontend" },
      selector: {
        namespaces: ["web"],
        matchLabels: { team: "web", empty: "" },
        matchExpressions: [{ key: "tier", operator: "In", values: ["a", "b"] }],
      },
      allowedNamespaces: [],
      deletionPolicy: "delete",
      mode: "report",
      requestsPerSecond: 5,
      driftCheckSeconds: 90.5,
      trustNamespace: "cert-manager",
      reload: { namespaces: ["*"], annotatedIn: [], maxConcurrent: { percent: 25 }, timeoutSeconds: 600 },
    },
    ready: said("Ready", "Connected", 3),
    kubernetesVersion: "v1.36.3",
    inSync: 199,
    mirrors: 200,
    lagMs: 812,
    lastError: { at: noon, reason: "QuotaExceeded", message: "exceeded quota: secrets" },
    lease: { id: "6f1ed002-ab5c-4595-a0e0-9b5ce7a3b7f4", until: noon + 300_000 },
    failures: 2,
    retryAt: noon + 60_000,
    budget: { tokens: 3.25, at: noon },
    driftCheckAt: noon + 3_600_000,
    driftCheckAfter: "mirror/web/www",
    unplanned: true,
    dueAt: noon + 60_000,
    lane: "renew",
    deletedAt: noon,
    ...changes,
  });
}

/** A Bundle with every field. */
export function newBundle(changes: Partial<BundleRow> = {}): BundleRow {
  return {
    key: bundleKey(),
    schema: rowSchema,
    version: 0,
    generation: 2,
    specHash: "cGxhaW4gaGFzaA",
    spec: {
      clusters: ["prod-eu"],
      sources: [{ configMap: { selector: { matchLabels: { a: "b" }, matchExpressions: [] }, includeAllKeys: true } }],
      target: {
        configMap: { key: "ca.crt", metadata: { labels: {}, annotations: { "a/b": "" } } },
        storedSecret: true,
      },
    },
    ready: said("Ready", "Synced", 2),
    defaultCAVersion: "2026-05-14",
    stored: { hash: hex, versionId: uid },
    failures: 1,
    dueAt: noon,
    lane: "renew",
    deletedAt: noon,
    ...changes,
  };
}

/** A mirror with every field. */
export function newMirror(changes: Partial<MirrorRow> = {}): MirrorRow {
  return {
    cluster: "prod-eu",
    certificate: { namespace: "web", name: "www" },
    schema: rowSchema,
    version: 0,
    dueAt: noon,
    written: {
      ...{ namespace: "frontend", name: "www-tls", uid, resourceVersion: "4711", hash: hex, fingerprint: hex },
      ...{ revision: 3, at: noon },
    },
    behindSince: noon - 1_000,
    failures: 1,
    synced: said("Synced", "Synced"),
    ...changes,
  };
}

/** A reload with every field. */
export function newReload(changes: Partial<ReloadRow> = {}): ReloadRow {
  return {
    cluster: "prod-eu",
    certificate: { namespace: "web", name: "www" },
    schema: rowSchema,
    version: 0,
    secret: { namespace: "frontend", name: "www-tls" },
    revision: 3,
    startedAt: noon,
    workloads: [
      { kind: "Deployment", name: "nginx", state: "restarting", generation: 7, since: noon },
      { kind: "DaemonSet", name: "edge", state: "skipped", why: "OnDelete" },
    ],
    dueAt: noon + 60_000,
    failures: 1,
    reloaded: { ...said("Reloaded", "Reloading"), status: "False" },
    ...changes,
  };
}

/** A Bundle in a cluster, with every field. */
export function newPlacedBundle(changes: Partial<PlacedBundleRow> = {}): PlacedBundleRow {
  return {
    cluster: "prod-eu",
    bundle: "roots",
    schema: rowSchema,
    version: 0,
    dueAt: noon,
    hash: hex,
    namespaces: ["default", "web"],
    counts: { certificates: 140, expired: 1, duplicate: 2, malformed: 0 },
    failures: 1,
    synced: said("Synced", "Synced"),
    ...changes,
  };
}

/** A target with every field. */
export function newTarget(changes: Partial<TargetStatus> = {}): TargetStatus {
  return {
    certificate: { namespace: "web", name: "www" },
    cluster: "prod-eu",
    secret: "frontend/www-tls",
    revision: 3,
    synced: said("Synced", "Synced"),
    reloaded: said("Reloaded", "Reloaded"),
    nextTryAt: noon,
    ...changes,
  };
}
