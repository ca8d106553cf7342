import { randomUUID } from "node:crypto";
import { defaultCAs } from "../../adapters/trust/default-cas.ts";
import { jks } from "../../adapters/trust/jks.ts";
import { pkcs12 } from "../../adapters/trust/pkcs12.ts";
import type { Deps } from "../../core/deps.ts";
import type { BundleSpec } from "../../core/kubernetes/bundle.ts";
import type { ClusterSpec } from "../../core/kubernetes/cluster.ts";
import type { BundleRow, ClusterRow } from "../../core/kubernetes/rows.ts";
import type { State } from "../../core/ports.ts";
import { bundleKey, clusterKey, newCluster } from "./kubernetes-rows.ts";
import { memoryRequests } from "./memory-requests.ts";
import { memorySecretStore } from "./memory-secret-store.ts";
import { memoryState } from "./memory-state.ts";

export const ourManager = "certwright-test-000000000000-us-east-1";

/** What the rules of Bundles are given: memory behind the ports, and the real formats. */
export function bundleWorld({ now = new Date("2026-11-22T12:00:00Z"), state = memoryState() } = {}) {
  const time = { now };
  const requests = memoryRequests();
  const store = memorySecretStore();
  const logs: Record<string, unknown>[] = [];
  const wanted: Partial<Deps> = {
    instance: "certwright",
    defaultStore: "secretsManager",
    clock: { now: () => new Date(time.now) },
    chance: { fraction: () => 0.5, uuid: randomUUID },
    requests,
    state,
    store: async () => store,
    log: (line) => void logs.push(line),
    fieldManager: ourManager,
    trust: {
      defaultCAs: async () => defaultCAs(),
      jks: async (certificates, password) => jks(certificates, password),
      pkcs12: async (certificates, password, profile) => pkcs12(certificates, password, profile),
    },
    pause: async () => {},
  };
  return { deps: wanted as Deps, state, requests, store, logs, time };
}

/** A Cluster's row with a spec. */
export function clusterWith(spec: Partial<ClusterSpec> = {}, name = "prod-eu"): ClusterRow {
  return newCluster({
    key: clusterKey(name),
    version: 1,
    spec: {
      server: "https://10.0.0.1:6443",
      auth: { tokenSecretRef: { name: "prod-eu", key: "token" } },
      namespaceMap: {},
      deletionPolicy: "retain",
      mode: "repair",
      requestsPerSecond: 20,
      driftCheckSeconds: 3_600,
      trustNamespace: "cert-manager",
      ...spec,
    },
  });
}

/** A Bundle's row as checkBundle leaves it. */
export function bundleOf(spec: Omit<BundleSpec, "target"> & { target?: Partial<BundleSpec["target"]> }): BundleRow {
  return {
    key: bundleKey(),
    schema: 1,
    version: 1,
    generation: 1,
    specHash: "hash",
    spec: { ...spec, target: { configMap: { key: "ca.crt" }, storedSecret: false, ...spec.target } },
    ready: { type: "Ready", status: "True", reason: "Ready", message: "", lastTransitionTime: "2026-11-22T12:00:00Z" },
  };
}

/** The row of the Bundle in the cluster, as State has it. */
export async function placedIn(state: State, cluster = "prod-eu", bundle = "roots") {
  return (await state.clusterRows(cluster)).bundles.find((row) => row.bundle === bundle);
}
