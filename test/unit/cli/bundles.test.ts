import { beforeEach, describe, expect, it } from "vitest";
import { bundleKey, bundleSpec, clusterSpec, putBundle, putCluster, requestOf, synced } from "./kubernetes-objects.ts";
import { hourMs, makeWorld, noon, type World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

describe("get bundles", () => {
  it("shows where they go, and how they are", async () => {
    const clusters = ["lab", "shop", "a", "b", "c"];
    await putBundle(world, "all", await requestOf(world, "Bundle", "all", bundleSpec));
    await putBundle(world, "some", await requestOf(world, "Bundle", "some", { ...bundleSpec, clusters }));
    expect((await world.run("get bundles")).out).toBe(
      `NAME   READY   CLUSTERS        STATUS   AGE
all    True    <all>           Ready    60m
some   True    lab,shop,a,+2   Ready    60m`,
    );
  });

  it("prints Kubernetes' shape", async () => {
    const hash = await requestOf(world, "Bundle", "all", bundleSpec);
    await putBundle(world, "all", hash, { defaultCAVersion: "2026.11.1", dueAt: noon + hourMs });
    expect(JSON.parse((await world.run("get bundle all -o json")).out)).toMatchObject({
      apiVersion: "certwright.dev/v1",
      kind: "Bundle",
      metadata: { name: "all", generation: 1 },
      spec: bundleSpec,
      status: {
        conditions: [{ type: "Ready", status: "True", reason: "Ready" }],
        defaultCAVersion: "2026.11.1",
        nextTryTime: "2026-11-22T13:00:00Z",
      },
    });
  });

  it.each(["bundle", "bundles.certwright.dev", "bundles.trust.cert-manager.io"])("%s is a Bundle", async (word) => {
    await requestOf(world, "Bundle", "all", bundleSpec);
    expect((await world.run(`get ${word}`)).out).toContain("all ");
  });
});

describe("describe bundle", () => {
  const spec = {
    clusters: ["lab", "shop", "gone"],
    sources: [
      ...bundleSpec.sources,
      { useDefaultCAs: true },
      { configMap: { name: "company-ca", key: "ca.crt" } },
      { secret: { selector: { matchLabels: { trust: "yes" } }, includeAllKeys: true } },
      { issuer: { kind: "ClusterIssuer", name: "pebble" } },
    ],
    target: {
      configMap: { key: "ca.crt" },
      secret: { key: "ca.crt" },
      additionalFormats: { jks: { key: "trust.jks" } },
      namespaceSelector: { matchLabels: { trust: "yes" } },
      storedSecret: true,
    },
  };

  it("tells its sources and targets, and how it is in each cluster", async () => {
    const hash = await requestOf(world, "Bundle", "company", spec);
    await putBundle(world, "company", hash, { defaultCAVersion: "2026.11.1" });
    for (const name of ["lab", "shop", "former", "other"])
      await putCluster(world, name, await requestOf(world, "Cluster", name, clusterSpec));
    const row = { bundle: "company", schema: 1, version: 0 };
    await world.state.putPlacedBundle({
      ...row,
      cluster: "lab",
      namespaces: ["a", "b", "c"],
      counts: { certificates: 141, expired: 1, duplicate: 2, malformed: 0 },
      synced: synced("True", "Synced", "in 3 namespaces"),
    });
    await world.state.putPlacedBundle({ ...row, cluster: "former", dueAt: noon });
    await world.state.addEvent({ key: bundleKey("company"), at: noon, type: "Normal", reason: "Synced", message: "m" });
    expect((await world.run("describe bundle company")).out).toBe(
      `Name:           company
Kind:           Bundle
API Version:    certwright.dev/v1
Labels:         <none>
Annotations:    <none>
Generation:     1
Sources:        inLine (1 certificate)
                useDefaultCAs: true
                configMap company-ca (ca.crt)
                secret {"matchLabels":{"trust":"yes"}} (all keys)
                issuer pebble (ClusterIssuer)
Default CAs:    2026.11.1
Targets:        configMap (ca.crt), secret (ca.crt), jks (trust.jks)
Namespaces:     {"matchLabels":{"trust":"yes"}}
Stored Secret:  certwright/_cluster/bundle-company

Conditions:
  TYPE    STATUS   REASON   SINCE   MESSAGE
  Ready   True     Ready    60m     it is in 2 clusters

Clusters:
  CLUSTER   SYNCED    CERTIFICATES   LEFT-OUT                 NAMESPACES   REASON            SINCE   NEXT-TRY   MESSAGE
  former    Unknown   -              -                        -            Pending           -       now        not tried yet
  gone      False     -              -                        -            ClusterNotFound   -       -          no such Cluster
  lab       True      141            1 expired, 2 duplicate   3            Synced            60m     -          in 3 namespaces
  shop      Unknown   -              -                        -            Pending           -       -          not tried yet

Events:
  AGE   TYPE     REASON   ATTEMPT   MESSAGE
  0s    Normal   Synced   -         m

Next:
  Nothing: it is ready, and is checked again when it changes.`,
    );
  });

  it("goes to all Clusters when it names none", async () => {
    await putCluster(world, "lab", await requestOf(world, "Cluster", "lab", clusterSpec));
    await requestOf(world, "Bundle", "company", bundleSpec);
    expect((await world.run("describe bundle company")).out).toContain("  lab       Unknown");
  });

  it("shows a bad one too", async () => {
    await requestOf(world, "Bundle", "bad", { sources: "none", clusters: "x" });
    const { code, out } = await world.run("describe bundle bad");
    expect(code).toBe(0);
    expect(out).toContain("Sources:      <none>");
  });
});

describe("the other verbs, for a Bundle", () => {
  it("apply takes ours and trust-manager's", async () => {
    const object = (apiVersion: string, name: string) =>
      JSON.stringify({ apiVersion, kind: "Bundle", metadata: { name }, spec: bundleSpec });
    const stdin = `${object("certwright.dev/v1", "ours")}\n---\n${object("trust.cert-manager.io/v1alpha1", "theirs")}`;
    const ran = await world.run("apply -f - --dry-run", { stdin });
    expect(ran).toMatchObject({ code: 0, out: "bundle/ours created (dry run)\nbundle/theirs created (dry run)" });
    const bad = stdin.replaceAll('"sources"', '"clusters":["lab"],"sources"');
    const refused = await world.run("apply -f - --dry-run", { stdin: bad });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("bundle/theirs: spec.clusters:");
    expect(refused.err).not.toContain("bundle/ours");
  });

  it("wait and delete know it", async () => {
    await putBundle(world, "all", await requestOf(world, "Bundle", "all", bundleSpec));
    expect((await world.run("wait bundle/all")).out).toBe("bundle/all condition met");
    expect((await world.run("delete bundle all")).out).toBe(
      "bundle/all deleted; what it placed in clusters is deleted there",
    );
  });
});
