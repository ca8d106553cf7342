import { describe, expect, it } from "vitest";
import type { FakeKubernetes } from "../../../../support/fake-kubernetes.ts";
import {
  certificateKey,
  openMirrorBed,
  ourManager,
  revisionIn,
  secretRef,
  textIn,
} from "../../../../support/mirror-bed.ts";

describe("a new certificate", () => {
  it("arrives as cert-manager would write it, by one GET and one PATCH", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    const leaf = await bed.issue({ id: "web/www", annotations: { team: "a" } });
    await bed.tell("web/www");
    const secret = bed.secret("prod", "web/www-tls");
    expect(secret).toMatchObject({
      type: "kubernetes.io/tls",
      metadata: {
        labels: { "controller.cert-manager.io/fao": "true" },
        annotations: {
          team: "a",
          "cert-manager.io/certificate-name": "www",
          "certwright.dev/certificate": "web/www",
          "certwright.dev/revision": "1",
        },
      },
    });
    expect(textIn(secret, "tls.crt")).toBe(leaf.certPem);
    expect(textIn(secret, "tls.key")).toBe(leaf.keyPem);
    expect(secret?.metadata.managedFields?.map(({ manager, operation }) => [manager, operation])).toEqual([
      [ourManager, "Apply"],
    ]);
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(["get", "apply"]);
    expect(bed.reads).toHaveLength(1);
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
    expect(await bed.events("web/www")).toEqual(["Synced"]);
    expect(await bed.row("prod")).toMatchObject({ inSync: 1, mirrors: 1, ready: { status: "True", reason: "Ready" } });
  });

  it("is written over the one before, with its revision", async () => {
    const bed = openMirrorBed();
    await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    bed.clock.advance(86_400_000);
    const newer = await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    expect(textIn(bed.secret("prod", "web/www-tls"), "tls.crt")).toBe(newer.certPem);
    expect(revisionIn(bed.secret("prod", "web/www-tls"))).toBe("2");
  });

  it("costs one GET when it is there already", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    cluster.calls.length = 0;
    await bed.tell("web/www");
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(["get"]);
  });
});

describe("where a Certificate goes", () => {
  const rows: [
    title: string,
    spec: Record<string, unknown>,
    wish: object,
    secret: string | undefined,
    reason?: string,
  ][] = [
    ["not without a selector", { selector: undefined }, {}, undefined],
    ["by its targets", { selector: undefined }, { targets: ["prod"] }, "web/www-tls", "Synced"],
    ["not where its targets are others", {}, { targets: ["other"] }, undefined],
    ["by its labels", { selector: { matchLabels: { tier: "a" } } }, { labels: { tier: "a" } }, "web/www-tls", "Synced"],
    ["not with other labels", { selector: { matchLabels: { tier: "a" } } }, { labels: { tier: "b" } }, undefined],
    ["to the namespace of the map", { namespaceMap: { web: "front" } }, {}, "front/www-tls", "Synced"],
    ["to the namespace of all others", { namespaceMap: { "*": "front" } }, {}, "front/www-tls", "Synced"],
    ["not where the map keeps its namespace out", { namespaceMap: { web: "" } }, {}, undefined],
    ["not where it may not come", { allowedNamespaces: ["api"] }, {}, undefined],
    [
      "and is told when it was sent",
      { allowedNamespaces: ["api"] },
      { targets: ["prod"] },
      undefined,
      "NamespaceNotAllowed",
    ],
    ["also by the map", { namespaceMap: { web: "" } }, { targets: ["prod"] }, undefined, "NamespaceNotAllowed"],
  ];
  it.each(rows)("%s", async (_title, spec, wish, secret, reason) => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", spec, ["web", "front"]);
    await bed.issue({ id: "web/www", ...wish });
    await bed.tell("web/www");
    const there = cluster.objects("Secret").map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    expect(there).toEqual(secret === undefined ? [] : [secret]);
    expect(await bed.synced("prod", "web/www")).toBe(reason);
    expect((await bed.mirror("prod", "web/www"))?.dueAt).toBeUndefined();
  });

  it("moves with its secretName, and the Secret before stays or goes as the policy says", async () => {
    for (const deletionPolicy of ["retain", "delete"]) {
      const bed = openMirrorBed();
      const cluster = await bed.addCluster("prod", { deletionPolicy });
      await bed.issue({ id: "web/www", secretName: "old" });
      await bed.tell("web/www");
      bed.clock.advance(3_600_000);
      await bed.issue({ id: "web/www", secretName: "new" });
      await bed.tell("web/www");
      const names = cluster.objects("Secret").map(({ metadata }) => metadata.name);
      expect(names).toEqual(deletionPolicy === "retain" ? ["new", "old"] : ["new"]);
      expect(await bed.events("web/www")).toContain("NotMirrored");
    }
  });
});

describe("a Certificate that is gone, or no longer selected", () => {
  const ends: [title: string, end: (bed: ReturnType<typeof openMirrorBed>) => Promise<unknown>][] = [
    ["deleted", (bed) => bed.requests.delete(certificateKey("web/www"))],
    ["sent elsewhere", (bed) => bed.issue({ id: "web/www", targets: [] })],
  ];
  it.each(ends)("%s: retain keeps its Secret", async (_title, end) => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod");
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    cluster.calls.length = 0;
    await end(bed);
    await bed.tell("web/www");
    expect(bed.secret("prod", "web/www-tls")).toBeDefined();
    expect(cluster.calls).toEqual([]);
    expect(await bed.mirror("prod", "web/www")).toBeUndefined();
    expect(await bed.synced("prod", "web/www")).toBeUndefined();
  });

  it.each(ends)("%s: delete removes its Secret", async (_title, end) => {
    const bed = openMirrorBed();
    await bed.addCluster("prod", { deletionPolicy: "delete" });
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    await end(bed);
    await bed.tell("web/www");
    expect(bed.secret("prod", "web/www-tls")).toBeUndefined();
    expect(await bed.mirror("prod", "web/www")).toBeUndefined();
    expect(await bed.synced("prod", "web/www")).toBeUndefined();
  });

  const others: [title: string, change: (cluster: FakeKubernetes) => void][] = [
    [
      "another Certificate's",
      (cluster) => {
        cluster.edit(secretRef("web/www-tls"), {
          metadata: { annotations: { "certwright.dev/certificate": "web/new" } },
        });
      },
    ],
    [
      "another installation's",
      (cluster) => {
        const data = { "tls.key": Buffer.from("theirs").toString("base64") };
        const metadata = { namespace: "web", name: "www-tls" };
        cluster.applyAs("certwright-other", { apiVersion: "v1", kind: "Secret", metadata, data });
      },
    ],
    [
      "made anew by hand",
      (cluster) => {
        const secret = cluster.object(secretRef("web/www-tls"));
        cluster.remove(secretRef("web/www-tls"));
        const metadata = { namespace: "web", name: "www-tls" };
        cluster.create({ apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data: secret?.data });
      },
    ],
  ];
  it.each(others)("delete leaves a Secret that is %s now", async (_title, change) => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { deletionPolicy: "delete" });
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    change(cluster);
    await bed.requests.delete(certificateKey("web/www"));
    await bed.tell("web/www");
    expect(bed.secret("prod", "web/www-tls")).toBeDefined();
    expect(await bed.mirror("prod", "web/www")).toBeUndefined();
  });

  it("stays, and is repaired, while an edit of it cannot be read", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { deletionPolicy: "delete" });
    await bed.issue({ id: "web/www" });
    await bed.tell("web/www");
    await bed.requests.put({ key: certificateKey("web/www"), apiVersion: "certwright.dev/v1", spec: { dnsName: "x" } });
    await bed.tell("web/www");
    expect(bed.secret("prod", "web/www-tls")).toBeDefined();
    cluster.edit(secretRef("web/www-tls"), { data: { "tls.crt": "" } });
    await bed.sweep(70);
    expect(textIn(bed.secret("prod", "web/www-tls"), "tls.crt")).not.toBe("");
    expect(await bed.synced("prod", "web/www")).toBe("Synced");
  });
});
