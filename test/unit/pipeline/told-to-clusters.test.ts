import { describe, expect, it } from "vitest";
import { UnavailableError } from "../../../core/errors.ts";
import type { ResourceKey } from "../../../core/resource.ts";
import { resync } from "../../../core/resync.ts";
import { specHash } from "../../../core/spec-hash.ts";
import { goodBundle, goodCluster } from "../../support/good-objects.ts";
import { bundleKey, clusterKey, newBundle, newCluster } from "../../support/kubernetes-rows.ts";
import { openPipeline, type Pipeline, type PipelineOptions } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const seconds = async (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));
const labels = (team: string) => ({ labels: { team } });
const sent = (names: string) => ({ annotations: { "certwright.dev/targets": names } });
const of = (...names: string[]) => ({ certificates: names.map((name) => ({ namespace: "web", name })) });

async function issued(names: string[], options: PipelineOptions = {}) {
  const p = await openPipeline(options);
  await p.issuer();
  for (const name of names) await p.apply(`web/${name}`, spec(name));
  await p.time.runUntilTrue(async () =>
    (await Promise.all(names.map((name) => p.ready(`web/${name}`)))).every(Boolean),
  );
  await seconds(p, 5);
  return p;
}

/** Writes without an event. */
function write(p: Pipeline, key: ResourceKey, { apiVersion, spec: asked }: { apiVersion: unknown; spec: unknown }) {
  return p.requests.put({ key, apiVersion: String(apiVersion), spec: asked });
}

describe("dispatch", () => {
  it("hands Clusters and Bundles to sync-kubernetes, new, edited and deleted", async () => {
    const p = await openPipeline();
    await p.apply("_cluster/Cluster/prod-eu", goodCluster().spec);
    await p.apply("_cluster/Bundle/roots", goodBundle().spec);
    await seconds(p, 1);
    await p.delete("_cluster/Cluster/prod-eu");
    await seconds(p, 1);
    expect(p.syncs).toEqual([{ key: clusterKey() }, { key: bundleKey() }, { key: clusterKey() }]);
  });

  it("tells of edited Certificates once they are issued, and issues none anew for it", async () => {
    const p = await issued(["www"]);
    expect(p.syncs).toEqual([]);
    await p.apply("web/www", spec("www"), labels("web"));
    await seconds(p, 1);
    expect(p.syncs).toEqual([of("www")]);
    await p.apply("web/www", spec("www"), sent("prod-eu"));
    await seconds(p, 1);
    await p.apply("web/www", spec("www"), sent(""));
    await seconds(p, 1);
    expect(p.syncs).toEqual([of("www"), of("www"), of("www")]);
    await seconds(p, 3_600);
    expect(p.executions).toHaveLength(1);
    expect(await p.row("web/www")).toMatchObject({ revision: 1, generation: 4, ready: { status: "True" } });
  });

  it("tells before it writes what was decided, so that a death in between loses nothing", async () => {
    const p = await issued(["www"]);
    const { putCertificate } = p.deps.state;
    p.deps.state.putCertificate = () => {
      throw new UnavailableError({ reason: "StateUnavailable", message: "gone in between" });
    };
    await p.apply("web/www", spec("www"), labels("web"));
    await p.time.runUntil(p.time.now());
    expect(p.syncs).toEqual([of("www")]);
    p.deps.state.putCertificate = putCertificate;
    p.dispatch("web/www");
    await seconds(p, 1);
    expect(p.syncs).toEqual([of("www"), of("www")]);
    expect((await p.row("web/www"))?.generation).toBe(2);
  });

  it("tells of all that one dispatch decided on in one call", async () => {
    const p = await issued(["a", "b", "c"]);
    for (const name of ["a", "b"]) {
      await p.requests.put({
        key: { namespace: "web", kind: "Certificate", name },
        apiVersion: "cert-manager.io/v1",
        metadata: labels("web"),
        spec: spec(name),
      });
    }
    p.dispatch("web/a", "web/b", "web/c", "web/a");
    await seconds(p, 1);
    expect(p.syncs).toEqual([of("a", "b")]);
  });

  it("tells of one whose edit makes a new certificate, or is refused", async () => {
    const p = await issued(["a", "b"]);
    await p.apply("web/a", spec("a", { dnsNames: ["a2.example.test"] }));
    await p.apply("web/b", spec("b", { dnsNames: ["not a name"] }));
    await seconds(p, 1);
    expect(p.syncs).toHaveLength(2);
    expect(p.syncs).toEqual(expect.arrayContaining([of("a"), of("b")]));
  });

  it("says nothing of what was never issued, is renewed, delivered again or deleted", async () => {
    const p = await issued(["www"]);
    await p.apply("web/new", spec("new", { issuerRef: { name: "none" } }));
    await p.apply("web/new", spec("new", { issuerRef: { name: "none" } }), labels("web"));
    p.dispatch("web/www");
    await p.apply("web/www", spec("www"), {
      annotations: { "certwright.dev/renew-requested-at": p.time.now().toISOString() },
    });
    await seconds(p, 60);
    expect((await p.row("web/www"))?.revision).toBe(2);
    await p.delete("web/www");
    await seconds(p, 60);
    expect(p.syncs).toEqual([]);
  });

  it("tells of an edit during an attempt at once, and again when it is decided on", async () => {
    const p = await issued(["www"]);
    const renew = { annotations: { "certwright.dev/renew-requested-at": p.time.now().toISOString() } };
    await p.apply("web/www", spec("www"), renew);
    await p.time.runUntilTrue(() => p.executions.length === 2);
    await p.apply("web/www", spec("www"), { ...renew, ...labels("web") });
    p.dispatch("web/www");
    await p.time.runUntil(p.time.now());
    expect(new Set(p.syncs.map((sync) => JSON.stringify(sync)))).toEqual(new Set([JSON.stringify(of("www"))]));
    const before = p.syncs.length;
    await seconds(p, 300);
    expect(p.syncs.slice(before)).toEqual([of("www")]);
    expect(await p.ready("web/www")).toBe(true);
  });

  it("goes on when sync-kubernetes cannot be called", async () => {
    const p = await issued(["www"]);
    p.deps.starter.syncKubernetes = () => {
      throw new UnavailableError({ reason: "Throttled", message: "lambda:InvokeFunction: slow down" });
    };
    await p.apply("web/www", spec("www"), labels("web"));
    await seconds(p, 1);
    expect((await p.row("web/www"))?.generation).toBe(2);
    expect(p.logs).toMatchObject([{ event: "sync-not-started", certificates: 1, errorClass: "UnavailableError" }]);
  });
});

describe("sweep", () => {
  it("hands over the Clusters and Bundles that are due, and only those", async () => {
    const p = await openPipeline({ sweepSeconds: 0 });
    const now = p.time.now().getTime();
    await p.state.putCluster(newCluster({ dueAt: now }));
    await p.state.putCluster(newCluster({ key: clusterKey("later"), dueAt: now + 1_000 }));
    await p.state.putCluster(newCluster({ key: clusterKey("idle") }));
    await p.state.putBundle(newBundle({ dueAt: now - 1 }));
    p.sweep();
    await seconds(p, 0);
    expect(p.syncs).toEqual([{ key: bundleKey() }, { key: clusterKey() }]);
  });
});

describe("resync", () => {
  it("has every Cluster and Bundle compared with all Certificates, and finds what no event told of them", async () => {
    const p = await openPipeline({ sweepSeconds: 0 });
    const good = goodCluster();
    const known = { specHash: specHash(good), generation: 1 };
    for (const name of ["same", "edited", "deleted", "deleting"]) {
      await p.state.putCluster(newCluster({ key: clusterKey(name), ...known }));
    }
    await p.state.putCluster(
      newCluster({ key: clusterKey("buried"), ...known, deletedAt: 1, expiresAt: 1_900_000_000 }),
    );
    await p.state.putBundle(newBundle({ key: bundleKey("gone"), deletedAt: 1 }));
    await write(p, clusterKey("same"), good);
    await write(p, clusterKey("deleting"), good);
    await write(p, clusterKey("edited"), goodCluster({ mode: "report" }));
    await write(p, bundleKey("new"), goodBundle());
    await p.state.putCluster(newCluster({ key: clusterKey("deleting"), ...known, version: 1, deletedAt: 1 }));
    p.resync();
    await seconds(p, 1);
    const told = p.syncs.map((order) => ("key" in order ? `${order.key.name}${order.replan ? " replan" : ""}` : "?"));
    // "gone" was seen to be deleted, and is only leaving.
    const decided = ["deleted", "deleting", "edited", "new"];
    const replanned = ["deleted", "deleting", "edited", "gone", "same"];
    expect(told.sort()).toEqual([...decided, ...replanned.map((name) => `${name} replan`)].sort());
  });

  it("reports what it did", async () => {
    const p = await openPipeline({ sweepSeconds: 0 });
    await p.state.putCluster(newCluster({ specHash: specHash(goodCluster()) }));
    await write(p, clusterKey(), goodCluster());
    await write(p, bundleKey(), goodBundle());
    expect(await resync(p.deps)).toEqual({ scanned: 2, sent: 1, unknown: 0, replanned: 1 });
  });
});
