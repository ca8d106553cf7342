import { beforeEach, describe, expect, it } from "vitest";
import { placeBundle } from "../../../../../core/kubernetes/bundles/place-bundle.ts";
import { openPlacing, type Placing, selected } from "../../../../support/bundle-placing.ts";
import { bundleOf } from "../../../../support/bundle-world.ts";
import { makeCa } from "../../../../support/trust-certificates.ts";

const now = new Date("2026-11-22T12:00:00Z");
const [one, two] = await Promise.all([makeCa("CN=One", { now }), makeCa("CN=Two", { now })]);
const namespaces = ["team-a", "team-b", "team-c"];

let its: Placing;

beforeEach(async () => {
  its = await openPlacing({ now, namespaces });
});

const both = (...pems: string[]) => bundleOf({ sources: pems.map((inLine) => ({ inLine })), target: selected });

describe("a Bundle in a cluster", () => {
  it("lies in every namespace that is selected, and says so", async () => {
    const row = await its.placed(both(one.pem, two.pem, one.pem));
    for (const namespace of namespaces) expect(its.dataIn(namespace)?.["ca.crt"]).toContain(one.pem);
    expect(its.configMap("cert-manager")).toBeUndefined();
    expect(row).toMatchObject({
      namespaces,
      counts: { certificates: 2, expired: 0, duplicate: 1, malformed: 0 },
      synced: { type: "Synced", status: "True", reason: "Synced" },
    });
    expect(row.synced?.message).toBe("2 certificates in 3 namespaces; left out: 1 duplicate");
    expect(row.dueAt).toBeUndefined();
  });

  it("goes everywhere without a selector, but to no namespace that is being deleted", async () => {
    its.cluster.terminateNamespace("team-b");
    const row = await its.placed(bundleOf({ sources: [{ inLine: one.pem }] }));
    expect(row.namespaces).toEqual(["cert-manager", "team-a", "team-c"]);
    expect(its.cluster.calls.filter(({ namespace }) => namespace === "team-b")).toEqual([]);
  });

  it("asks once for the namespaces and once for each object when nothing is to do, and writes nothing", async () => {
    const before = await its.placed(both(one.pem));
    its.cluster.calls.length = 0;
    const after = await its.placed(both(one.pem));
    expect(its.cluster.calls.map(({ verb, kind }) => `${verb} ${kind}`).sort()).toEqual([
      "get ConfigMap",
      "get ConfigMap",
      "get ConfigMap",
      "list Namespace",
    ]);
    expect({ ...after, version: 0 }).toEqual({ ...before, version: 0 });
  });

  it("writes again when the content changes, keeping keys, labels and annotations of others", async () => {
    await its.placed(both(one.pem));
    const at = { kind: "ConfigMap", namespace: "team-a", name: "roots" } as const;
    its.cluster.edit(at, { data: { own: "mine" }, metadata: { labels: { a: "b" }, annotations: { c: "d" } } });
    await its.placed(both(two.pem));
    const { data, metadata } = its.configMap("team-a") ?? { data: {}, metadata: {} as never };
    expect(data).toEqual({ "ca.crt": two.pem, own: "mine" });
    expect(metadata.labels).toMatchObject({ a: "b" });
    expect(metadata.annotations).toMatchObject({ c: "d", "certwright.dev/bundle": "roots" });
  });

  it("gives targets their metadata, formats and kinds; what is no longer wanted is taken away", async () => {
    const metadata = { annotations: { "example.com/note": "x" }, labels: { team: "trust" } };
    const formats = {
      jks: { key: "ca.jks", password: "changeit" },
      pkcs12: { key: "ca.p12", password: "", profile: "LegacyRC2" as const },
    };
    const sources = [{ inLine: one.pem }];
    const target = {
      ...selected,
      configMap: { key: "ca.crt", metadata },
      secret: { key: "roots.pem" },
      additionalFormats: formats,
    };
    await its.placed(bundleOf({ sources, target }));
    const object = its.configMap("team-a");
    expect(object?.metadata).toMatchObject(metadata);
    expect(Object.keys(object?.binaryData ?? {}).sort()).toEqual(["ca.jks", "ca.p12"]);
    const secret = its.cluster.object({ kind: "Secret", namespace: "team-a", name: "roots" });
    const secretData = (secret?.data ?? {}) as Record<string, string>;
    expect(Object.keys(secretData).sort()).toEqual(["ca.jks", "ca.p12", "roots.pem"]);
    expect(Buffer.from(secretData["roots.pem"] ?? "", "base64").toString()).toBe(one.pem);

    await its.placed(bundleOf({ sources, target: { ...selected, configMap: { key: "bundle.pem" } } }));
    expect(its.dataIn("team-a")).toEqual({ "bundle.pem": one.pem });
    expect(its.configMap("team-a")?.binaryData).toBeUndefined();
    expect(its.configMap("team-a")?.metadata.labels ?? {}).not.toHaveProperty("team");
    expect(its.cluster.objects("Secret")).toEqual([]);
    its.cluster.calls.length = 0;
    await its.placed(bundleOf({ sources, target: { ...selected, configMap: { key: "bundle.pem" } } }));
    expect(its.cluster.calls.filter(({ kind }) => kind === "Secret")).toEqual([]);
  });

  it("remembers a kind that it could not take away", async () => {
    const sources = [{ inLine: one.pem }];
    await its.placed(bundleOf({ sources, target: { ...selected, secret: { key: "ca.crt" } } }));
    const allow = its.cluster.deny({ verb: "delete", kind: "Secret", namespace: "team-b" });
    expect((await its.placed(both(one.pem))).synced?.reason).toBe("KubernetesForbidden");
    expect(its.cluster.objects("Secret").map(({ metadata }) => metadata.namespace)).toEqual(["team-b"]);
    allow();
    expect((await its.placed(both(one.pem))).synced?.reason).toBe("Synced");
    expect(its.cluster.objects("Secret")).toEqual([]);
  });

  it("writes truststores with salts only when something changed", async () => {
    const formats = { pkcs12: { key: "ca.p12", password: "secret", profile: "Modern2023" as const } };
    const bundle = bundleOf({ sources: [{ inLine: one.pem }], target: { ...selected, additionalFormats: formats } });
    await its.placed(bundle);
    its.cluster.calls.length = 0;
    await its.placed(bundle);
    expect(its.writes()).toEqual([]);
    const other = { pkcs12: { ...formats.pkcs12, password: "another" } };
    await its.placed(bundleOf({ sources: [{ inLine: one.pem }], target: { ...selected, additionalFormats: other } }));
    expect(its.writes()).toHaveLength(3);
  });

  it("takes itself out of a namespace that is no longer selected; what others put there stays", async () => {
    await its.placed(both(one.pem));
    its.cluster.edit({ kind: "ConfigMap", namespace: "team-b", name: "roots" }, { data: { own: "mine" } });
    for (const name of ["team-a", "team-b"])
      its.cluster.edit({ kind: "Namespace", name }, { metadata: { labels: { trust: "no" } } });
    const row = await its.placed(both(one.pem));
    expect(its.configMap("team-a")).toBeUndefined();
    expect(its.dataIn("team-b")).toEqual({ own: "mine" });
    expect(its.configMap("team-b")?.metadata.annotations ?? {}).not.toHaveProperty("certwright.dev/bundle-hash");
    expect(row.namespaces).toEqual(["team-c"]);
    its.cluster.edit({ kind: "Namespace", name: "team-a" }, { metadata: { labels: { trust: "yes" } } });
    expect((await its.placed(both(one.pem))).namespaces).toEqual(["team-a", "team-c"]);
  });

  it("forgets a namespace that is gone, and one that vanishes meanwhile", async () => {
    await its.placed(both(one.pem));
    its.cluster.removeNamespace("team-a");
    its.cluster.onCall = ({ verb, namespace }) => {
      if (verb === "get" && namespace === "team-b") its.cluster.removeNamespace("team-b");
    };
    const row = await its.placed(both(two.pem));
    expect(row.namespaces).toEqual(["team-c"]);
    expect(row.synced?.status).toBe("True");
  });

  it.each([
    ["the Bundle is deleted", undefined],
    ["the Bundle is a tombstone", { ...both(one.pem), deletedAt: 1 }],
    ["it goes to other clusters", { ...bundleOf({ clusters: ["other"], sources: [{ inLine: one.pem }] }) }],
  ])("is taken out everywhere when %s", async (_, bundle) => {
    await its.placed(both(one.pem));
    its.cluster.edit({ kind: "ConfigMap", namespace: "team-b", name: "roots" }, { data: { own: "mine" } });
    expect(await its.place(bundle)).toBe("gone");
    expect(its.cluster.objects("ConfigMap").map(({ metadata }) => metadata.namespace)).toEqual(["team-b"]);
    expect(await its.row()).toBeUndefined();
  });

  it("is found again when it is deleted while it is being placed", async () => {
    const before = await its.row();
    if (!before) throw new Error("no row");
    its.cluster.onCall = async ({ verb }) => {
      if (verb === "apply") await its.world.state.wakePlacedBundle("prod-eu", "roots", now);
    };
    const late = await placeBundle(its.world.deps, its.cluster.kubernetes, {
      cluster: its.clusterRow,
      bundle: both(one.pem),
      placed: before,
    });
    if (late === "gone") throw new Error("it is gone");
    expect(await its.world.state.putPlacedBundle(late)).toBe("conflict");
    expect(its.cluster.objects("ConfigMap")).toHaveLength(3);
    expect(await its.place(undefined)).toBe("gone");
    expect(its.cluster.objects("ConfigMap")).toEqual([]);
  });

  it("is due until it is done, whatever ends the run in between", async () => {
    await its.placed(both(one.pem));
    its.cluster.addNamespace("team-d", { trust: "yes" });
    its.cluster.onCall = ({ verb }) => {
      if (verb === "apply") throw new Error("the Lambda ends");
    };
    await expect(its.place(both(one.pem))).rejects.toThrow("the Lambda ends");
    expect(await its.row()).toMatchObject({ namespaces, begun: ["team-d"], dueAt: now.getTime() });
    its.cluster.onCall = undefined;
    expect((await its.placed(both(one.pem))).namespaces).toEqual([...namespaces, "team-d"]);
    expect(await its.row()).not.toHaveProperty("begun");
  });

  it("does nothing when somebody else has its row", async () => {
    const stale = await its.row();
    await its.world.state.wakePlacedBundle("prod-eu", "roots", now);
    if (!stale) throw new Error("no row");
    const next = await placeBundle(its.world.deps, its.cluster.kubernetes, {
      cluster: its.clusterRow,
      bundle: both(one.pem),
      placed: stale,
    });
    expect(next).toEqual(stale);
    expect(its.writes()).toEqual([]);
  });
});
