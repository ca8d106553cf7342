import { describe, expect, it } from "vitest";
import { certificateKey, clusterKey, issueMany, openMirrorBed, textIn } from "../../../../support/mirror-bed.ts";

const key = clusterKey("prod");

describe("a Cluster's spec", () => {
  it("that is new brings what was issued before", async () => {
    const bed = openMirrorBed();
    await issueMany(bed, 30);
    await bed.issue({ id: "api/www" });
    const cluster = await bed.addCluster("prod", { selector: { namespaces: ["web"] } });
    expect(cluster.objects("Secret")).toHaveLength(30);
    expect(await bed.row("prod")).toMatchObject({
      inSync: 30,
      mirrors: 30,
      kubernetesVersion: "v1.36.3",
      generation: 1,
    });
    expect((await bed.row("prod"))?.unplanned).toBeUndefined();
  });

  it("that is faulty is told; the one before stays in force", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.putCluster("prod", { requestsPerSecond: 0 });
    await bed.sync({ key });
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    expect(cluster.objects("Secret")).toHaveLength(1);
    const row = await bed.row("prod");
    expect(row).toMatchObject({ generation: 2, ready: { status: "False", reason: "InvalidConfig" } });
    expect(row?.ready.message).toContain("spec.requestsPerSecond");
    await bed.putCluster("prod", { requestsPerSecond: 10 });
    await bed.sync({ key });
    expect(await bed.row("prod")).toMatchObject({ generation: 3, ready: { status: "True", reason: "Ready" } });
  });

  it("that was faulty from the start waits for its correction", async () => {
    const bed = openMirrorBed();
    await bed.issue({ id: "web/www" });
    const cluster = await bed.addCluster("prod", { mode: "fight" });
    expect(await bed.row("prod")).toMatchObject({ ready: { reason: "InvalidConfig" } });
    await bed.putCluster("prod");
    await bed.sync({ key });
    expect(cluster.objects("Secret")).toHaveLength(1);
  });

  const retries: [title: string, spec: Record<string, unknown>][] = [
    ["another namespace", { namespaceMap: { web: "front" } }],
    ["no change of the place", { driftCheckInterval: "30m" }],
  ];
  it.each(retries)("that changes makes what failed due at once: %s", async (_title, spec) => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", {}, ["front"]);
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    expect(await bed.synced("prod", "web/www")).toBe("NamespaceNotFound");
    if (!spec.namespaceMap) cluster.addNamespace("web");
    await bed.putCluster("prod", spec);
    await bed.sync({ key });
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
  });

  it("that selects less retires the rest; one that names another apiserver writes all anew, in mode report too", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { deletionPolicy: "delete", mode: "report" }, ["web", "api"]);
    await bed.issue({ id: "web/www" });
    await bed.issue({ id: "api/www" });
    await bed.tell("web/www", "api/www");
    await bed.putCluster("prod", { deletionPolicy: "delete", mode: "report", selector: { namespaces: ["web"] } });
    await bed.sync({ key });
    expect(cluster.objects("Secret").map(({ metadata }) => metadata.namespace)).toEqual(["web"]);
    const next = bed.cluster("next");
    next.addNamespace("web");
    bed.open.kubernetes = async () => next.kubernetes;
    await bed.putCluster("prod", { server: "https://next.k8s.test", mode: "report" });
    await bed.sync({ key });
    expect(next.objects("Secret")).toHaveLength(1);
  });
});

describe("resync", () => {
  it("brings what was lost, and only that", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { deletionPolicy: "delete" });
    const ids = await issueMany(bed, 20);
    await bed.tell(...ids.slice(0, 18));
    bed.clock.advance(60_000);
    const renewed = await bed.issue({ id: "web/c3" });
    await bed.requests.delete(certificateKey("web/c4"));
    cluster.calls.length = 0;
    await bed.sync({ key, replan: true });
    expect(textIn(bed.secret("prod", "web/c3-tls"), "tls.crt")).toBe(renewed.certPem);
    expect(cluster.objects("Secret")).toHaveLength(19);
    expect(cluster.calls.filter(({ verb }) => verb === "get")).toHaveLength(4);
    await bed.issue({ id: "api/www" });
    await bed.tell("api/www");
    expect(await bed.synced("prod", "api/www")).toBe("NamespaceNotFound");
    cluster.calls.length = 0;
    await bed.sync({ key, replan: true });
    expect(cluster.calls).toEqual([]);
  });
});

describe("a Cluster that is deleted", () => {
  it("retain: leaves its Secrets and is not asked anything", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.tell(...(await issueMany(bed, 5)));
    cluster.calls.length = 0;
    cluster.health = "down";
    await bed.requests.delete(key);
    await bed.sync({ key });
    expect(cluster.calls).toEqual([]);
    expect(cluster.objects("Secret")).toHaveLength(5);
    expect(await bed.state.clusterRows("prod")).toEqual({ mirrors: [], reloads: [], bundles: [] });
    expect(await bed.row("prod")).toMatchObject({ ready: { reason: "Deleted" }, expiresAt: expect.any(Number) });
    expect(await bed.synced("prod", "web/c1")).toBeUndefined();
    expect(await bed.state.due(new Date(8e15), 10)).toEqual([]);
  });

  it("delete: its Secrets go first, also when it was down meanwhile", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { deletionPolicy: "delete" });
    await bed.tell(...(await issueMany(bed, 5)));
    cluster.health = "down";
    await bed.requests.delete(key);
    await bed.sync({ key });
    expect((await bed.row("prod"))?.expiresAt).toBeUndefined();
    cluster.health = "up";
    await bed.sweep(2);
    expect(cluster.objects("Secret")).toEqual([]);
    expect((await bed.row("prod"))?.expiresAt).toBeDefined();
  });

  it("delete: what failed and waits for its next try goes at once, too", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { deletionPolicy: "delete" });
    await bed.tell(...(await issueMany(bed, 3)));
    bed.clock.advance(60_000);
    await bed.issue({ id: "web/c1" });
    const allow = cluster.deny({ verb: "patch" });
    await bed.tell("web/c1");
    expect(await bed.synced("prod", "web/c1")).toBe("KubernetesForbidden");
    allow();
    await bed.requests.delete(key);
    await bed.sync({ key });
    expect(cluster.objects("Secret")).toEqual([]);
    expect((await bed.row("prod"))?.expiresAt).toBeDefined();
  });

  it("delete: is given up after a day when nobody answers, or one Secret may not be deleted", async () => {
    for (const cause of ["down", "forbidden"]) {
      const bed = openMirrorBed();
      const cluster = await bed.addCluster("prod", { deletionPolicy: "delete" });
      await bed.tell(...(await issueMany(bed, 5)));
      if (cause === "down") cluster.health = "down";
      else cluster.deny({ verb: "delete", name: "c3-tls" });
      await bed.requests.delete(key);
      await bed.sync({ key });
      await bed.sweep(23 * 60);
      expect((await bed.row("prod"))?.expiresAt).toBeUndefined();
      await bed.sweep(90);
      expect((await bed.row("prod"))?.expiresAt).toBeDefined();
      expect(cluster.objects("Secret")).toHaveLength(cause === "down" ? 5 : 1);
      expect((await bed.state.clusterRows("prod")).mirrors).toEqual([]);
    }
  });

  it("may come back", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    await bed.requests.delete(key);
    await bed.sync({ key });
    await bed.putCluster("prod");
    await bed.sync({ key });
    expect(await bed.row("prod")).toMatchObject({ ready: { status: "True" }, inSync: 1, generation: 2 });
    expect(cluster.calls.filter(({ verb }) => verb === "apply")).toHaveLength(1);
  });
});
