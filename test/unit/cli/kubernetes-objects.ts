import type { BundleRow, ClusterRow, MirrorRow } from "../../../core/kubernetes/rows.ts";
import type { StoredRequest } from "../../../core/ports.ts";
import { clusterNamespace, type Kind, type ResourceKey } from "../../../core/resource.ts";
import { type Condition, rfc3339 } from "../../../core/status.ts";
import { parseRequest } from "../../support/parse.ts";
import { hourMs, noon, ready, type World } from "./world.ts";

export const clusterKey = (name: string): ResourceKey => ({ namespace: clusterNamespace, kind: "Cluster", name });
export const bundleKey = (name: string): ResourceKey => ({ namespace: clusterNamespace, kind: "Bundle", name });

export const clusterSpec = {
  server: "https://10.0.0.1:6443",
  auth: { tokenSecretRef: { name: "lab-token" } },
  selector: {},
};

export const eksSpec = {
  server: "https://ABC.eks.amazonaws.com",
  auth: { eks: { clusterName: "shop-eks", region: "eu-central-1" } },
  selector: {},
};

export const bundleSpec = {
  sources: [{ inLine: "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" }],
  target: { configMap: { key: "ca.crt" } },
};

/** A request of a cluster-scoped kind; answers its spec hash. */
export async function requestOf(world: World, kind: Kind, name: string, spec: unknown): Promise<string> {
  const key = { namespace: clusterNamespace, kind, name };
  await world.requests.put({ key, apiVersion: "certwright.dev/v1", spec });
  const parsed = parseRequest((await world.requests.get(key)) as StoredRequest);
  return parsed.ok ? parsed.resource.specHash : parsed.specHash;
}

/** What the row of a Cluster says that has not answered for a minute. */
export const unreachable = {
  ready: ready("False", "ClusterUnreachable", "connect ECONNREFUSED 10.0.0.2:6443", noon - 60_000),
  lastError: { at: noon - 60_000, reason: "ClusterUnreachable", message: "connect ECONNREFUSED 10.0.0.2:6443" },
  failures: 2,
  retryAt: noon + 120_000,
  dueAt: noon + 120_000,
  inSync: 1,
};

/** The row of a Cluster that answers; all of its secrets are in sync. */
export async function putCluster(world: World, name: string, specHash: string, more: Partial<ClusterRow> = {}) {
  const row: ClusterRow = {
    key: clusterKey(name),
    schema: 1,
    version: 0,
    generation: 1,
    specHash,
    ready: ready("True", "Reachable", "the apiserver answers"),
    kubernetesVersion: "v1.36.3",
    inSync: 2,
    mirrors: 2,
    lagMs: 1_234,
    driftCheckAt: noon + hourMs / 2,
    dueAt: noon + hourMs / 2,
    lane: "renew",
    ...more,
  };
  const before = await world.state.cluster(row.key);
  mustBeSaved(await world.state.putCluster({ ...row, version: before?.version ?? 0 }));
}

export async function putBundle(world: World, name: string, specHash: string, more: Partial<BundleRow> = {}) {
  const row: BundleRow = {
    key: bundleKey(name),
    schema: 1,
    version: 0,
    generation: 1,
    specHash,
    ready: ready("True", "Ready", "it is in 2 clusters"),
    ...more,
  };
  mustBeSaved(await world.state.putBundle(row));
}

export async function putMirror(world: World, cluster: string, name: string, more: Partial<MirrorRow> = {}) {
  const certificate = { namespace: "default", name };
  mustBeSaved(await world.state.putMirror({ cluster, certificate, schema: 1, version: 0, ...more }));
}

export function written(name: string, namespace = "default"): NonNullable<MirrorRow["written"]> {
  const uid = "00000000-0000-4000-8000-000000000001";
  const made = { resourceVersion: "7", hash: "h", fingerprint: "ab".repeat(32), revision: 1, at: noon - hourMs };
  return { namespace, name, uid, ...made };
}

export function synced(status: Condition["status"], reason: string, message = "why", since = noon - hourMs): Condition {
  return { type: "Synced", status, reason, message, lastTransitionTime: rfc3339(since) };
}

function mustBeSaved(saved: string): void {
  if (saved !== "saved") throw new Error("the row was there already");
}
