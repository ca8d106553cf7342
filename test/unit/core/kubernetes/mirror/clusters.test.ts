import { describe, expect, it } from "vitest";
import { RefusedError, UnavailableError } from "../../../../../core/errors.ts";
import type { Health } from "../../../../support/fake-kubernetes.ts";
import { clusterKey, issueMany, openMirrorBed } from "../../../../support/mirror-bed.ts";

const key = clusterKey("prod");

describe("a cluster that does not answer", () => {
  const ways: [health: Health, reason: string][] = [
    ["down", "ClusterUnreachable"],
    ["slow", "ClusterUnreachable"],
    ["unauthorized", "CredentialsRejected"],
  ];
  it.each(ways)(
    "%s: says so, keeps its mirrors due, delays no other and catches up at the pace of its budget",
    async (health, reason) => {
      const bed = openMirrorBed();
      const healthy = await bed.addCluster("fine");
      const cluster = await bed.addCluster("prod", { requestsPerSecond: 20 });
      cluster.health = health;
      const ids = await issueMany(bed, 60);
      bed.clock.advance(1_000);
      const told = bed.clock.now().getTime();
      await bed.tell(...ids);
      expect(healthy.objects("Secret")).toHaveLength(60);
      expect(await bed.row("prod")).toMatchObject({
        ready: { status: "False", reason },
        failures: 1,
        retryAt: told + 60_000,
        mirrors: 60,
        inSync: 0,
        lastError: { reason },
      });
      const mirror = await bed.mirror("prod", "web/c7");
      expect(mirror?.failures).toBeUndefined();
      expect(mirror?.dueAt).toBeLessThanOrEqual(bed.clock.now().getTime());
      const [, target] = await bed.state.targetsOf({ namespace: "web", name: "c7" });
      expect(target).toMatchObject({
        cluster: "prod",
        synced: { status: "Unknown", reason },
        nextTryAt: told + 60_000,
      });
      cluster.calls.length = 0;
      await bed.sweep(5);
      cluster.health = "up";
      const from = bed.clock.now().getTime();
      const at: number[] = [];
      cluster.onCall = () => void at.push(bed.clock.now().getTime());
      await bed.sweep(20);
      expect(cluster.objects("Secret")).toHaveLength(60);
      expect(await bed.row("prod")).toMatchObject({ ready: { status: "True", reason: "Ready" }, inSync: 60 });
      for (const begin of at) {
        const inOneSecond = at.filter((one) => one >= begin && one < begin + 1_000).length;
        expect(inOneSecond).toBeLessThanOrEqual(40);
      }
      expect(Math.max(...at.slice(0, 121)) - (at[0] ?? from)).toBeGreaterThanOrEqual(5_000);
      expect(await bed.events("web/c7")).toEqual(["Synced", "Synced"]);
      const events = (await bed.state.events(key, 20)).map((event) => event.reason);
      expect(events).toEqual(["Ready", reason, "Ready"]);
    },
  );

  it("is tried after 1, 2, 5 and then every 10 minutes, by one or two requests", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    cluster.health = "down";
    await bed.tell(...(await issueMany(bed, 50)));
    const from = bed.clock.now().getTime();
    cluster.calls.length = 0;
    const tried = new Map<number, number>();
    cluster.onCall = () => {
      const minute = Math.round((bed.clock.now().getTime() - from) / 60_000);
      tried.set(minute, (tried.get(minute) ?? 0) + 1);
    };
    await bed.sweep(40);
    expect([...tried.keys()]).toEqual([1, 3, 8, 18, 28, 38]);
    expect(Math.max(...tried.values())).toBe(1);
  });

  it("is not tried for a new certificate before its next try", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    cluster.health = "down";
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    cluster.calls.length = 0;
    cluster.health = "up";
    const { dueAt } = (await bed.row("prod")) ?? {};
    await bed.issue({ id: "web/api" });
    await bed.tell("web/api");
    expect(cluster.calls).toEqual([]);
    expect((await bed.row("prod"))?.dueAt).toBe(dueAt);
    await bed.sweep(1);
    expect(cluster.objects("Secret")).toHaveLength(2);
  });

  it("is tried at once when its spec changes", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    cluster.health = "unauthorized";
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    cluster.health = "up";
    await bed.putCluster("prod", { auth: { tokenSecretRef: { name: "new-token" } } });
    await bed.sync({ key });
    expect(cluster.objects("Secret")).toHaveLength(1);
    expect((await bed.row("prod"))?.failures).toBeUndefined();
  });

  it("is one whose storage is away, though it says its version", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    cluster.onCall = ({ verb }) => {
      if (verb === "get")
        throw new UnavailableError({ reason: "ClusterUnreachable", message: "answered 500: etcdserver" });
    };
    await bed.tell(...(await issueMany(bed, 40)));
    expect(await bed.row("prod")).toMatchObject({ ready: { reason: "ClusterUnreachable" }, failures: 1 });
    expect(cluster.calls.length).toBeLessThanOrEqual(20);
  });

  it("is one whose door cannot be opened, too", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    const { kubernetes } = bed.open;
    bed.open.kubernetes = async () => {
      throw new RefusedError({ reason: "CredentialsRejected", message: "no such secret", fix: "store it" });
    };
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    expect(await bed.row("prod")).toMatchObject({ ready: { reason: "CredentialsRejected" }, failures: 1 });
    expect((await bed.row("prod"))?.ready.message).toContain("store it");
    bed.open.kubernetes = kubernetes;
    await bed.sweep(2);
    expect(cluster.objects("Secret")).toHaveLength(1);
  });

  it("stops in the middle without counting it against what was not done", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { requestsPerSecond: 100 });
    let applied = 0;
    cluster.onCall = ({ verb }) => {
      applied += verb === "apply" ? 1 : 0;
      if (applied > 20) cluster.health = "down";
    };
    const ids = await issueMany(bed, 60);
    await bed.tell(...ids);
    expect((await bed.row("prod"))?.inSync).toBe(20);
    const { mirrors } = await bed.state.clusterRows("prod");
    expect(mirrors.filter(({ failures }) => failures !== undefined)).toEqual([]);
    cluster.onCall = undefined;
    cluster.health = "up";
    await bed.sweep(2);
    expect(await bed.row("prod")).toMatchObject({ inSync: 60 });
  });
});

describe("a cluster that is busy", () => {
  it("is waited for when it names a moment", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    cluster.health = "busy";
    cluster.retryAt = new Date(bed.clock.now().getTime() + 2_000);
    cluster.onCall = () => {
      if (bed.clock.now() >= cluster.retryAt) cluster.health = "up";
    };
    await bed.tell("web/www");
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
  });

  it("is left until the instant it names, and is as ready as before", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    cluster.health = "busy";
    cluster.retryAt = new Date(bed.clock.now().getTime() + 150_000);
    await bed.tell("web/www");
    expect(await bed.row("prod")).toMatchObject({ retryAt: cluster.retryAt.getTime(), ready: { status: "True" } });
    expect((await bed.row("prod"))?.failures).toBeUndefined();
    cluster.health = "up";
    cluster.calls.length = 0;
    await bed.sweep(2);
    expect(cluster.calls).toEqual([]);
    await bed.sweep(1);
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
  });
});
