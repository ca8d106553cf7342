import type { KubernetesObject } from "../port.ts";

/**
 * What a workload still waits for until all of its replicas run its newest pod template and are available; undefined when
 * they are. As `kubectl rollout status` has it: each kind counts in fields of its own.
 */
export function waitsFor(workload: KubernetesObject): string | undefined {
  const { spec = {}, status = {} } = workload as Rollout;
  const seen = status.observedGeneration ?? 0;
  if (workload.kind !== "DaemonSet" && spec.replicas === 0) return undefined;
  const count = countsOf[workload.kind]?.(spec, status);
  if (!count) return `${workload.kind} is no workload`;
  if (seen < (workload.metadata.generation ?? 0)) return "its controller has not looked at it yet";
  const { wanted, toUpdate = wanted, updated, available, former = 0 } = count;
  const done = updated >= toUpdate && available >= wanted && former === 0;
  return done ? undefined : `${spec.paused ? "it is paused; " : ""}${said(count)}`;
}

/** Why a restart would change nothing now; undefined when it would. */
export function cannotRoll(workload: KubernetesObject): string | undefined {
  const { spec = {} } = workload as Rollout;
  if (workload.kind === "Deployment") return spec.paused ? "it is paused" : undefined;
  return spec.updateStrategy?.type === "OnDelete" ? "its update strategy is OnDelete" : undefined;
}

/** The fields of the three kinds that count replicas, each absent or 0 where it does not apply. */
interface Rollout extends KubernetesObject {
  spec?: Spec;
  status?: Status;
}

interface Spec {
  replicas?: number;
  paused?: boolean;
  updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
}

interface Status {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  availableReplicas?: number;
  desiredNumberScheduled?: number;
  updatedNumberScheduled?: number;
  numberAvailable?: number;
}

interface Counts {
  wanted: number;
  /** Fewer than wanted where a partition keeps pods back. */
  toUpdate?: number;
  updated: number;
  available: number;
  /** Pods of an older template that still run. */
  former?: number;
}

const countsOf: Record<string, (spec: Spec, status: Status) => Counts> = {
  Deployment: ({ replicas = 1 }, status) => {
    const updated = status.updatedReplicas ?? 0;
    const former = Math.max(0, (status.replicas ?? 0) - updated);
    return { wanted: replicas, updated, available: status.availableReplicas ?? 0, former };
  },
  StatefulSet: ({ replicas = 1, updateStrategy }, status) => ({
    wanted: replicas,
    toUpdate: Math.max(0, replicas - (updateStrategy?.rollingUpdate?.partition ?? 0)),
    updated: status.updatedReplicas ?? 0,
    available: status.availableReplicas ?? 0,
  }),
  DaemonSet: (_, status) => ({
    wanted: status.desiredNumberScheduled ?? 0,
    updated: status.updatedNumberScheduled ?? 0,
    available: status.numberAvailable ?? 0,
  }),
};

function said({ wanted, updated, available, former }: Counts): string {
  const old = former ? `, ${former} old still there` : "";
  return `${updated} of ${wanted} updated, ${available} available${old}`;
}
