import type { Deps } from "../../core/deps.ts";
import type { Kubernetes, KubernetesObject } from "../../core/kubernetes/port.ts";
import { mirrorAnnotations } from "../../core/kubernetes/render.ts";
import type { MirrorRow } from "../../core/kubernetes/rows.ts";
import type { SyncOrder } from "../../core/kubernetes/state.ts";
import { type SyncReport, syncKubernetes } from "../../core/kubernetes/sync.ts";
import { clusterNamespace, type ResourceKey } from "../../core/resource.ts";
import { type CertificateRow, rowSchema } from "../../core/rows.ts";
import { type FakeKubernetes, fakeKubernetes } from "./fake-kubernetes.ts";
import { loneClock } from "./lone-clock.ts";
import { memoryRequests } from "./memory-requests.ts";
import { memorySecretStore } from "./memory-secret-store.ts";
import { memoryState } from "./memory-state.ts";
import { makeLeaf, type TestLeaf } from "./mirror-leaf.ts";

export type MirrorBed = ReturnType<typeof openMirrorBed>;

export interface CertificateWish {
  /** `web/www` */
  id: string;
  secretName?: string;
  labels?: Record<string, string>;
  /** Names of Clusters; absent: their selectors decide. */
  targets?: string[];
  leaf?: TestLeaf;
  annotations?: Record<string, string>;
}

/** Ours in the bed's clusters. */
export const ourManager = "certwright-certwright-000000000000-us-east-1";
const minute = 60_000;

/** Sync-kubernetes in memory: State, Requests, stored secrets and apiservers are fakes, time is virtual. */
export function openMirrorBed({ start = new Date("2026-11-22T12:00:00Z"), fraction = 0.5 } = {}) {
  const clock = loneClock(start);
  const state = memoryState();
  const requests = memoryRequests();
  const store = memorySecretStore();
  const reads: string[] = [];
  const clusters = new Map<string, FakeKubernetes>();
  const logs: Record<string, unknown>[] = [];
  let ids = 0;
  const open = {
    /** Replaced by tests: what happens when a cluster's door is opened. */
    kubernetes: async (name: string): Promise<Kubernetes> => cluster(name).kubernetes,
  };
  const deps = {
    instance: "certwright",
    clock,
    chance: { fraction: () => fraction, uuid: () => `lease-${++ids}` },
    requests,
    state,
    log: (line: Record<string, unknown>) => void logs.push(line),
    store: async () => ({
      ...store,
      read: (name: string) => {
        reads.push(name);
        return store.read(name);
      },
    }),
    kubernetes: ({ key }: { key: ResourceKey }) => open.kubernetes(key.name),
    fieldManager: ourManager,
    pause: clock.pause,
  } as unknown as Deps;

  function cluster(name: string): FakeKubernetes {
    const found = clusters.get(name) ?? fakeKubernetes({ cluster: name });
    clusters.set(name, found);
    return found;
  }
  const sync = (order: SyncOrder, { own = deps, seconds = 300 } = {}): Promise<SyncReport> =>
    clock.run(() => syncKubernetes(own, order, new Date(clock.now().getTime() + seconds * 1_000)));

  const bed = {
    ...{ clock, state, requests, store, reads, logs, deps, open, cluster, sync },
    /** Writes a Cluster and lets its first order be done; the namespaces of the certificates are there. */
    addCluster: async (name: string, spec: Record<string, unknown> = {}, namespaces = ["web"]) => {
      for (const namespace of namespaces) cluster(name).addNamespace(namespace);
      await bed.putCluster(name, spec);
      await bed.sync({ key: clusterKey(name) });
      cluster(name).calls.length = 0;
      return cluster(name);
    },
    putCluster: (name: string, spec: Record<string, unknown> = {}) =>
      requests.put({
        key: clusterKey(name),
        apiVersion: "certwright.dev/v1",
        spec: {
          server: `https://${name}.k8s.test:6443`,
          auth: { tokenSecretRef: { name: `${name}-token` } },
          selector: {},
          ...spec,
        },
      }),
    /** A certificate that was issued now, in its stored secret; nobody is told. */
    issue: async (wish: CertificateWish): Promise<TestLeaf> => {
      const key = certificateKey(wish.id);
      const secretName = wish.secretName ?? `${key.name}-tls`;
      const leaf = wish.leaf ?? (await makeLeaf({ names: [`${key.name}.example.test`], notBefore: clock.now() }));
      await requests.put({
        key,
        apiVersion: "certwright.dev/v1",
        metadata: { labels: wish.labels ?? {} },
        spec: {
          secretName,
          dnsNames: [`${key.name}.example.test`],
          issuerRef: { name: "ca", kind: "ClusterIssuer" },
          ...(wish.targets ? { targets: wish.targets.map((name) => ({ cluster: name })) } : {}),
        },
      });
      await bed.storeSecret(key, secretName, leaf, wish.annotations);
      const before = await state.certificate(key);
      await state.putCertificate(certificateRow(key, secretName, leaf, before));
      return leaf;
    },
    storeSecret: (key: ResourceKey, secretName: string, leaf: TestLeaf, annotations: Record<string, string> = {}) => {
      const name = `certwright/${key.namespace}/${secretName}`;
      const metadata = {
        annotations: { "cert-manager.io/certificate-name": key.name, ...annotations },
        labels: { "controller.cert-manager.io/fao": "true" },
      };
      const value = JSON.stringify({ "tls.crt": leaf.certPem, "tls.key": leaf.keyPem, metadata });
      const tags = { "certwright:owner": `${key.namespace}/Certificate/${key.name}` };
      const versions = [...(store.secrets.get(name)?.versions ?? []), { id: `v${++ids}`, value }];
      store.secrets.set(name, { tags: tags as never, versions });
    },
    /** The order `Cluster Sync Requested`, as it arrives. */
    tell: (...names: string[]) => sync({ certificates: names.map(refOf) }),
    /** What the sweep does, each minute for so many minutes. */
    sweep: async (minutes = 1): Promise<void> => {
      for (let passed = 0; passed < minutes; passed += 1) {
        clock.advance(minute);
        for (const due of await state.due(clock.now(), 1_000))
          if (due.what === "kubernetes") await sync({ key: due.key });
      }
    },
    secret: (name: string, id: string): KubernetesObject | undefined => cluster(name).object(secretRef(id)),
    row: (name: string) => state.cluster(clusterKey(name)),
    mirror: async (name: string, id: string): Promise<MirrorRow | undefined> => {
      const { mirrors } = await state.clusterRows(name);
      return mirrors.find(({ certificate }) => `${certificate.namespace}/${certificate.name}` === id);
    },
    /** The reason of the condition Synced, as the Certificate's owner reads it. */
    synced: async (name: string, id: string): Promise<string | undefined> => {
      const targets = await state.targetsOf(refOf(id));
      return targets.find((one) => one.cluster === name)?.synced.reason;
    },
    events: async (id: string) => (await state.events(certificateKey(id), 100)).map(({ reason }) => reason),
  };
  return bed;
}

/** `web/c0`, `web/c1` ... */
export async function issueMany(bed: MirrorBed, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `web/c${index}`);
  for (const id of ids) await bed.issue({ id });
  return ids;
}

export function clusterKey(name: string): ResourceKey {
  return { namespace: clusterNamespace, kind: "Cluster", name };
}

export function certificateKey(id: string): ResourceKey {
  return { ...refOf(id), kind: "Certificate" };
}

/** `web/www` */
function refOf(id: string): { namespace: string; name: string } {
  const [namespace = "", name = ""] = id.split("/");
  return { namespace, name };
}

export function secretRef(id: string) {
  return { kind: "Secret" as const, ...refOf(id) };
}

/** The text of a key of a Secret. */
export function textIn(secret: KubernetesObject | undefined, key: string): string | undefined {
  const value = (secret?.data as Record<string, string> | undefined)?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString();
}

export function revisionIn(secret: KubernetesObject | undefined): string | undefined {
  return secret?.metadata.annotations?.[mirrorAnnotations.revision];
}

function certificateRow(
  key: ResourceKey,
  secretName: string,
  leaf: TestLeaf,
  before: CertificateRow | undefined,
): CertificateRow {
  const { fingerprint, notBefore, notAfter } = leaf;
  const life = { notBefore, notAfter, renewalTime: notBefore + (notAfter - notBefore) * 0.66, fingerprint };
  const place = { secretName, store: "secretsManager" as const, secretArn: "arn:memory", versionId: "v" };
  const said = { type: "Ready", status: "True", reason: "Ready", message: "" } as const;
  return {
    key,
    schema: rowSchema,
    version: before?.version ?? 0,
    generation: 1,
    specHash: "hash",
    ready: { ...said, lastTransitionTime: "2026-11-22T12:00:00Z" },
    revision: (before?.revision ?? 0) + 1,
    issued: { specHash: "hash", attemptId: "attempt", ...place, ...life },
  };
}
