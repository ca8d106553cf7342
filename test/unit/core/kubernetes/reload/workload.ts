import type { ReloadSpec } from "../../../../../core/kubernetes/cluster.ts";
import type { KubernetesObject } from "../../../../../core/kubernetes/port.ts";
import { advanceReload, startReload } from "../../../../../core/kubernetes/reload/advance.ts";
import type { ReloadedWorkload, ReloadRow } from "../../../../../core/kubernetes/rows.ts";
import { fakeKubernetes } from "../../../../support/fake-kubernetes.ts";

export const noon = new Date("2026-11-22T12:00:00Z");
const secret = { namespace: "web", name: "www-tls" };
const annotation = "reload.certwright.dev/www-tls";

type Kind = ReloadedWorkload["kind"];

export const everybody: ReloadSpec = {
  namespaces: ["web"],
  annotatedIn: [],
  maxConcurrent: { count: 2 },
  timeoutSeconds: 600,
};

export const one: ReloadSpec = { ...everybody, maxConcurrent: { count: 1 } };

/** `d01`, `d02` ... */
export function numbered(count: number): Wish[] {
  return Array.from({ length: count }, (_, index) => ({ name: `d${String(index + 1).padStart(2, "0")}` }));
}

/** The merge patch of somebody who sets our mark, or takes it away. */
export function templated(value: string | null): object {
  return { spec: { template: { metadata: { annotations: { [annotation]: value } } } } };
}

interface Wish {
  kind?: Kind;
  name: string;
  namespace?: string;
  /** Of the pod; by default one that mounts the Secret. */
  pod?: object;
  annotations?: Record<string, string>;
  /** More of the spec. */
  spec?: object;
}

const mounting = { volumes: [{ name: "tls", secret: { secretName: secret.name } }] };

/** A workload of three replicas that mounts the Secret. */
export function workload({ kind = "Deployment", name, namespace = "web", ...wish }: Wish): KubernetesObject {
  const { pod = mounting, annotations = {}, spec = {} } = wish;
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace, annotations },
    spec: { ...(kind !== "DaemonSet" && { replicas: 3 }), template: { spec: pod }, ...spec },
  };
}

/** A cluster in memory, its controllers, and the reload of one Secret in it. */
export function reloadBed() {
  const fake = fakeKubernetes();
  for (const name of ["web", "other"]) fake.addNamespace(name);
  const bed = {
    fake,
    now: noon,
    row: start({ revision: 7 }),
    add: (...wishes: Wish[]) => {
      for (const wish of wishes) fake.create(workload(wish));
      bed.settle();
    },
    /** The controllers roll out everything, but for these. */
    settle: (...broken: string[]) => {
      for (const object of all()) if (!broken.includes(object.metadata.name)) setAvailable(object);
    },
    /** One look of the worker, with nothing in between. */
    advance: async (spec: ReloadSpec = everybody) => {
      bed.row = await advanceReload(fake.kubernetes, bed.row, spec, { now: bed.now, fieldManager: "certwright" });
      return bed.row;
    },
    /** Looks as often as it takes, the controllers at work in between; answers what was restarted at each look. */
    run: async (spec: ReloadSpec = everybody, ...broken: string[]): Promise<string[][]> => {
      const stages: string[][] = [];
      for (let look = 0; look < 50; look++) {
        const before = bed.patched().length;
        await bed.advance(spec);
        stages.push(bed.patched().slice(before));
        bed.settle(...broken);
        if (bed.row.dueAt === undefined || bed.row.reloaded?.reason === "ReloadStopped") break;
        bed.now = new Date(bed.row.dueAt);
      }
      return stages.filter((stage) => stage.length > 0);
    },
    patched: () => fake.calls.filter(({ verb }) => verb === "patch").map(({ name = "" }) => name),
    /** `web-1: available`, one for each workload that was chosen. */
    states: () => (bed.row.workloads ?? []).map(({ name, state }) => `${name}: ${state}`),
    markOf: (name: string, kind: Kind = "Deployment") => {
      const { spec } = fake.object({ kind, namespace: "web", name }) as Templated;
      return spec.template.metadata?.annotations?.[annotation];
    },
  };
  const all = () => (["Deployment", "StatefulSet", "DaemonSet"] as const).flatMap((kind) => fake.objects(kind));

  function setAvailable({ kind, metadata, spec }: KubernetesObject): void {
    const { replicas = 0 } = spec as { replicas?: number };
    const observedGeneration = metadata.generation ?? 0;
    const ref = { kind: kind as Kind, namespace: metadata.namespace ?? "", name: metadata.name };
    const status =
      kind === "DaemonSet"
        ? { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 }
        : { replicas, updatedReplicas: replicas, availableReplicas: replicas };
    fake.setStatus(ref, { observedGeneration, ...status });
  }
  return bed;
}

/** The reload of `web/www` in the cluster `eu`. */
export function start(how: { revision: number; before?: ReloadRow; now?: Date; name?: string }): ReloadRow {
  const certificate = { namespace: "web", name: "www" };
  const of = { cluster: "eu", certificate, secret: { ...secret, ...(how.name && { name: how.name }) } };
  return startReload({ ...of, revision: how.revision }, how.before, how.now ?? noon);
}

interface Templated extends KubernetesObject {
  spec: { template: { metadata?: { annotations?: Record<string, string> } } };
}
