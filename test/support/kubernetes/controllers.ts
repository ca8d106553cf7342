import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesObject } from "../../../core/kubernetes/port.ts";
import type { KubernetesClient } from "../../../local/kubernetes/client.ts";

export interface PlayOptions {
  /** Only what is in these namespaces; absent: all. */
  namespaces?: string[];
  /** From a change of the spec until its pods are available. */
  delayMs?: number;
  /** Names of workloads of which only the first rollout comes to its end. */
  never?: string[];
}

/** A change of a workload's spec, as the controller saw it; times are epoch ms. */
export interface Rollout {
  kind: WorkloadKind;
  namespace: string;
  name: string;
  generation: number;
  startedAt: number;
  /** Absent while its pods are not available. */
  availableAt?: number;
}

export interface Playing {
  /** In the order of their beginning. */
  rollouts(): Rollout[];
  /** From now on these, too, or no longer. */
  never(names: string[]): void;
  stop(): Promise<void>;
}

/**
 * Plays the controllers of Deployments, StatefulSets and DaemonSets, of which none runs beside an apiserver alone: it writes
 * the status that they would, first of a rollout under way, then of one that has ended.
 */
export function playDeploymentController(admin: KubernetesClient, options: PlayOptions = {}): Playing {
  const { delayMs = 200 } = options;
  const known = new Map<string, Rollout>();
  const all: Rollout[] = [];
  const stopping = new AbortController();
  let stuck = new Set(options.never ?? []);
  const playOne = async (kind: WorkloadKind, object: KubernetesObject) => {
    const { namespace = "", name, uid = "", generation = 1 } = object.metadata;
    let rollout = known.get(uid);
    if (rollout?.generation !== generation) {
      rollout = { kind, namespace, name, generation, startedAt: Date.now() };
      known.set(uid, rollout);
      all.push(rollout);
      await admin.patchStatus(pathOf(kind, object), statusOf(kind, object, "underWay"));
    }
    const isStuck = stuck.has(name) && generation > 1;
    if (rollout.availableAt !== undefined || isStuck || Date.now() < rollout.startedAt + delayMs) return;
    await admin.patchStatus(pathOf(kind, object), statusOf(kind, object, "available"));
    rollout.availableAt = Date.now();
  };
  const play = async () => {
    for (const kind of kinds)
      for (const path of listPaths(kind, options.namespaces))
        for (const object of await admin.list(path)) await playOne(kind, object);
  };
  const playing = (async () => {
    while (!stopping.signal.aborted) {
      // It may be down, or the object gone: the next round sees.
      await play().catch(() => undefined);
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    rollouts: () => all.map((rollout) => ({ ...rollout })),
    never: (names) => {
      stuck = new Set(names);
    },
    stop: async () => {
      stopping.abort();
      await playing;
    },
  };
}

const kinds = ["Deployment", "StatefulSet", "DaemonSet"] as const;
type WorkloadKind = (typeof kinds)[number];
const everyMs = 100;
/** On each of so many nodes runs a pod of a DaemonSet. */
const nodes = 2;

function listPaths(kind: WorkloadKind, namespaces: string[] | undefined): string[] {
  const plural = `${kind.toLowerCase()}s`;
  return namespaces
    ? namespaces.map((one) => `/apis/apps/v1/namespaces/${one}/${plural}`)
    : [`/apis/apps/v1/${plural}`];
}

function pathOf(kind: WorkloadKind, { metadata }: KubernetesObject): string {
  return `/apis/apps/v1/namespaces/${metadata.namespace}/${kind.toLowerCase()}s/${metadata.name}`;
}

type Stage = "underWay" | "available";

/** A rollout replaces one pod; while it is under way the new one is not available and the old ones are. */
function statusOf(kind: WorkloadKind, { metadata, spec }: KubernetesObject, stage: Stage): object {
  const observedGeneration = metadata.generation;
  const wanted = kind === "DaemonSet" ? nodes : ((spec as { replicas?: number }).replicas ?? 1);
  const updated = stage === "available" ? wanted : 0;
  const available = stage === "available" ? wanted : wanted - 1;
  if (kind === "DaemonSet") {
    const scheduled = { desiredNumberScheduled: wanted, currentNumberScheduled: wanted, numberMisscheduled: 0 };
    const ready = { numberReady: available, numberAvailable: available, numberUnavailable: wanted - available };
    return { observedGeneration, ...scheduled, ...ready, updatedNumberScheduled: updated };
  }
  const pods = { replicas: wanted, readyReplicas: available, availableReplicas: available, updatedReplicas: updated };
  if (kind === "StatefulSet") return { observedGeneration, ...pods, ...revisionsOf(metadata.generation ?? 1, stage) };
  return { observedGeneration, ...pods, unavailableReplicas: wanted - available, conditions: conditionsOf(stage) };
}

function revisionsOf(generation: number, stage: Stage) {
  const updateRevision = `revision-${generation}`;
  return { updateRevision, currentRevision: stage === "available" ? updateRevision : `revision-${generation - 1}` };
}

function conditionsOf(stage: Stage) {
  const at = { lastUpdateTime: new Date().toISOString(), lastTransitionTime: new Date().toISOString() };
  const [progress, text] =
    stage === "available" ? ["NewReplicaSetAvailable", "has progressed"] : ["ReplicaSetUpdated", "is progressing"];
  const available = stage === "available" ? "True" : "False";
  return [
    { type: "Available", status: available, reason: "MinimumReplicasAvailable", message: "played by a test", ...at },
    { type: "Progressing", status: "True", reason: progress, message: `ReplicaSet ${text}`, ...at },
  ];
}
