import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { keyOf, makeWorld, request, specOf, type World } from "./world.ts";

const folder = mkdtempSync(join(tmpdir(), "certwright-apply-"));
afterAll(() => rmSync(folder, { recursive: true }));

let world: World;
beforeEach(() => {
  world = makeWorld();
});

const certificate = (name: string, more: object = {}) => ({
  apiVersion: "cert-manager.io/v1",
  kind: "Certificate",
  metadata: { name, ...more },
  spec: specOf(name),
});

function file(name: string, ...objects: unknown[]): string {
  const path = join(folder, name);
  writeFileSync(path, objects.map((object) => (typeof object === "string" ? object : stringify(object))).join("---\n"));
  return path;
}

describe("apply", () => {
  it("creates, then finds nothing to change, then configures", async () => {
    const path = file("web.yaml", certificate("web"));
    expect(await world.run(`apply -f ${path}`)).toMatchObject({ code: 0, out: "certificate/web created", err: "" });
    expect(await world.run(`apply -f ${path}`)).toMatchObject({ code: 0, out: "certificate/web unchanged" });
    const edited = { ...certificate("web"), spec: { ...specOf("web"), dnsNames: ["other.example.test"] } };
    expect(await world.run(`apply -f ${file("web2.yaml", edited)}`)).toMatchObject({
      out: "certificate/web configured",
    });
  });

  it("writes what put-item would: apiVersion, the spec as a map, labels and annotations, nothing else of metadata", async () => {
    const labels = { team: "web" };
    const annotations = { "certwright.dev/store": "s3" };
    const uid = "6f1d2c55-0b0f-4c66-8a43-1f6d4f1f4f0e";
    const object = { ...certificate("web", { labels, annotations, uid, namespace: "shop" }), status: { revision: 1 } };
    await world.run(`apply -f ${file("full.yaml", object)}`);
    expect(await world.requests.get(keyOf("web", "shop"))).toEqual({
      key: keyOf("web", "shop"),
      apiVersion: "cert-manager.io/v1",
      metadata: { labels, annotations },
      spec: specOf("web"),
    });
  });

  it("counts a changed label and a changed annotation as a change", async () => {
    await world.run(`apply -f ${file("l1.yaml", certificate("web", { labels: { a: "1" } }))}`);
    const next = file("l2.yaml", certificate("web", { labels: { a: "2" } }));
    expect((await world.run(`apply -f ${next}`)).out).toBe("certificate/web configured");
    const noted = file("l3.yaml", certificate("web", { labels: { a: "2" }, annotations: { "example.test/x": "y" } }));
    expect((await world.run(`apply -f ${noted}`)).out).toBe("certificate/web configured");
  });

  it("keeps the annotation of `renew`, which no file knows", async () => {
    await request(world, "web", { annotations: { "certwright.dev/renew-requested-at": "2026-11-22T11:00:00Z" } });
    const path = file("kept.yaml", certificate("web"));
    expect((await world.run(`apply -f ${path}`)).out).toBe("certificate/web unchanged");
    await world.run(`apply -f ${file("kept2.yaml", certificate("web", { labels: { a: "b" } }))}`);
    expect((await world.requests.get(keyOf("web")))?.metadata).toEqual({
      labels: { a: "b" },
      annotations: { "certwright.dev/renew-requested-at": "2026-11-22T11:00:00Z" },
    });
  });

  it("says (dry run) and writes nothing", async () => {
    const path = file("dry.yaml", certificate("web"));
    for (const option of ["--dry-run", "--dry-run=client"])
      expect((await world.run(`apply -f ${path} ${option}`)).out).toBe("certificate/web created (dry run)");
    expect(await world.requests.get(keyOf("web"))).toBeUndefined();
  });

  it.each([
    ["several documents", [certificate("a"), certificate("b")]],
    ["a List", [{ apiVersion: "v1", kind: "List", items: [certificate("a"), certificate("b")] }]],
    [
      "a CertificateList",
      [{ apiVersion: "cert-manager.io/v1", kind: "CertificateList", items: [certificate("a"), certificate("b")] }],
    ],
    ["empty documents between", ["# nothing\n", certificate("a"), "", certificate("b")]],
  ])("takes %s", async (_, objects) => {
    const ran = await world.run(`apply -f ${file("many.yaml", ...objects)}`);
    expect(ran).toMatchObject({ code: 0, out: "certificate/a created\ncertificate/b created" });
  });

  it("takes JSON from stdin", async () => {
    const ran = await world.run("apply -f -", { stdin: JSON.stringify(certificate("web")) });
    expect(ran).toMatchObject({ code: 0, out: "certificate/web created" });
  });

  it("takes a directory's YAML and JSON files in order of name, its folders only with -R", async () => {
    const directory = join(folder, "tree");
    mkdirSync(join(directory, "deep"), { recursive: true });
    file("tree/b.yml", certificate("b"));
    file("tree/a.json", JSON.stringify(certificate("a")));
    file("tree/notes.txt", "no object");
    file("tree/deep/c.yaml", certificate("c"));
    expect((await world.run(`apply -f ${directory}`)).out).toBe("certificate/a created\ncertificate/b created");
    expect((await world.run(`apply -R -f ${directory}`)).out).toBe(
      "certificate/a unchanged\ncertificate/b unchanged\ncertificate/c created",
    );
  });

  it("puts a ClusterIssuer into _cluster whatever -n says", async () => {
    const issuer = {
      apiVersion: "cert-manager.io/v1",
      kind: "ClusterIssuer",
      metadata: { name: "le" },
      spec: {
        acme: {
          server: "https://acme-v02.api.letsencrypt.org/directory",
          privateKeySecretRef: { name: "le-account" },
          solvers: [{ dns01: { route53: { region: "eu-central-1" } } }],
        },
      },
    };
    const ran = await world.run(`apply -n shop -f ${file("issuer.yaml", issuer)}`);
    expect(ran).toMatchObject({ code: 0, out: "clusterissuer/le created" });
    expect(await world.requests.get(keyOf("le", "_cluster", "ClusterIssuer"))).toBeDefined();
  });

  it.each([
    ["the object's namespace", { namespace: "shop" }, "", "shop"],
    ["-n for an object without one", {}, "-n web", "web"],
    ["default without both", {}, "", "default"],
    ["the object's when -n says the same", { namespace: "shop" }, "-n shop", "shop"],
  ])("uses %s", async (_, metadata, option, namespace) => {
    await world.run(`apply ${option} -f ${file("ns.yaml", certificate("web", metadata))}`);
    expect(await world.requests.get(keyOf("web", namespace))).toBeDefined();
  });

  it("refuses -n that contradicts the object", async () => {
    const path = file("contra.yaml", certificate("web", { namespace: "shop" }));
    const ran = await world.run(`apply -n web -f ${path}`);
    expect(ran.code).toBe(1);
    expect(ran.err).toBe(
      [
        `${path}:5: certificate/web: metadata.namespace: Invalid value: "shop": -n says "web"`,
        "  drop one of the two",
        "error: 1 fault; nothing was written",
      ].join("\n"),
    );
  });

  it("shows all faults of all objects at once with file, line, field and fix, and writes nothing", async () => {
    const text = `apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: good
spec:
  secretName: good-tls
  dnsNames: [good.example.test]
  issuerRef: { name: pebble, kind: ClusterIssuer }
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: bad
spec:
  secretName: bad-tls
  duration: 10m
  dnsNames:
    - good.example.test
    - not a name
  issuerRef: { name: pebble, kind: ClusterIssuer }
`;
    const path = file("bad.yaml", text);
    const { code, out, err } = await world.run(`apply -f ${path}`);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(new RegExp(`${path}:16: certificate/bad: spec.duration: .+\\n  \\S.+`));
    expect(err).toMatch(new RegExp(`${path}:19: certificate/bad: spec.dnsNames\\[1\\]: .+\\n  \\S.+`));
    expect(err).toContain("error: 2 faults; nothing was written");
    expect(await world.requests.list("default")).toEqual([]);
  });

  it.each([
    ["no kind", "metadata: {name: a}\napiVersion: cert-manager.io/v1\n", "kind: Required value"],
    [
      "a kind of somebody else",
      "kind: Secret\napiVersion: v1\nmetadata: {name: a}\n",
      'kind: Unsupported value: "Secret"',
    ],
    ["no apiVersion", "kind: Certificate\nmetadata: {name: a}\nspec: {}\n", "apiVersion: Required value"],
    [
      "no name",
      "kind: Certificate\napiVersion: cert-manager.io/v1\nmetadata: {generateName: a-}\n",
      "metadata.name: Required",
    ],
    ["no map", "- just\n- a list\n", "kind: Required value"],
    ["broken YAML", "kind: [Certificate\n", ":2: Flow sequence"],
    ["a repeated key", "kind: Certificate\nkind: Issuer\n", ":2: Map keys must be unique"],
    ["an alias without anchor", "kind: *nothing\n", "Unresolved alias"],
  ])("refuses %s", async (_, text, message) => {
    const { code, err } = await world.run(`apply -f ${file("odd.yaml", text)}`);
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(err).toContain("nothing was written");
  });

  it("refuses one object written twice, naming the first place", async () => {
    const path = file("twice.yaml", certificate("web"), certificate("web"));
    const { code, err } = await world.run(`apply -f ${path}`);
    expect(code).toBe(1);
    expect(err).toContain(`certificate/web: it is written twice, first in ${path}:1`);
  });

  it.each([
    ["a file that is not there", `apply -f ${folder}/none.yaml`, 1, "there is no such file or directory"],
    ["an empty file", `apply -f ${folder}/empty.yaml`, 1, "No objects found"],
    ["no file", "apply", 2, "which file?"],
    ["an argument without -f", "apply web.yaml", 2, "takes files by -f"],
  ])("fails for %s", async (_, line, code, message) => {
    writeFileSync(join(folder, "empty.yaml"), "# only a comment\n");
    const ran = await world.run(line);
    expect(ran).toMatchObject({ code, out: "" });
    expect(ran.err).toContain(message);
  });

  it("shows how far it is on a terminal when there are many", async () => {
    const path = file("thirty.yaml", ...Array.from({ length: 30 }, (_, index) => certificate(`c${index}`)));
    const ran = await world.run(`apply -f ${path}`, { live: true });
    expect(ran.progress).toContain("30/30");
    expect(ran.out.split("\n")).toHaveLength(30);
    expect(await world.requests.list("default")).toHaveLength(30);
  });

  it("tells which object could not be written and goes on with the others", async () => {
    const { put } = world.requests;
    world.requests.put = async (one) => {
      if (one.key.name === "b") throw new Error("the table is not there");
      return put(one);
    };
    const ran = await world.run(`apply -f ${file("three.yaml", certificate("a"), certificate("b"), certificate("c"))}`);
    expect(ran).toMatchObject({ code: 1, out: "certificate/a created\ncertificate/c created" });
    expect(ran.err).toBe("error: certificate/b: the table is not there");
  });

  it("never throws, whatever the YAML says", async () => {
    const name = fc.constantFrom("a", "", "UPPER", "x".repeat(300), "sp ace", "_cluster");
    const object = fc.record(
      {
        apiVersion: fc.constantFrom("cert-manager.io/v1", "certwright.dev/v1", "v1", 7, null),
        kind: fc.constantFrom("Certificate", "Issuer", "ClusterIssuer", "List", "Secret", null),
        metadata: fc.oneof(
          fc.record({ name, namespace: name, labels: fc.jsonValue() }, { requiredKeys: [] }),
          fc.jsonValue(),
        ),
        spec: fc.oneof(
          fc.record(
            { secretName: fc.jsonValue(), dnsNames: fc.jsonValue(), issuerRef: fc.jsonValue(), acme: fc.jsonValue() },
            { requiredKeys: [] },
          ),
          fc.jsonValue(),
        ),
        items: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      fc.string(),
      object.map((value) => stringify(value)),
      object.map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(text, async (stdin) => {
        const ran = await makeWorld().run("apply -f -", { stdin });
        expect([0, 1]).toContain(ran.code);
        expect(ran.err).not.toContain("TypeError");
      }),
      { numRuns: 300 },
    );
  });
});
