import { beforeEach, describe, expect, it } from "vitest";
import type { ClusterRow } from "../../../core/kubernetes/rows.ts";
import {
  clusterKey,
  clusterSpec,
  eksSpec,
  putCluster,
  putMirror,
  requestOf,
  synced,
  unreachable,
  written,
} from "./kubernetes-objects.ts";
import { hourMs, makeWorld, noon, ready, type World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

const next = async (name = "lab") => (await world.run(`describe cluster ${name}`)).out.split("Next:\n  ")[1];

describe("get clusters", () => {
  it("shows how many secrets are in sync, and with -o wide version, lag, server, mode and the last error", async () => {
    await putCluster(
      world,
      "lab",
      await requestOf(world, "Cluster", "lab", { ...clusterSpec, mode: "report" }),
      unreachable,
    );
    await putCluster(world, "shop", await requestOf(world, "Cluster", "shop", eksSpec));
    await requestOf(world, "Cluster", "new", { auth: { kubeconfigSecretRef: { name: "kube" } } });
    expect((await world.run("get clusters")).out).toBe(
      `NAME   READY     SECRETS     STATUS               AGE
lab    False     1/2         ClusterUnreachable   60s
new    Unknown   <unknown>   Pending              <unknown>
shop   True      2/2         Reachable            60m`,
    );
    expect((await world.run("get clusters -o wide -A")).out).toBe(
      `NAME   READY     SECRETS     STATUS               AGE         VERSION     LAG      SERVER                          MODE     LAST-ERROR
lab    False     1/2         ClusterUnreachable   60s         v1.36.3     1.2s     https://10.0.0.1:6443           report   ClusterUnreachable (60s ago)
new    Unknown   <unknown>   Pending              <unknown>   <unknown>   <none>   <kubeconfig>                    repair   <none>
shop   True      2/2         Reachable            60m         v1.36.3     1.2s     https://ABC.eks.amazonaws.com   repair   <none>`,
    );
  });

  it("ignores -n, and says so plainly when there are none", async () => {
    expect(await world.run("get clusters -n web")).toMatchObject({ code: 0, out: "", err: "No resources found." });
    await putCluster(world, "lab", await requestOf(world, "Cluster", "lab", clusterSpec));
    expect((await world.run("get cluster lab -n web")).out).toContain("lab    True");
  });

  it("prints Kubernetes' shape with what State knows", async () => {
    await putCluster(world, "lab", await requestOf(world, "Cluster", "lab", clusterSpec), unreachable);
    const shape = JSON.parse((await world.run("get cluster lab -o json")).out);
    expect(shape).toEqual({
      apiVersion: "certwright.dev/v1",
      kind: "Cluster",
      metadata: { name: "lab", generation: 1 },
      spec: clusterSpec,
      status: {
        conditions: [
          {
            type: "Ready",
            status: "False",
            observedGeneration: 1,
            lastTransitionTime: "2026-11-22T11:59:00Z",
            reason: "ClusterUnreachable",
            message: "connect ECONNREFUSED 10.0.0.2:6443",
          },
        ],
        observedGeneration: 1,
        kubernetesVersion: "v1.36.3",
        secretsInSync: 1,
        secrets: 2,
        lagSeconds: 1.234,
        lastError: {
          time: "2026-11-22T11:59:00Z",
          reason: "ClusterUnreachable",
          message: "connect ECONNREFUSED 10.0.0.2:6443",
        },
        nextTryTime: "2026-11-22T12:02:00Z",
      },
    });
  });

  it("knows nothing of the row of a Cluster that was deleted and made anew", async () => {
    await putCluster(world, "lab", await requestOf(world, "Cluster", "lab", clusterSpec), { deletedAt: noon });
    expect((await world.run("get clusters")).out).toContain("Unknown   <unknown>   Pending");
    expect(JSON.parse((await world.run("get cluster lab -o json")).out)).not.toHaveProperty("status");
  });
});

describe("describe cluster", () => {
  it("tells everything: what waits, what is not in sync and why, restarts, bundles, what comes next", async () => {
    await putCluster(world, "lab", await requestOf(world, "Cluster", "lab", clusterSpec), {
      ...unreachable,
      ready: ready("True", "Reachable", "the apiserver answers"),
      retryAt: noon - 1,
      dueAt: noon - 1_000,
    });
    await putMirror(world, "lab", "fine", { written: written("fine-tls"), synced: synced("True", "Synced") });
    await putMirror(world, "lab", "new", { dueAt: noon - 1_000 });
    await putMirror(world, "lab", "quota", {
      dueAt: noon + 300_000,
      failures: 3,
      synced: synced("False", "QuotaExceeded", "secrets: 10 of 10 used"),
    });
    await putMirror(world, "lab", "taken", {
      written: written("taken-tls", "web"),
      synced: synced("False", "FieldManagerConflict", "cert-manager has data.tls.crt"),
    });
    await world.state.putReload({
      cluster: "lab",
      certificate: { namespace: "default", name: "fine" },
      schema: 1,
      version: 0,
      secret: { namespace: "default", name: "fine-tls" },
      revision: 3,
      startedAt: noon - 300_000,
      workloads: [
        { kind: "Deployment", name: "a", state: "available" },
        { kind: "Deployment", name: "b", state: "stuck", generation: 2, since: noon - 1, why: "0 of 1 updated" },
        { kind: "StatefulSet", name: "c", state: "waiting" },
        { kind: "DaemonSet", name: "d", state: "waiting" },
      ],
      dueAt: noon + 180_000,
      reloaded: { ...synced("False", "ReloadStopped", "Deployment/b is not available"), type: "Reloaded" },
    });
    await world.state.putPlacedBundle({
      cluster: "lab",
      bundle: "company",
      schema: 1,
      version: 0,
      namespaces: ["default", "web"],
      synced: synced("True", "Synced", "in 2 namespaces"),
    });
    await world.state.addEvent({
      key: clusterKey("lab"),
      at: noon - hourMs,
      type: "Warning",
      reason: "ClusterUnreachable",
      message: "connect ECONNREFUSED 10.0.0.2:6443",
    });
    expect((await world.run("describe cluster lab")).out).toBe(
      `Name:             lab
Kind:             Cluster
API Version:      certwright.dev/v1
Labels:           <none>
Annotations:      <none>
Generation:       1
Server:           https://10.0.0.1:6443
Credentials:      tokenSecretRef
Version:          v1.36.3
Mode:             repair
Deletion Policy:  retain
Secrets In Sync:  1/2
Lag:              1.2s from issued to mirrored, the last time
Waiting:          1 secret
Last Error:       2026-11-22T11:59:00Z (60s ago) ClusterUnreachable: connect ECONNREFUSED 10.0.0.2:6443

Conditions:
  TYPE    STATUS   REASON      SINCE   MESSAGE
  Ready   True     Reachable   60m     the apiserver answers

Not In Sync:
  CERTIFICATE     SECRET          SYNCED    REASON                 SINCE   NEXT-TRY   MESSAGE
  default/new     <none>          Unknown   Pending                -       now        not tried yet
  default/quota   <none>          False     QuotaExceeded          60m     in 5m      secrets: 10 of 10 used
  default/taken   web/taken-tls   False     FieldManagerConflict   60m     -          cert-manager has data.tls.crt

Reloads:
  CERTIFICATE    SECRET             REVISION   STARTED   WORKLOADS                         REASON          NEXT    MESSAGE
  default/fine   default/fine-tls   3          5m ago    1 available, 1 stuck, 2 waiting   ReloadStopped   in 3m   Deployment/b is not available

Bundles:
  BUNDLE    SYNCED   NAMESPACES   REASON   SINCE   NEXT-TRY   MESSAGE
  company   True     2            Synced   60m     -          in 2 namespaces

Events:
  AGE   TYPE      REASON               ATTEMPT   MESSAGE
  60m   Warning   ClusterUnreachable   -         connect ECONNREFUSED 10.0.0.2:6443

Next:
  Within a minute: the Secret of default/new is looked at.`,
    );
  });

  it("shows twenty of those not in sync, and how many more there are", async () => {
    await putCluster(world, "lab", await requestOf(world, "Cluster", "lab", clusterSpec));
    for (let index = 0; index < 27; index++)
      await putMirror(world, "lab", `c${index}`, { synced: synced("False", "QuotaExceeded") });
    const { out } = await world.run("describe cluster lab");
    expect(out.match(/QuotaExceeded/g)).toHaveLength(20);
    expect(out).toContain("\n  and 7 more\n");
  });

  it("says that an edit is not decided on yet", async () => {
    await requestOf(world, "Cluster", "lab", clusterSpec);
    expect(await next()).toContain("certwright decides on what the object says now");
  });

  it.each<[string, Parameters<typeof putCluster>[3], string]>([
    [
      "when one that is down is asked again",
      unreachable,
      "It is tried again at 2026-11-22T12:02:00Z (in 2m), because of ClusterUnreachable; nobody asks it before.",
    ],
    [
      "when one that asked for time is asked again",
      { retryAt: noon + 30_000, lastError: { at: noon, reason: "ClusterBusy", message: "429" } },
      "It is tried again at 2026-11-22T12:00:30Z (in 30s), because of ClusterBusy;",
    ],
    [
      "who is in it right now",
      { lease: { id: "one", until: noon + 60_000 } },
      "A worker is in it right now; should that die, another goes on at 2026-11-22T12:01:00Z (in 60s).",
    ],
    ["when it compares next", {}, "At 2026-11-22T12:30:00Z (in 30m): every mirrored Secret is compared"],
  ])("tells %s", async (_what, more, sentence) => {
    await putCluster(world, "lab", await requestOf(world, "Cluster", "lab", clusterSpec), more);
    expect(await next()).toContain(sentence);
  });

  it("tells that nothing comes next of one that cannot be served", async () => {
    const hash = await requestOf(world, "Cluster", "lab", { auth: {} });
    await putCluster(world, "lab", hash, { ready: ready("False", "InvalidSpec", "spec.auth: ...") });
    const { dueAt: _due, driftCheckAt: _drift, ...idle } = (await world.state.cluster(clusterKey("lab"))) as ClusterRow;
    await world.state.putCluster(idle);
    expect(await next()).toBe(
      "Nothing, until the object changes: it cannot be worked on as it is (see the reason above).",
    );
  });
});
