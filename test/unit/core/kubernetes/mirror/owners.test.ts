import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../../../../../core/kubernetes/port.ts";
import { certificateKey, openMirrorBed, revisionIn, secretRef, textIn } from "../../../../support/mirror-bed.ts";
import { makeLeaf, type TestLeaf } from "../../../../support/mirror-leaf.ts";

const ref = secretRef("web/www-tls");
const noon = new Date("2026-11-22T12:00:00Z");
const day = 86_400_000;

function secretWith(leaf: TestLeaf, annotations: Record<string, string> = {}): KubernetesObject {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "web", name: "www-tls", annotations },
    type: "kubernetes.io/tls",
    data: { "tls.crt": base64(leaf.certPem), "tls.key": base64(leaf.keyPem) },
  };
}

const theirs = (wish: object = {}) =>
  makeLeaf({ names: ["www.example.test"], notBefore: new Date(noon.getTime() - day), ...wish });

describe("a Secret that was there before", () => {
  it("is not ours, and not touched", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    const before = cluster.create(secretWith(await theirs()));
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    expect(cluster.object(ref)).toEqual(before);
    expect(await bed.synced("prod", "web/www")).toBe("SecretNotOurs");
    expect((await bed.mirror("prod", "web/www"))?.synced?.message).toContain("certwright.dev/adopt=true");
    expect(bed.reads).toEqual([]);
  });

  it("is taken over when it is annotated so", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    cluster.create(secretWith(await theirs(), { "certwright.dev/adopt": "true" }));
    const leaf = await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    expect(textIn(cluster.object(ref), "tls.crt")).toBe(leaf.certPem);
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
  });

  const managers = ["cert-manager-certificates-issuing", "certwright-other-000000000000-us-east-1"];
  it.each(managers)("and applied by %s is a conflict that names it", async (manager) => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    const before = cluster.applyAs(manager, secretWith(await theirs()));
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    expect(cluster.object(ref)).toEqual(before);
    expect(await bed.synced("prod", "web/www")).toBe("FieldManagerConflict");
    expect((await bed.mirror("prod", "web/www"))?.synced?.message).toContain(`"${manager}"`);
  });

  it("and given to us by annotation is taken over once: who comes back is not fought", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    const old = secretWith(await theirs(), { "certwright.dev/adopt": "true" });
    cluster.applyAs("cert-manager-certificates-issuing", old);
    const leaf = await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    expect(textIn(cluster.object(ref), "tls.crt")).toBe(leaf.certPem);
    const back = cluster.applyAs("cert-manager-certificates-issuing", old);
    await bed.sweep(200);
    expect(cluster.object(ref)).toEqual(back);
    expect(await bed.synced("prod", "web/www")).toBe("FieldManagerConflict");
    expect((await bed.events("web/www")).filter((reason) => reason === "FieldManagerConflict")).toHaveLength(1);
  });
});

describe("a mirrored Secret that somebody else begins to write", () => {
  const metadata = { namespace: "web", name: "www-tls" };
  const data = (key: string, text: string) => ({ [key]: Buffer.from(text).toString("base64") });
  const applies = (key: string): KubernetesObject => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata,
    data: data(key, "theirs"),
  });

  async function openWithOne() {
    const bed = openMirrorBed({ start: noon });
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    return { bed, cluster };
  }

  it("is not fought over with whoever applies, also where somebody edited it besides", async () => {
    const { bed, cluster } = await openWithOne();
    cluster.edit(ref, { data: data("tls.key", "edited") });
    const before = cluster.applyAs("argocd-controller", applies("tls.crt"));
    await bed.sweep(130);
    expect(cluster.object(ref)).toEqual(before);
    expect(await bed.synced("prod", "web/www")).toBe("FieldManagerConflict");
    expect((await bed.mirror("prod", "web/www"))?.synced?.message).toContain('"argocd-controller" too');
  });

  it("is not written over when they come between our look and our write", async () => {
    const { bed, cluster } = await openWithOne();
    cluster.edit(ref, { data: data("tls.key", "edited") });
    cluster.onCall = ({ verb }) => {
      if (verb !== "apply") return;
      cluster.onCall = undefined;
      cluster.applyAs("argocd-controller", applies("tls.crt"));
    };
    await bed.tell("web/www");
    expect(textIn(cluster.object(ref), "tls.crt")).toBe("theirs");
    expect(await bed.synced("prod", "web/www")).toBe("FieldManagerConflict");
  });
});

describe("two installations on one Secret", () => {
  it("do not fight: the second says who has it, and has it when the first lets go", async () => {
    const bed = openMirrorBed();
    const other = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    other.open.kubernetes = async () => cluster.kubernetes;
    Object.assign(other.deps, { fieldManager: "certwright-second-000000000000-us-east-1" });
    await other.addCluster("prod", {}, []);
    const first = await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    await other.issue({ id: "web/www" });
    await other.tell("web/www");
    for (let round = 0; round < 3; round += 1) {
      await bed.sweep(61);
      await other.sweep(61);
    }
    expect(textIn(cluster.object(ref), "tls.crt")).toBe(first.certPem);
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
    expect(await other.synced("prod", "web/www")).toBe("FieldManagerConflict");
    expect(cluster.calls.filter(({ verb }) => verb === "apply")).toHaveLength(1);
    await bed.putCluster("prod", { deletionPolicy: "delete" });
    await bed.sync({ key: { namespace: "_cluster", kind: "Cluster", name: "prod" } });
    await bed.requests.delete(certificateKey("web/www"));
    await bed.tell("web/www");
    await other.sweep(40);
    expect(await other.synced("prod", "web/www")).toBe("Synced");
  });
});

describe("two Certificates of one installation on one Secret", () => {
  it("the first has it, the second is told whose it is", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { namespaceMap: { "*": "shared" } }, ["shared"]);
    const first = await bed.issue({ id: "api/www" });
    await bed.tell("api/www");
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    await bed.sweep(130);
    expect(textIn(cluster.object(secretRef("shared/www-tls")), "tls.crt")).toBe(first.certPem);
    expect(await bed.synced("prod", "web/www")).toBe("SecretNotOurs");
    expect((await bed.mirror("prod", "web/www"))?.synced?.message).toContain("Certificate api/www");
  });

  it("also when both come at once", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { namespaceMap: { "*": "shared" } }, ["shared"]);
    await bed.issue({ id: "api/www" });
    await bed.issue({ id: "web/www" });
    await bed.tell("api/www", "web/www");
    expect(cluster.calls.filter(({ verb }) => verb === "apply")).toHaveLength(1);
    expect([await bed.synced("prod", "api/www"), await bed.synced("prod", "web/www")].sort()).toEqual([
      "SecretNotOurs",
      "Synced",
    ]);
  });

  it("a Certificate that takes the place of a deleted one has its Secret", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/old", secretName: "www-tls" });
    await bed.tell("web/old");
    await bed.requests.delete(certificateKey("web/old"));
    const row = await bed.state.certificate(certificateKey("web/old"));
    if (row) await bed.state.putCertificate({ ...row, deletedAt: 1 });
    await bed.tell("web/old");
    bed.clock.advance(60_000);
    const leaf = await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    expect(textIn(cluster.object(ref), "tls.crt")).toBe(leaf.certPem);
  });
});

describe("an older certificate over a newer one", () => {
  const rows: [title: string, wish: object, after: string][] = [
    ["same names and issuer", {}, "NewerCertificate"],
    ["names in another order", { names: ["b.example.test", "www.example.test"] }, "NewerCertificate"],
    ["other names", { names: ["other.example.test"] }, "Synced"],
    ["another issuer", { issuer: "CN=Other CA" }, "Synced"],
    ["expired meanwhile", { days: 1 / 24 }, "Synced"],
  ];
  it.each(rows)("%s", async (title, wish, after) => {
    const bed = openMirrorBed({ start: noon });
    const cluster = await bed.addCluster("prod");
    const names = title.includes("order") ? ["www.example.test", "b.example.test"] : ["www.example.test"];
    const leaf = await makeLeaf({ names, notBefore: new Date(noon.getTime() - day) });
    await bed.issue({ id: "web/www", leaf });
    const newer = await makeLeaf({ names, notBefore: new Date(noon.getTime() - day / 2), ...wish });
    cluster.create(secretWith(newer, { "certwright.dev/adopt": "true" }));
    await bed.tell("web/www");
    expect(await bed.synced("prod", "web/www")).toBe(after);
    expect(textIn(cluster.object(ref), "tls.crt")).toBe(after === "Synced" ? leaf.certPem : newer.certPem);
  });

  it("is written when the newer one has a key that is not its own", async () => {
    const bed = openMirrorBed({ start: noon });
    const cluster = await bed.addCluster("prod");
    const leaf = await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    const newer = await theirs({ notBefore: new Date(noon.getTime() + 1_000) });
    const data = { "tls.crt": Buffer.from(newer.certPem).toString("base64") };
    cluster.edit(ref, { data });
    bed.clock.advance(day);
    await bed.sweep(1);
    expect(textIn(cluster.object(ref), "tls.crt")).toBe(leaf.certPem);
  });

  it("is not written when State was restored from before the last renewal, though the CA signs with another key by now", async () => {
    const bed = openMirrorBed({ start: noon });
    const cluster = await bed.addCluster("prod");
    const names = ["www.example.test"];
    await bed.issue({ id: "web/www" });
    const restored = await bed.state.certificate(certificateKey("web/www"));
    bed.clock.advance(day);
    const newer = await makeLeaf({ names, notBefore: bed.clock.now(), issuer: "CN=R11" });
    await bed.issue({ id: "web/www", leaf: newer });
    await bed.tell("web/www");
    const now = await bed.state.certificate(certificateKey("web/www"));
    if (!restored || !now) throw new Error("no row");
    await bed.state.putCertificate({ ...restored, version: now.version });
    bed.store.secrets.get("certwright/web/www-tls")?.versions.pop();
    await bed.tell("web/www");
    expect(textIn(cluster.object(ref), "tls.crt")).toBe(newer.certPem);
    expect(revisionIn(cluster.object(ref))).toBe("2");
    expect(await bed.synced("prod", "web/www")).toBe("NewerCertificate");
  });
});
