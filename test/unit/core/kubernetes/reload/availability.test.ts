import { describe, expect, it } from "vitest";
import { cannotRoll, waitsFor } from "../../../../../core/kubernetes/reload/availability.ts";
import { workload } from "./workload.ts";

type Kind = "Deployment" | "StatefulSet" | "DaemonSet";

function waits(kind: Kind, status: object, spec: object = {}): string | undefined {
  const object = workload({ kind, name: "x", spec });
  return waitsFor({ ...object, metadata: { ...object.metadata, generation: 4 }, status });
}

const rolled = { observedGeneration: 4, replicas: 3, updatedReplicas: 3, availableReplicas: 3 };
const spread = { observedGeneration: 4, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 };
const partition = (n: number) => ({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: n } } });

describe("a workload is available", () => {
  it.each<[string, Kind, object, object?]>([
    ["a Deployment with all replicas updated and available", "Deployment", rolled],
    ["one whose controller has seen even more", "Deployment", { ...rolled, observedGeneration: 5 }],
    ["one without replicas, whatever its status", "Deployment", {}, { replicas: 0 }],
    [
      "one replica where none is said",
      "Deployment",
      { ...rolled, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
      { replicas: undefined },
    ],
    ["a StatefulSet with all replicas updated and available", "StatefulSet", rolled],
    ["a StatefulSet whose partition keeps two back", "StatefulSet", { ...rolled, updatedReplicas: 1 }, partition(2)],
    ["a StatefulSet whose partition keeps all back", "StatefulSet", { ...rolled, updatedReplicas: 0 }, partition(9)],
    ["a DaemonSet on all of its nodes", "DaemonSet", spread],
    ["a DaemonSet that is meant for no node", "DaemonSet", { observedGeneration: 4 }],
  ])("%s", (_, kind, status, spec) => {
    expect(waits(kind, status, spec)).toBeUndefined();
  });
});

describe("a workload is waited for", () => {
  it.each<[string, Kind, object, string, object?]>([
    ["nobody has looked at it", "Deployment", {}, "its controller has not looked at it yet"],
    [
      "its controller is behind",
      "Deployment",
      { ...rolled, observedGeneration: 3 },
      "its controller has not looked at it yet",
    ],
    [
      "not all are updated",
      "Deployment",
      { ...rolled, updatedReplicas: 2, replicas: 4 },
      "2 of 3 updated, 3 available, 2 old still there",
    ],
    ["not all are available", "Deployment", { ...rolled, availableReplicas: 2 }, "3 of 3 updated, 2 available"],
    [
      "none is available, which the apiserver leaves out",
      "Deployment",
      { observedGeneration: 4, replicas: 3, updatedReplicas: 3 },
      "3 of 3 updated, 0 available",
    ],
    ["old pods still run", "Deployment", { ...rolled, replicas: 4 }, "3 of 3 updated, 3 available, 1 old still there"],
    [
      "it is paused",
      "Deployment",
      { ...rolled, updatedReplicas: 1 },
      "it is paused; 1 of 3 updated, 3 available, 2 old still there",
      { paused: true },
    ],
    [
      "its controller is behind",
      "StatefulSet",
      { ...rolled, observedGeneration: 3 },
      "its controller has not looked at it yet",
    ],
    ["not all are updated", "StatefulSet", { ...rolled, updatedReplicas: 2 }, "2 of 3 updated, 3 available"],
    [
      "not all beyond the partition are updated",
      "StatefulSet",
      { ...rolled, updatedReplicas: 0 },
      "0 of 3 updated, 3 available",
      partition(2),
    ],
    ["not all are available", "StatefulSet", { ...rolled, availableReplicas: 0 }, "3 of 3 updated, 0 available"],
    [
      "its controller is behind",
      "DaemonSet",
      { ...spread, observedGeneration: 1 },
      "its controller has not looked at it yet",
    ],
    ["not all nodes are updated", "DaemonSet", { ...spread, updatedNumberScheduled: 1 }, "1 of 2 updated, 2 available"],
    [
      "not all nodes are available",
      "DaemonSet",
      { ...spread, numberAvailable: undefined },
      "2 of 2 updated, 0 available",
    ],
  ])("while %s (%s)", (_, kind, status, why, spec) => {
    expect(waits(kind, status, spec)).toBe(why);
  });
});

describe("a restart would change nothing", () => {
  it.each<[string, Kind, object, string | undefined]>([
    ["a paused Deployment", "Deployment", { paused: true }, "it is paused"],
    [
      "a StatefulSet with OnDelete",
      "StatefulSet",
      { updateStrategy: { type: "OnDelete" } },
      "its update strategy is OnDelete",
    ],
    [
      "a DaemonSet with OnDelete",
      "DaemonSet",
      { updateStrategy: { type: "OnDelete" } },
      "its update strategy is OnDelete",
    ],
    ["not a Deployment that recreates", "Deployment", { strategy: { type: "Recreate" } }, undefined],
    ["not a StatefulSet that rolls", "StatefulSet", partition(0), undefined],
  ])("%s", (_, kind, spec, why) => {
    expect(cannotRoll(workload({ kind, name: "x", spec }))).toBe(why);
  });
});
