import { beforeEach, describe, expect, it } from "vitest";
import { openPlacing, type Placing, selected } from "../../../../support/bundle-placing.ts";
import { bundleOf, clusterWith, ourManager } from "../../../../support/bundle-world.ts";
import { makeCa } from "../../../../support/trust-certificates.ts";

const now = new Date("2026-11-22T12:00:00Z");
const [one, two] = await Promise.all([makeCa("CN=One", { now }), makeCa("CN=Two", { now })]);
const namespaces = ["team-a", "team-b", "team-c"];

let its: Placing;

beforeEach(async () => {
  its = await openPlacing({ now, namespaces });
});

const both = (...pems: string[]) => bundleOf({ sources: pems.map((inLine) => ({ inLine })), target: selected });

describe("what somebody changed", () => {
  const at = { kind: "ConfigMap", namespace: "team-a", name: "roots" } as const;

  it.each<[string, () => void]>([
    ["edited", () => void its.cluster.edit(at, { data: { "ca.crt": "nobody" } })],
    ["emptied", () => void its.cluster.edit(at, { data: { "ca.crt": null } })],
    ["relabelled", () => void its.cluster.edit(at, { metadata: { annotations: { "certwright.dev/bundle": "x" } } })],
    ["deleted", () => its.cluster.remove(at)],
  ])("is repaired when it was %s", async (_, change) => {
    await its.placed(both(one.pem));
    change();
    const row = await its.placed(both(one.pem));
    expect(row.synced?.reason).toBe("Synced");
    expect(its.dataIn("team-a")).toEqual({ "ca.crt": one.pem });
    expect(its.configMap("team-a")?.metadata.annotations).toMatchObject({ "certwright.dev/bundle": "roots" });
  });

  it.each<[string, () => void]>([
    ["edited", () => void its.cluster.edit(at, { data: { "ca.crt": "nobody" } })],
    ["deleted", () => its.cluster.remove(at)],
  ])("is only said in mode report when it was %s; new content is still written", async (what, change) => {
    its.clusterRow = clusterWith({ mode: "report" });
    await its.placed(both(one.pem));
    change();
    for (let round = 0; round < 2; round += 1) {
      const row = await its.placed(both(one.pem));
      expect(row.synced).toMatchObject({ status: "False", reason: "Drifted" });
      expect(row.synced?.message).toContain("ConfigMap team-a/roots was");
      // The drift check looks again: nobody waits for us.
      expect(row.dueAt).toBeUndefined();
    }
    expect(its.dataIn("team-a")?.["ca.crt"]).toBe(what === "edited" ? "nobody" : undefined);
    const row = await its.placed(both(two.pem));
    expect(row.synced?.reason).toBe("Synced");
    expect(its.dataIn("team-a")).toEqual({ "ca.crt": two.pem });
  });

  it("is never fought over with who applies it, nor taken from who made it", async () => {
    const foreign = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "team-a", name: "roots" } };
    its.cluster.applyAs("trust-manager", { ...foreign, data: { "ca.crt": "theirs" } });
    its.cluster.create({ ...foreign, metadata: { namespace: "team-b", name: "roots" }, data: { "ca.crt": "mine" } });
    its.cluster.create({ ...foreign, metadata: { namespace: "team-c", name: "roots" }, data: { own: "mine" } });
    const row = await its.placed(both(one.pem));
    expect(row.synced).toMatchObject({ status: "False", reason: "FieldManagerConflict" });
    expect(row.synced?.message).toMatch(/^in 1 of 3 namespaces; .*trust-manager.*; also not in team-b$/);
    expect(row).toMatchObject({ namespaces: ["team-c"], failures: 1 });
    expect(row.dueAt).toBe(now.getTime() + 60_000);
    expect([its.dataIn("team-a"), its.dataIn("team-b")]).toEqual([{ "ca.crt": "theirs" }, { "ca.crt": "mine" }]);
    expect(its.dataIn("team-c")).toEqual({ own: "mine", "ca.crt": one.pem });

    its.cluster.calls.length = 0;
    expect(await its.place(undefined)).toBe("gone");
    expect(its.writes().map(({ namespace }) => namespace)).toEqual(["team-c"]);
    expect([its.dataIn("team-a"), its.dataIn("team-b")]).toEqual([{ "ca.crt": "theirs" }, { "ca.crt": "mine" }]);
    expect(its.dataIn("team-c")).toEqual({ own: "mine" });
  });

  it("is not taken back from who took it over by applying", async () => {
    await its.placed(both(one.pem));
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "team-a", name: "roots" } };
    its.cluster.applyAs("trust-manager", { ...object, data: { "ca.crt": "theirs" } });
    const row = await its.placed(both(one.pem));
    expect(row.synced?.reason).toBe("FieldManagerConflict");
    expect(its.dataIn("team-a")).toEqual({ "ca.crt": "theirs" });
    expect(row.namespaces).toEqual(namespaces);
  });
});

describe("a Bundle that fails", () => {
  it("in one namespace goes on in the others, and names it", async () => {
    const allow = its.cluster.deny({ verb: "create", kind: "ConfigMap", namespace: "team-b" });
    const row = await its.placed(both(one.pem));
    expect(row.synced).toMatchObject({ status: "False", reason: "KubernetesForbidden" });
    expect(row.synced?.message).toMatch(/^in 2 of 3 namespaces; .*team-b/);
    expect(row.namespaces).toEqual(["team-a", "team-c"]);
    allow();
    const after = await its.placed(both(one.pem));
    expect(after).toMatchObject({ namespaces, synced: { status: "True" } });
    expect(after.failures).toBeUndefined();
    expect(after.dueAt).toBeUndefined();
  });

  it("tries later and later", async () => {
    its.cluster.deny({ kind: "Namespace" });
    const dueIn = [];
    for (let round = 0; round < 3; round += 1) {
      const { dueAt = 0, synced } = await its.placed(both(one.pem));
      dueIn.push((dueAt - now.getTime()) / 60_000);
      expect(synced?.reason).toBe("KubernetesForbidden");
    }
    expect(dueIn).toEqual([1, 2, 5]);
  });

  it("in a namespace that it should leave keeps it in mind", async () => {
    await its.placed(both(one.pem));
    const allow = its.cluster.deny({ verb: "delete", kind: "ConfigMap", namespace: "team-b" });
    const row = await its.place(undefined);
    expect(row).toMatchObject({ namespaces: ["team-b"], synced: { status: "False", reason: "KubernetesForbidden" } });
    allow();
    expect(await its.place(undefined)).toBe("gone");
    expect(its.cluster.objects("ConfigMap")).toEqual([]);
  });

  it.each<["down" | "unauthorized" | "busy", string]>([
    ["down", "ClusterUnreachable"],
    ["unauthorized", "CredentialsRejected"],
    ["busy", "ClusterBusy"],
  ])("because the cluster is %s leaves that to who works on the cluster", async (health, reason) => {
    its.cluster.health = health;
    await expect(its.place(both(one.pem))).rejects.toMatchObject({ reason });
    its.cluster.health = "up";
    expect((await its.placed(both(one.pem))).synced?.status).toBe("True");
  });

  it("because it is over 1 MiB asks for nothing more", async () => {
    its.world.deps.trust.jks = async () => new Uint8Array(1024 * 1024);
    const formats = { jks: { key: "ca.jks", password: "changeit" } };
    const row = await its.placed(
      bundleOf({ sources: [{ inLine: one.pem }], target: { ...selected, additionalFormats: formats } }),
    );
    expect(row.synced).toMatchObject({ status: "False", reason: "ObjectTooLarge" });
    expect(its.writes()).toEqual([]);
  });

  it("says a change of its condition once, as an event", async () => {
    const allow = its.cluster.deny({ kind: "Namespace" });
    await its.placed(both(one.pem));
    await its.placed(both(one.pem));
    allow();
    await its.placed(both(one.pem));
    await its.placed(both(one.pem));
    const key = { namespace: "_cluster", kind: "Bundle", name: "roots" } as const;
    const events = await its.world.state.events(key, 10);
    expect(events.map(({ type, reason }) => `${type} ${reason}`).sort()).toEqual([
      "Normal Synced",
      "Warning KubernetesForbidden",
    ]);
    expect(events.every(({ message }) => message.startsWith("prod-eu: "))).toBe(true);
  });

  it("applies as the manager of this installation only", async () => {
    await its.placed(both(one.pem));
    expect(
      its.cluster.calls.filter(({ verb }) => verb === "apply").every(({ fieldManager }) => fieldManager === ourManager),
    ).toBe(true);
  });
});
