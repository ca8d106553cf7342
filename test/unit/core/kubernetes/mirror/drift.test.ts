import { describe, expect, it } from "vitest";
import type { FakeKubernetes } from "../../../../support/fake-kubernetes.ts";
import { clusterKey, openMirrorBed, secretRef, textIn } from "../../../../support/mirror-bed.ts";

const ref = secretRef("web/www-tls");
const base64 = (text: string) => Buffer.from(text).toString("base64");
const hour = 61;

/** A cluster with one mirrored Secret. */
async function openWithOne(spec: Record<string, unknown> = {}) {
  const bed = openMirrorBed();
  const cluster = await bed.addCluster("prod", spec);
  const leaf = await bed.issue({ id: "web/www" });
  await bed.tell("web/www");
  cluster.calls.length = 0;
  bed.reads.length = 0;
  return { bed, cluster, leaf };
}

const changes: [title: string, change: (cluster: FakeKubernetes) => unknown, said: string][] = [
  ["edited", (cluster) => cluster.edit(ref, { data: { "tls.crt": base64("other") } }), "data.tls.crt"],
  ["blanked", (cluster) => cluster.edit(ref, { data: { "tls.crt": "", "tls.key": "" } }), "data.tls.crt, data.tls.key"],
  ["deleted", (cluster) => cluster.remove(ref), "it was deleted"],
  [
    "made anew with another type",
    (cluster) => {
      cluster.remove(ref);
      const metadata = { namespace: "web", name: "www-tls" };
      cluster.create({ apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data: { own: base64("mine") } });
    },
    "data.tls.crt",
  ],
  [
    "stripped of its annotations and labels",
    (cluster) => cluster.edit(ref, { metadata: { annotations: null, labels: null } }),
    "metadata.annotations.cert-manager.io/certificate-name",
  ],
];

describe("a mirrored Secret that somebody changed", () => {
  it.each(changes)("%s: mode repair writes it again and says so", async (title, change, said) => {
    const { bed, cluster, leaf } = await openWithOne();
    change(cluster);
    await bed.sweep(hour + 10);
    const secret = bed.secret("prod", "web/www-tls");
    expect(textIn(secret, "tls.crt")).toBe(leaf.certPem);
    expect(textIn(secret, "tls.key")).toBe(leaf.keyPem);
    expect(secret?.metadata.annotations?.["certwright.dev/certificate"]).toBe("web/www");
    if (title.startsWith("made anew")) {
      expect(secret?.type).toBe("Opaque");
      expect(textIn(secret, "own")).toBe("mine");
    }
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
    const [event] = await bed.state.events({ namespace: "web", kind: "Certificate", name: "www" }, 1);
    expect(event).toMatchObject({ type: "Warning", reason: "Drifted" });
    expect(event?.message).toContain(said);
  });

  it.each(changes)("%s: mode report only says so, once", async (_title, change, said) => {
    const { bed, cluster } = await openWithOne({ mode: "report" });
    change(cluster);
    const before = cluster.object(ref);
    await bed.sweep(3 * hour);
    expect(cluster.object(ref)).toEqual(before);
    expect(await bed.synced("prod", "web/www")).toBe("Drifted");
    expect((await bed.events("web/www")).filter((reason) => reason === "Drifted")).toHaveLength(1);
    expect((await bed.mirror("prod", "web/www"))?.synced?.message).toContain(said);
    expect(await bed.row("prod")).toMatchObject({ inSync: 0, mirrors: 1, ready: { status: "True" } });
  });

  it("is in sync again when the change is taken back", async () => {
    const { bed, cluster, leaf } = await openWithOne({ mode: "report" });
    cluster.edit(ref, { data: { "tls.crt": "" } });
    await bed.sweep(hour + 10);
    cluster.edit(ref, { data: { "tls.crt": base64(leaf.certPem) } });
    await bed.sweep(hour + 10);
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
  });

  it.each(["repair", "report"])("gets a new certificate in mode %s, whatever was done to it", async (mode) => {
    const { bed, cluster } = await openWithOne({ mode });
    cluster.edit(ref, { data: { "tls.crt": base64("other") } });
    bed.clock.advance(60_000);
    const newer = await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    expect(textIn(bed.secret("prod", "web/www-tls"), "tls.crt")).toBe(newer.certPem);
  });

  it("keeps keys, annotations and labels that others added", async () => {
    const { bed, cluster } = await openWithOne();
    cluster.edit(ref, {
      data: { own: base64("mine") },
      metadata: { annotations: { note: "a" }, labels: { team: "b" } },
    });
    await bed.sweep(hour + 10);
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(["version", "get"]);
    bed.clock.advance(60_000);
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    const secret = cluster.object(ref);
    expect(textIn(secret, "own")).toBe("mine");
    expect(secret?.metadata.annotations?.note).toBe("a");
    expect(secret?.metadata.labels?.team).toBe("b");
  });

  it("loses a key that we wrote once and no longer have", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    const leaf = await bed.issue({ id: "web/www", annotations: { old: "1" } });
    await bed.tell("web/www");
    bed.storeSecret({ namespace: "web", kind: "Certificate", name: "www" }, "www-tls", leaf);
    await bed.tell("web/www");
    expect(cluster.object(ref)?.metadata.annotations).not.toHaveProperty("old");
  });
});

describe("a drift check", () => {
  it("is one GET for each Secret that nobody touched, without a read of its stored secret or a write to State", async () => {
    const { bed, cluster } = await openWithOne();
    const before = await bed.mirror("prod", "web/www");
    await bed.sweep(hour + 10);
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(["version", "get"]);
    expect(bed.reads).toEqual([]);
    expect(await bed.mirror("prod", "web/www")).toEqual(before);
  });

  it("reads the stored secret once after a foreign change, and then no more", async () => {
    const { bed, cluster } = await openWithOne();
    cluster.edit(ref, { metadata: { labels: { team: "b" } } });
    await bed.sweep(3 * hour);
    expect(bed.reads).toHaveLength(1);
    expect(cluster.calls.filter(({ verb }) => verb === "apply")).toEqual([]);
  });

  it("comes each driftCheckInterval", async () => {
    const { bed, cluster } = await openWithOne({ driftCheckInterval: "10m" });
    await bed.sweep(100);
    expect(cluster.calls.filter(({ verb }) => verb === "get").length).toBeGreaterThanOrEqual(9);
    expect(cluster.calls.filter(({ verb }) => verb === "get").length).toBeLessThanOrEqual(11);
  });

  it("finds a certificate of which nobody was told", async () => {
    const { bed } = await openWithOne();
    bed.clock.advance(60_000);
    const newer = await bed.issue({ id: "web/www" });
    await bed.sweep(hour + 10);
    expect(textIn(bed.secret("prod", "web/www-tls"), "tls.crt")).toBe(newer.certPem);
  });

  it("goes on with what it was cut off at", async () => {
    const { bed, cluster } = await openWithOne();
    cluster.edit(ref, { data: { "tls.crt": "" } });
    bed.clock.advance(3_960_000);
    cluster.onCall = ({ verb }) => {
      if (verb === "get") bed.clock.advance(50_000);
    };
    await bed.sync({ key: clusterKey("prod") }, { seconds: 60 });
    expect(textIn(cluster.object(ref), "tls.crt")).toBe("");
    cluster.onCall = undefined;
    await bed.sweep(1);
    expect(textIn(cluster.object(ref), "tls.crt")).not.toBe("");
  });

  it("is spread over runs when time or budget is short, and looks at each Secret once", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { requestsPerSecond: 1 });
    const ids = Array.from({ length: 100 }, (_, index) => `web/c${index}`);
    for (const id of ids) await bed.issue({ id });
    await bed.tell(...ids);
    await bed.sweep(5);
    expect(await bed.row("prod")).toMatchObject({ inSync: 100, mirrors: 100 });
    cluster.calls.length = 0;
    bed.clock.advance(3_600_000);
    for (let run = 0; run < 20; run += 1) await bed.sync({ key: clusterKey("prod") }, { seconds: 40 });
    const looked = cluster.calls.filter(({ verb }) => verb === "get").map(({ name }) => name);
    expect(looked).toHaveLength(100);
    expect(new Set(looked).size).toBe(100);
    expect((await bed.row("prod"))?.driftCheckAfter).toBeUndefined();
  });
});
