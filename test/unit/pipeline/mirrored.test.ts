import { describe, expect, it } from "vitest";
import { syncKubernetes } from "../../../core/kubernetes/sync.ts";
import { type FakeKubernetes, fakeKubernetes } from "../../support/fake-kubernetes.ts";
import { goodCluster } from "../../support/good-objects.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const seconds = async (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));
const team = (name: string) => ({ labels: { team: name } });
const sent = (names: string) => ({ annotations: { "certwright.dev/targets": names } });
const secretIn = ({ object }: FakeKubernetes) => object({ kind: "Secret", namespace: "web", name: "www-tls" });

async function withClusters(...names: string[]) {
  const clusters = new Map(names.map((name) => [name, fakeKubernetes({ cluster: name })]));
  const p = await openPipeline({
    syncKubernetes: (deps, order) => syncKubernetes(deps, order, new Date(deps.clock.now().getTime() + 300_000)),
    kubernetes: { kubernetes: async ({ key }) => clusters.get(key.name)?.kubernetes ?? expect.unreachable() },
  });
  await p.issuer();
  for (const [name, cluster] of clusters) {
    cluster.addNamespace("web");
    const { spec: asked } = goodCluster({ selector: { matchLabels: { team: name } }, deletionPolicy: "delete" });
    await p.apply(`_cluster/Cluster/${name}`, asked);
  }
  await seconds(p, 5);
  return {
    p,
    clusters: names.map((name) => clusters.get(name) ?? expect.unreachable()) as [FakeKubernetes, FakeKubernetes],
  };
}

describe("a Certificate in clusters", () => {
  it("comes within seconds of its issuance, and is the one that is stored", async () => {
    const { p, clusters } = await withClusters("eu", "us");
    await p.apply("web/www", spec("www"), team("eu"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 2);
    const stored = await p.secret("web", "www-tls");
    const { "tls.crt": crt = "" } = (secretIn(clusters[0])?.data ?? {}) as Record<string, string>;
    expect(Buffer.from(crt, "base64").toString()).toBe(stored?.["tls.crt"]);
    expect(secretIn(clusters[1])).toBeUndefined();
  });

  it("moves with its labels and its targets, and is not issued anew for it", async () => {
    const { p, clusters } = await withClusters("eu", "us");
    const [eu, us] = clusters;
    const isIn = () => [secretIn(eu) !== undefined, secretIn(us) !== undefined];
    await p.apply("web/www", spec("www"), team("eu"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    for (const [metadata, where] of [
      [team("us"), [false, true]],
      [sent("eu,us"), [true, true]],
      [sent(""), [false, false]],
      [sent("eu"), [true, false]],
    ] as const) {
      await p.apply("web/www", spec("www"), metadata);
      await seconds(p, 5);
      expect(isIn()).toEqual(where);
    }
    expect(p.executions).toHaveLength(1);
    await p.delete("web/www");
    await seconds(p, 5);
    expect(isIn()).toEqual([false, false]);
  });

  it("is found by the resync in a cluster that no event told of", async () => {
    const { p, clusters } = await withClusters("eu", "us");
    await p.apply("web/www", spec("www"), team("us"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 5);
    await p.requests.put({
      key: { namespace: "web", kind: "Certificate", name: "www" },
      apiVersion: "cert-manager.io/v1",
      metadata: team("eu"),
      spec: spec("www"),
    });
    p.resync();
    await seconds(p, 5);
    expect(clusters.map((cluster) => secretIn(cluster) !== undefined)).toEqual([true, false]);
  });
});
