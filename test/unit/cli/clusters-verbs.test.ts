import { beforeEach, describe, expect, it } from "vitest";
import { clusterKey, clusterSpec, putCluster, requestOf, unreachable } from "./kubernetes-objects.ts";
import { makeWorld, noon, type World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

describe("the other verbs, for a Cluster", () => {
  it("apply validates it", async () => {
    const yaml =
      "apiVersion: certwright.dev/v1\nkind: Cluster\nmetadata:\n  name: lab\nspec:\n  server: http://x\n  auth: {}\n";
    const refused = await world.run("apply -f -", { stdin: yaml });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("stdin:6: cluster/lab: spec.server:");
    expect(refused.err).toContain("stdin:7: cluster/lab: spec.auth:");
    const good = yaml.replace("http://x", "https://x").replace("{}", "{tokenSecretRef: {name: t}}");
    expect((await world.run("apply -f -", { stdin: good })).out).toBe("cluster/lab created");
    expect((await world.run("apply -f - -n web", { stdin: good })).out).toBe("cluster/lab unchanged");
    expect(await world.requests.get(clusterKey("lab"))).toBeDefined();
  });

  it("apply tells which apiVersion a Cluster has", async () => {
    const { err } = await world.run("apply -f -", { stdin: "kind: Cluster\nmetadata: {name: lab}\nspec: {}\n" });
    expect(err).toContain("write apiVersion: certwright.dev/v1");
  });

  it("wait shows how many secrets are in sync until it is Ready", async () => {
    const hash = await requestOf(world, "Cluster", "lab", clusterSpec);
    world.meanwhile.push(() => putCluster(world, "lab", hash, { ...unreachable, dueAt: noon }));
    world.meanwhile.push(() => putCluster(world, "lab", hash));
    const ran = await world.run("wait cluster/lab");
    expect(ran).toMatchObject({ code: 0, out: "cluster/lab condition met" });
    expect(ran.err.split("\n").map((line) => line.trim())).toEqual([
      "0.0s  cluster/lab  Pending",
      "0.5s  cluster/lab  ClusterUnreachable, 1/2 secrets in sync",
    ]);
  });

  it("wait tells why it is not Ready when the time is over", async () => {
    await putCluster(world, "lab", await requestOf(world, "Cluster", "lab", clusterSpec), unreachable);
    const { code, err } = await world.run("wait cluster/lab --timeout=1s");
    expect(code).toBe(1);
    expect(err).toContain("Ready is False: ClusterUnreachable: connect ECONNREFUSED 10.0.0.2:6443");
  });

  it("wait --for=delete waits until its mirrored Secrets are gone", async () => {
    await putCluster(world, "lab", "hash", { deletedAt: noon });
    world.meanwhile.push(() => putCluster(world, "lab", "hash", { deletedAt: noon, expiresAt: noon / 1000 + 60 }));
    const ran = await world.run("wait cluster/lab --for=delete");
    expect(ran).toMatchObject({ code: 0, out: "cluster/lab deleted" });
    expect(ran.err).toContain("being forgotten");
  });

  it.each([
    [{}, "cluster/lab deleted; its mirrored Secrets stay there"],
    [{ deletionPolicy: "delete" }, "cluster/lab deleted; its mirrored Secrets are deleted there"],
  ])("delete says what becomes of its Secrets: %j", async (policy, said) => {
    await putCluster(world, "lab", await requestOf(world, "Cluster", "lab", { ...clusterSpec, ...policy }));
    expect((await world.run("delete cluster lab")).out).toBe(said);
    expect(await world.requests.get(clusterKey("lab"))).toBeUndefined();
  });

  it.each(["cluster/lab", "bundle/company"])("renew refuses %s plainly", async (name) => {
    const ran = await world.run(`renew ${name}`);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain(`only Certificates are renewed, not ${name}`);
  });

  it.each(["cluster", "clusters", "Cluster", "clusters.certwright.dev", "cluster.v1.certwright.dev"])(
    "%s is a Cluster",
    async (word) => {
      await requestOf(world, "Cluster", "lab", clusterSpec);
      expect(JSON.parse((await world.run(`get ${word} lab -o json`)).out)).toMatchObject({ kind: "Cluster" });
    },
  );

  it("a Cluster of another group is none", async () => {
    const { code, err } = await world.run("get clusters.cert-manager.io");
    expect(code).toBe(2);
    expect(err).toContain("it is one of certificate, certificaterequest, issuer, clusterissuer, cluster, bundle");
  });
});
