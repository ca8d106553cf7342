import { describe, expect, it } from "vitest";
import { UnavailableError } from "../../../../../core/errors.ts";
import { takeLease } from "../../../../../core/kubernetes/lease.ts";
import { clusterKey, openMirrorBed, textIn } from "../../../../support/mirror-bed.ts";

const key = clusterKey("prod");

describe("the lease of a cluster", () => {
  it("lets one of many workers talk to it, and nothing is left undone", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { requestsPerSecond: 200 });
    const ids = Array.from({ length: 40 }, (_, index) => `web/c${index}`);
    for (const id of ids) await bed.issue({ id });
    let inside = 0;
    let most = 0;
    const { kubernetes } = cluster;
    bed.open.kubernetes = async () => {
      most = Math.max(most, ++inside);
      return kubernetes;
    };
    const release = bed.state.putCluster;
    bed.state.putCluster = async (row) => {
      const saved = await release(row);
      if (saved === "saved" && !row.lease) inside = 0;
      return saved;
    };
    await bed.clock.run(() => Promise.all(ids.map((id) => bed.tell(id))));
    expect(most).toBe(1);
    expect(cluster.objects("Secret")).toHaveLength(40);
    expect((await bed.row("prod"))?.lease).toBeUndefined();
    expect(await bed.row("prod")).toMatchObject({ inSync: 40 });
  });

  it("is kept from others until it ends, and then taken", async () => {
    const bed = openMirrorBed();
    await bed.addCluster("prod");
    await bed.state.wakeCluster("prod", bed.clock.now());
    const now = bed.clock.now().getTime();
    const first = await takeLease(bed.deps, "prod", { id: "one", until: now + 300_000 });
    expect(first).toMatchObject({ row: { lease: { id: "one" }, dueAt: now + 300_000 } });
    expect(await takeLease(bed.deps, "prod", { id: "two", until: now + 300_000 })).toEqual({ refused: "held" });
    expect(await takeLease(bed.deps, "prod", { id: "one", until: now + 300_000 })).toMatchObject({ row: {} });
    bed.clock.advance(300_000);
    expect(await takeLease(bed.deps, "prod", { id: "two", until: now + 600_000 })).toMatchObject({
      row: { lease: { id: "two" } },
    });
  });

  const refusals: [why: string, change: object][] = [
    ["idle", { dueAt: 8e15 }],
    ["idle", { dueAt: undefined }],
    ["resting", { retryAt: 8e14 }],
    ["gone", { expiresAt: 1 }],
    ["idle", { spec: undefined }],
  ];
  it.each(refusals)("is not taken: %s", async (refused, change) => {
    const bed = openMirrorBed();
    await bed.addCluster("prod");
    await bed.state.wakeCluster("prod", bed.clock.now());
    const row = await bed.row("prod");
    if (row) await bed.state.putCluster({ ...row, ...change } as typeof row);
    expect(await takeLease(bed.deps, "prod", { id: "one", until: 8e15 })).toEqual({ refused });
    expect(await takeLease(bed.deps, "none", { id: "one", until: 8e15 })).toEqual({ refused: "gone" });
  });
});

describe("State that fails", () => {
  const away = () => Promise.reject(new UnavailableError({ reason: "StateAway", message: "DynamoDB is away" }));

  it("for the Cluster's row ends the run; the lease is given back at once", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    const { putCluster } = bed.state;
    let puts = 0;
    bed.state.putCluster = (row) => (++puts === 2 ? away() : putCluster(row));
    await expect(bed.tell("web/www")).rejects.toThrow("away");
    expect((await bed.row("prod"))?.lease).toBeUndefined();
    await bed.sweep(1);
    expect(cluster.objects("Secret")).toHaveLength(1);
    expect(await bed.row("prod")).toMatchObject({ inSync: 1 });
  });

  it("for one mirror leaves that one due, and no other", async () => {
    const bed = openMirrorBed();
    await bed.addCluster("prod");
    for (const id of ["web/a", "web/b", "web/c"]) await bed.issue({ id });
    const { putMirror } = bed.state;
    bed.state.putMirror = (row) => (row.certificate.name === "b" ? away() : putMirror(row));
    await bed.tell("web/a", "web/b", "web/c");
    const row = await bed.row("prod");
    expect(row).toMatchObject({ inSync: 2, mirrors: 3, lastError: { reason: "StateAway" } });
    expect(row?.dueAt).toBeLessThanOrEqual(bed.clock.now().getTime());
    bed.state.putMirror = putMirror;
    await bed.sweep(1);
    expect(await bed.row("prod")).toMatchObject({ inSync: 3 });
  });
});

describe("who is woken while he is looked at", () => {
  it("is looked at again before the worker ends", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    let newer: Awaited<ReturnType<typeof bed.issue>> | undefined;
    cluster.onCall = async ({ verb }) => {
      if (verb !== "apply" || newer) return;
      newer = await bed.issue({ id: "web/www" });
      await bed.state.wakeMirror("prod", { namespace: "web", name: "www" }, bed.clock.now());
      await bed.state.wakeCluster("prod", bed.clock.now());
    };
    const report = await bed.tell("web/www");
    expect(textIn(bed.secret("prod", "web/www-tls"), "tls.crt")).toBe(newer?.certPem);
    expect(report.clusters).toMatchObject([{ did: "worked", wrote: 2 }]);
  });

  it("is looked at again when only the mirror was woken so far, and its cluster a moment later", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    let newer: Awaited<ReturnType<typeof bed.issue>> | undefined;
    cluster.onCall = async ({ verb }) => {
      if (verb !== "apply" || newer) return;
      newer = await bed.issue({ id: "web/www" });
      await bed.state.wakeMirror("prod", { namespace: "web", name: "www" }, bed.clock.now());
    };
    await bed.tell("web/www");
    await bed.sweep(1);
    expect(textIn(bed.secret("prod", "web/www-tls"), "tls.crt")).toBe(newer?.certPem);
  });

  it("works on with the new spec when that changes meanwhile", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", {}, ["web", "front"]);
    await bed.issue({ id: "web/www" });
    let opened = 0;
    bed.open.kubernetes = async () => {
      opened += 1;
      return cluster.kubernetes;
    };
    let done = false;
    cluster.onCall = async ({ verb }) => {
      if (verb !== "apply" || done) return;
      done = true;
      await bed.putCluster("prod", { namespaceMap: { web: "front" } });
      const { planCluster } = await import("../../../../../core/kubernetes/plan-cluster.ts");
      await planCluster(bed.deps, key, false);
    };
    await bed.tell("web/www");
    expect(cluster.objects("Secret").map(({ metadata }) => metadata.namespace)).toEqual(["front", "web"]);
    expect(await bed.row("prod")).toMatchObject({ generation: 2, ready: { status: "True" } });
    expect(opened).toBe(2);
    expect((await bed.mirror("prod", "web/www"))?.written).toMatchObject({ namespace: "front" });
  });
});

describe("the end of a run", () => {
  it("comes before Lambda's, and the sweep goes on", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { requestsPerSecond: 2 });
    const ids = Array.from({ length: 200 }, (_, index) => `web/c${index}`);
    for (const id of ids) await bed.issue({ id });
    const deadline = bed.clock.now().getTime() + 60_000;
    let last = 0;
    cluster.onCall = () => {
      last = bed.clock.now().getTime();
    };
    await bed.sync({ certificates: ids.map((id) => ({ namespace: "web", name: id.slice(4) })) }, { seconds: 60 });
    expect(last).toBeLessThanOrEqual(deadline - 18_000);
    const row = await bed.row("prod");
    expect(row?.lease).toBeUndefined();
    expect(row?.dueAt).toBeLessThanOrEqual(deadline);
    await bed.sweep(3);
    expect(await bed.row("prod")).toMatchObject({ inSync: 200 });
    const { mirrors } = await bed.state.clusterRows("prod");
    expect(mirrors.filter(({ failures }) => failures)).toEqual([]);
  });

  it("tells how long a certificate took, from the order or from the first failure", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", {}, []);
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    await bed.sweep(1);
    cluster.addNamespace("web");
    await bed.sweep(2);
    expect((await bed.row("prod"))?.lagMs).toBe(180_000);
  });
});
