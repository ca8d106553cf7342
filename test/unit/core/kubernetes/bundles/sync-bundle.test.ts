import { beforeEach, describe, expect, it } from "vitest";
import { syncKubernetes } from "../../../../../core/kubernetes/sync.ts";
import { bundleWorld, placedIn } from "../../../../support/bundle-world.ts";
import { type FakeKubernetes, fakeKubernetes } from "../../../../support/fake-kubernetes.ts";
import { bundleKey, clusterKey } from "../../../../support/kubernetes-rows.ts";
import { makeCa } from "../../../../support/trust-certificates.ts";

/** Bundles by the orders of sync-kubernetes, as dispatch, sweep and resync give them. */
const now = new Date("2026-11-22T12:00:00Z");
const [one, two] = await Promise.all([makeCa("CN=One", { now }), makeCa("CN=Two", { now })]);
const key = bundleKey();

let world: ReturnType<typeof bundleWorld>;
let clusters: Map<string, FakeKubernetes>;

beforeEach(async () => {
  world = bundleWorld({ now });
  clusters = new Map();
  world.deps.kubernetes = async ({ key: of }) => {
    const cluster = clusters.get(of.name);
    if (!cluster) throw new Error(`no cluster ${of.name}`);
    return cluster.kubernetes;
  };
  await addCluster("prod-eu");
  await addCluster("prod-us");
});

async function addCluster(name: string): Promise<void> {
  const cluster = fakeKubernetes({ cluster: name });
  cluster.addNamespace("web");
  clusters.set(name, cluster);
  const spec = { server: "https://10.0.0.1:6443", auth: { tokenSecretRef: { name } } };
  await world.requests.put({ key: clusterKey(name), apiVersion: "certwright.dev/v1", spec });
  await sync(clusterKey(name));
}

/** A minute later. */
async function sync(of = key, how = {}): Promise<void> {
  world.time.now = new Date(world.time.now.getTime() + 60_000);
  await syncKubernetes(world.deps, { key: of, ...how }, new Date(world.time.now.getTime() + 60_000));
}

async function write(spec: object): Promise<void> {
  const target = { configMap: { key: "ca.crt" } };
  await world.requests.put({ key, apiVersion: "trust.cert-manager.io/v1alpha1", spec: { target, ...spec } });
  await sync();
}

const held = (cluster: string) =>
  clusters.get(cluster)?.object({ kind: "ConfigMap", namespace: "web", name: "roots" })?.data;

describe("sync-kubernetes for a Bundle", () => {
  it("puts it into all clusters, follows its edits and takes it out when it is deleted", async () => {
    await write({ sources: [{ inLine: one.pem }] });
    expect([held("prod-eu"), held("prod-us")]).toEqual([{ "ca.crt": one.pem }, { "ca.crt": one.pem }]);
    await write({ sources: [{ inLine: two.pem }] });
    expect([held("prod-eu"), held("prod-us")]).toEqual([{ "ca.crt": two.pem }, { "ca.crt": two.pem }]);
    await world.requests.delete(key);
    await sync();
    expect([held("prod-eu"), held("prod-us")]).toEqual([undefined, undefined]);
    expect([await placedIn(world.state), await placedIn(world.state, "prod-us")]).toEqual([undefined, undefined]);
  });

  it("puts it into a cluster that comes later", async () => {
    await write({ sources: [{ inLine: one.pem }] });
    await addCluster("prod-asia");
    expect(held("prod-asia")).toEqual({ "ca.crt": one.pem });
  });

  it("goes on in the clusters that answer, and catches up with the one that was down", async () => {
    const down = clusters.get("prod-eu");
    if (down) down.health = "down";
    await write({ sources: [{ inLine: one.pem }] });
    expect([held("prod-eu"), held("prod-us")]).toEqual([undefined, { "ca.crt": one.pem }]);
    if (down) down.health = "up";
    world.time.now = new Date(now.getTime() + 15 * 60_000);
    await sync(clusterKey("prod-eu"));
    expect(held("prod-eu")).toEqual({ "ca.crt": one.pem });
  });

  it("drops at the drift check what expired meanwhile, and finds a new namespace", async () => {
    const short = await makeCa("CN=Short", { now, until: 0.1 });
    await write({ sources: [{ inLine: one.pem + short.pem }] });
    clusters.get("prod-eu")?.addNamespace("later");
    world.time.now = new Date(now.getTime() + 5 * 3_600_000);
    await sync(clusterKey("prod-eu"));
    expect(held("prod-eu")).toEqual({ "ca.crt": one.pem });
    expect((await placedIn(world.state))?.namespaces).toEqual(["later", "web"]);
    expect((await placedIn(world.state))?.counts?.expired).toBe(1);
  });

  it("changes nothing when it is ordered again", async () => {
    await write({ sources: [{ inLine: one.pem }] });
    const [cluster] = clusters.values();
    if (cluster) cluster.calls.length = 0;
    await sync(key, { replan: true });
    expect(cluster?.calls.filter(({ verb }) => verb === "apply" || verb === "delete")).toEqual([]);
  });
});
