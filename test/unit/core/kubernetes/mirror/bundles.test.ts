import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../../../../../core/kubernetes/port.ts";
import { clusterKey, type MirrorBed, openMirrorBed } from "../../../../support/mirror-bed.ts";
import { makeLeaf } from "../../../../support/mirror-leaf.ts";

const ref = { kind: "ConfigMap" as const, namespace: "web", name: "roots" };
const key = { namespace: "_cluster", kind: "Bundle" as const, name: "roots" };

async function putBundle(bed: MirrorBed, clusters?: string[]): Promise<string> {
  const { certPem } = await makeLeaf({ names: ["ca.example.test"], notBefore: bed.clock.now() });
  const target = { configMap: { key: "ca.crt" } };
  const spec = { sources: [{ inLine: certPem }], target, ...(clusters ? { clusters } : {}) };
  await bed.requests.put({ key, apiVersion: "certwright.dev/v1", spec });
  return certPem.trim();
}

function pemIn(object: KubernetesObject | undefined): string | undefined {
  return (object?.data as Record<string, string> | undefined)?.["ca.crt"]?.trim();
}

describe("a Bundle in a cluster", () => {
  it("is placed where it goes, within the order that brings it", async () => {
    const bed = openMirrorBed();
    const [prod, test] = [await bed.addCluster("prod"), await bed.addCluster("test")];
    const pem = await putBundle(bed, ["prod"]);
    await bed.sync({ key });
    expect(pemIn(prod.object(ref))).toBe(pem);
    expect(test.object(ref)).toBeUndefined();
  });

  it("comes to a Cluster that is new", async () => {
    const bed = openMirrorBed();
    const pem = await putBundle(bed);
    await bed.sync({ key });
    const cluster = await bed.addCluster("prod");
    expect(pemIn(cluster.object(ref))).toBe(pem);
  });

  it("is compared in each drift check", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    const pem = await putBundle(bed);
    await bed.sync({ key });
    cluster.edit(ref, { data: { "ca.crt": "changed" } });
    await bed.sweep(70);
    expect(pemIn(cluster.object(ref))).toBe(pem);
  });

  it("that fails is tried again, and is no failure of the cluster", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    const allow = cluster.deny({ verb: "patch" });
    const pem = await putBundle(bed);
    await bed.sync({ key });
    expect(await bed.row("prod")).toMatchObject({
      ready: { status: "True" },
      lastError: { reason: "KubernetesForbidden" },
    });
    allow();
    await bed.sweep(2);
    expect(pemIn(cluster.object(ref))).toBe(pem);
  });

  it("stays due while its cluster is down", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    cluster.health = "down";
    const pem = await putBundle(bed);
    await bed.sync({ key });
    expect((await bed.state.clusterRows("prod")).bundles[0]?.failures).toBeUndefined();
    cluster.health = "up";
    await bed.sweep(2);
    expect(pemIn(cluster.object(ref))).toBe(pem);
  });

  it.each(["retain", "delete"])("when its Cluster is deleted with the policy %s", async (deletionPolicy) => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { deletionPolicy });
    await putBundle(bed);
    await bed.sync({ key });
    await bed.requests.delete(clusterKey("prod"));
    await bed.sync({ key: clusterKey("prod") });
    expect(cluster.object(ref) === undefined).toBe(deletionPolicy === "delete");
    expect((await bed.state.clusterRows("prod")).bundles).toEqual([]);
    expect((await bed.row("prod"))?.expiresAt).toBeDefined();
  });

  it("goes with it", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await putBundle(bed);
    await bed.sync({ key });
    await bed.requests.delete(key);
    await bed.sync({ key });
    expect(cluster.object(ref)).toBeUndefined();
    expect((await bed.state.clusterRows("prod")).bundles).toEqual([]);
  });
});
