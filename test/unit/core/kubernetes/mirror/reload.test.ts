import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../../../../../core/kubernetes/port.ts";
import { certificateKey, clusterKey, type MirrorBed, openMirrorBed } from "../../../../support/mirror-bed.ts";

const reload = { namespaces: ["web"], annotatedIn: [], maxConcurrent: 1 };
const ref = { kind: "Deployment" as const, namespace: "web", name: "server" };

const deployment: KubernetesObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "server", namespace: "web" },
  spec: { replicas: 1, template: { spec: { volumes: [{ name: "tls", secret: { secretName: "www-tls" } }] } } },
};

async function openWithServer(spec: Record<string, unknown> = { reload }) {
  const bed = openMirrorBed();
  const cluster = await bed.addCluster("prod", spec);
  cluster.create(deployment);
  await bed.issue({ id: "web/www" });
  await bed.tell("web/www");
  bed.clock.advance(60_000);
  return { bed, cluster };
}

async function renew(bed: MirrorBed): Promise<void> {
  await bed.issue({ id: "web/www" });
  await bed.tell("web/www");
}

describe("the workloads of a mirrored Secret", () => {
  it("are left alone by the first certificate, and by a repair", async () => {
    const { bed, cluster } = await openWithServer();
    cluster.edit({ kind: "Secret", namespace: "web", name: "www-tls" }, { data: { "tls.crt": "" } });
    await bed.sweep(70);
    expect(cluster.object(ref)?.metadata.generation).toBe(1);
    expect((await bed.state.clusterRows("prod")).reloads).toEqual([]);
  });

  it("are restarted once for a newer one, and its owner reads how far it is", async () => {
    const { bed, cluster } = await openWithServer();
    await renew(bed);
    expect(cluster.object(ref)?.metadata.generation).toBe(2);
    const reloaded = async () => (await bed.state.targetsOf({ namespace: "web", name: "www" }))[0]?.reloaded?.reason;
    expect(await reloaded()).toBe("Reloading");
    cluster.setStatus(ref, { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 });
    await bed.sweep(2);
    expect(await reloaded()).toBe("Reloaded");
    await bed.sweep(70);
    expect(cluster.object(ref)?.metadata.generation).toBe(2);
    const events = await bed.events("web/www");
    expect(events.filter((reason) => reason.startsWith("Relo"))).toEqual(["Reloaded", "Reloading"]);
  });

  it("are restarted when a Certificate that was made anew writes over what the former one left", async () => {
    const { bed, cluster } = await openWithServer();
    await bed.requests.delete(certificateKey("web/www"));
    await bed.tell("web/www");
    expect((await bed.state.clusterRows("prod")).mirrors).toEqual([]);
    await renew(bed);
    expect(cluster.object(ref)?.metadata.generation).toBe(2);
  });

  it("wait while their cluster does not answer, and say why when they may not be listed", async () => {
    const { bed, cluster } = await openWithServer();
    const allow = cluster.deny({ verb: "list", kind: "Deployment" });
    await renew(bed);
    const [row] = (await bed.state.clusterRows("prod")).reloads;
    expect(row).toMatchObject({ failures: 1, reloaded: { status: "False", reason: "KubernetesForbidden" } });
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
    allow();
    cluster.health = "down";
    await bed.sweep(1);
    expect((await bed.state.clusterRows("prod")).reloads[0]?.failures).toBe(1);
    cluster.health = "up";
    await bed.sweep(2);
    expect(cluster.object(ref)?.metadata.generation).toBe(2);
  });

  it("are left alone without spec.reload, and when that goes in the middle", async () => {
    const without = await openWithServer({});
    await renew(without.bed);
    expect(without.cluster.object(ref)?.metadata.generation).toBe(1);
    const { bed } = await openWithServer();
    await renew(bed);
    await bed.putCluster("prod");
    await bed.sync({ key: clusterKey("prod") });
    await bed.sweep(5);
    expect((await bed.state.clusterRows("prod")).reloads).toEqual([]);
    expect((await bed.state.targetsOf({ namespace: "web", name: "www" }))[0]?.reloaded).toBeUndefined();
  });
});
