import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../../../../../core/kubernetes/port.ts";
import { certificateKey, clusterKey, openMirrorBed, secretRef, textIn } from "../../../../support/mirror-bed.ts";
import { makeLeaf } from "../../../../support/mirror-leaf.ts";
import { type Death, mortal } from "../../../../support/mortal.ts";

const order = { certificates: ["www", "old", "moved", "new"].map((name) => ({ namespace: "web", name })) };
const spec = {
  deletionPolicy: "delete",
  reload: { namespaces: ["web"], annotatedIn: [], maxConcurrent: 1 },
};

const noon = new Date("2026-11-22T12:00:00Z");

const deployment: KubernetesObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "server", namespace: "web" },
  spec: {
    replicas: 1,
    template: { spec: { volumes: [{ name: "tls", secret: { secretName: "www-tls" } }] } },
  },
};

/** A renewal, a deletion, a move and a first certificate are on their way. */
const leaves = new Map<string, ReturnType<typeof makeLeaf>>();

/** Made once: there are a hundred beds. */
function leafOf(name: string, minutes: number): ReturnType<typeof makeLeaf> {
  const notBefore = new Date(noon.getTime() + minutes * 60_000);
  const leaf = leaves.get(`${name}${minutes}`) ?? makeLeaf({ names: [`${name}.example.test`], notBefore });
  leaves.set(`${name}${minutes}`, leaf);
  return leaf;
}

async function openBed() {
  const bed = openMirrorBed({ start: noon });
  const cluster = await bed.addCluster("prod", spec);
  cluster.create(deployment);
  for (const name of ["www", "old", "moved"]) await bed.issue({ id: `web/${name}`, leaf: await leafOf(name, 0) });
  await bed.tell("web/www", "web/old", "web/moved");
  bed.clock.advance(60_000);
  const leaf = await bed.issue({ id: "web/www", leaf: await leafOf("www", 1) });
  await bed.requests.delete(certificateKey("web/old"));
  await bed.issue({ id: "web/moved", secretName: "moved-2", leaf: await leafOf("moved", 1) });
  await bed.issue({ id: "web/new", leaf: await leafOf("new", 1) });
  cluster.calls.length = 0;
  return { bed, cluster, leaf };
}

async function callsOfWhole(): Promise<number> {
  const { bed } = await openBed();
  const { deps, calls } = mortal(bed.deps);
  await bed.sync(order, { own: deps });
  return calls();
}

/** Dies once, is invoked again as Lambda does it, and is swept for some minutes. */
async function diesAndRecovers(death: Death) {
  const { bed, cluster, leaf } = await openBed();
  const { deps, isDead } = mortal(bed.deps, death);
  await bed.sync(order, { own: deps }).catch(() => undefined);
  expect(isDead()).toBe(true);
  bed.clock.advance(60_000);
  await bed.sync(order);
  await bed.sweep(20);
  return { bed, cluster, leaf };
}

const slow = { timeout: 60_000 };

describe("a worker that dies at any of its calls", () => {
  it("is followed by one that ends all of it, and does nothing twice", slow, async () => {
    const calls = await callsOfWhole();
    expect(calls).toBeGreaterThan(40);
    for (let call = 1; call <= calls; call += 1) {
      for (const when of ["before", "after"] as const) {
        const at = `${when} call ${call}`;
        const { bed, cluster, leaf } = await diesAndRecovers({ call, when });
        const names = cluster.objects("Secret").map(({ metadata }) => metadata.name);
        expect(names, at).toEqual(["moved-2", "new-tls", "www-tls"]);
        expect(textIn(cluster.object(secretRef("web/www-tls")), "tls.crt"), at).toBe(leaf.certPem);
        const { mirrors, reloads } = await bed.state.clusterRows("prod");
        expect(mirrors.map(({ certificate }) => certificate.name).sort(), at).toEqual(["moved", "new", "www"]);
        expect(
          reloads.map(({ certificate, revision }) => [certificate.name, revision]),
          at,
        ).toEqual([["www", 2]]);
        expect(cluster.objects("Deployment")[0]?.metadata.generation, at).toBe(2);
        expect(await bed.row("prod"), at).toMatchObject({ inSync: 3, mirrors: 3, ready: { status: "True" } });
        expect((await bed.row("prod"))?.lease, at).toBeUndefined();
        expect(await bed.synced("prod", "web/old"), at).toBeUndefined();
        expect(await bed.synced("prod", "web/www"), at).toBe("Synced");
        const applied = cluster.calls.filter(({ verb }) => verb === "apply");
        expect(applied.length, at).toBeLessThanOrEqual(4);
      }
    }
  });

  it("also while it plans a new Cluster", slow, async () => {
    const dead = async (death?: Death) => {
      const bed = openMirrorBed();
      const cluster = bed.cluster("prod");
      cluster.addNamespace("web");
      for (const name of ["a", "b", "c"]) await bed.issue({ id: `web/${name}` });
      await bed.putCluster("prod");
      const lambda = mortal(bed.deps, death);
      await bed.sync({ key: clusterKey("prod") }, { own: lambda.deps }).catch(() => undefined);
      return { bed, cluster, lambda };
    };
    const calls = (await dead()).lambda.calls();
    for (let call = 1; call <= calls; call += 1) {
      const { bed, cluster } = await dead({ call, when: "after" });
      if (!(await bed.row("prod"))) await bed.sync({ key: clusterKey("prod") });
      await bed.sweep(10);
      expect(cluster.objects("Secret"), `after call ${call}`).toHaveLength(3);
      expect(await bed.row("prod"), `after call ${call}`).toMatchObject({ inSync: 3, ready: { status: "True" } });
      expect((await bed.row("prod"))?.unplanned, `after call ${call}`).toBeUndefined();
    }
  });
});
