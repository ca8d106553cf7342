import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openTexts } from "../../../core/map-text.ts";
import type { StoredRequest } from "../../../core/ports.ts";
import { parseCertificate } from "../../../core/request.ts";
import { kinds } from "../../../core/resource.ts";
import { specHash } from "../../../core/spec-hash.ts";
import { badBundles } from "../../support/bad-bundles.ts";
import { badClusters } from "../../support/bad-clusters.ts";
import { badObjects } from "../../support/bad-objects.ts";
import { goodCertificate, goodIssuer, stored } from "../../support/good-objects.ts";
import { parseRequest } from "../../support/parse.ts";

await openTexts("a text");

const yaml = `
# as a developer writes it
secretName: www-tls
dnsNames:
  - www.example.com
issuerRef: { name: le }
`;

describe("parseRequest", () => {
  it("gives key, labels, annotations, apiVersion and hash beside the spec", () => {
    const metadata = { labels: { team: "web" }, annotations: { note: "x" }, name: "bad", namespace: "web" };
    const request = goodCertificate({}, metadata);
    expect(parseRequest(request)).toMatchObject({
      ok: true,
      resource: {
        key: request.key,
        apiVersion: "cert-manager.io/v1",
        labels: metadata.labels,
        annotations: metadata.annotations,
        specHash: specHash(request),
      },
    });
  });

  it.each<[string, unknown]>([
    ["a YAML text", yaml],
    ["a JSON text", JSON.stringify(goodCertificate().spec)],
    ["a JSON text with tabs", JSON.stringify(goodCertificate().spec, null, "\t")],
    [
      "a YAML text with anchors",
      "secretName: www-tls\ndnsNames: &n [www.example.com]\nissuerRef: {name: le}\nuris: null\n",
    ],
    ["a YAML text with a start marker", `---${yaml}...\n`],
    ["a map without prototype", Object.assign(Object.create(null), goodCertificate().spec)],
  ])("reads a spec written as %s like a map", (_, spec) => {
    expect(parseRequest(stored("Certificate", spec))).toEqual(parseRequest(goodCertificate()));
  });

  it("reads YAML merges", () => {
    const text = `${yaml}privateKey: &k {size: 4096}\nsecretTemplate: {labels: {<<: {a: b}, c: d}}\n`;
    const parsed = parseCertificate(stored("Certificate", text));
    expect(parsed.ok && parsed.resource.spec.secretTemplate.labels).toEqual({ a: "b", c: "d" });
  });

  it("reads metadata written as a text", () => {
    const parsed = parseRequest(goodCertificate({}, "labels: {team: web}\nannotations: {certwright.dev/store: s3}\n"));
    expect(parsed.ok && parsed.resource.labels).toEqual({ team: "web" });
    expect(parsed).toMatchObject({ ok: true, resource: { spec: { options: { store: "s3" } } } });
  });

  it.each<[unknown, string]>([
    [undefined, "certwright.dev/v1"],
    [null, "certwright.dev/v1"],
    ["cert-manager.io/v1", "cert-manager.io/v1"],
    ["certwright.dev/v1", "certwright.dev/v1"],
  ])("takes the apiVersion %j for %s", (apiVersion, expected) => {
    const parsed = parseRequest({ ...goodCertificate(), apiVersion });
    expect(parsed.ok && parsed.resource.apiVersion).toBe(expected);
  });

  it("takes what `kubectl get -o yaml` prints", () => {
    const metadata = {
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
      creationTimestamp: "2026-11-22T19:00:00Z",
      finalizers: ["x"],
      generation: 2,
      managedFields: [{ manager: "kubectl", fieldsV1: { "f:spec": {} } }],
      name: "bad",
      namespace: "web",
      ownerReferences: [{ kind: "Ingress", name: "x", uid: "1" }],
      resourceVersion: "12",
      uid: "6f2a",
    };
    const spec = {
      privateKey: { rotationPolicy: "Always" },
      issuerRef: { group: "cert-manager.io", kind: "Issuer", name: "le" },
    };
    expect(parseRequest(goodCertificate(spec, metadata)).ok).toBe(true);
    const issuer = goodIssuer({}, "ClusterIssuer", { ...metadata, namespace: undefined });
    expect(parseRequest(issuer).ok).toBe(true);
  });
});

/** The tests below are about every input; `SEED=n` tries another series. */
describe("whatever is stored", () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.anything({ withBigInt: true, withSet: true, withMap: true, withDate: true, maxDepth: 4 }),
  );
  const fieldNames = [
    ...new Set(
      [...badObjects, ...badClusters, ...badBundles].flatMap(({ path }) => path.split(/[.[\]]/).filter(Boolean)),
    ),
  ];
  const nearMiss = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      tie("map"),
      fc.array(tie("value"), { maxLength: 3 }),
    ),
    map: fc.dictionary(fc.constantFrom(...fieldNames), tie("value"), { maxKeys: 6 }),
  })).map;
  const text = fc.oneof(
    fc.string(),
    nearMiss.map((value) => JSON.stringify(value)),
    fc
      .array(
        fc.constantFrom(
          "a",
          ":",
          " ",
          "\n",
          "- ",
          "[",
          "]",
          "{",
          "}",
          "&x ",
          "*x ",
          "? ",
          "|",
          ">",
          "!t ",
          "'",
          '"',
          "<<",
          "%",
          "---",
          "#",
          "\t",
          "0",
          ",",
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join("")),
  );
  const part = fc.oneof(nearMiss, text, anything);

  it("is parsed without throwing, and refused with at least one whole fault", () => {
    const object = fc.record({
      key: fc.record({ namespace: fc.string(), kind: fc.constantFrom(...kinds), name: fc.string() }),
      apiVersion: anything,
      metadata: part,
      spec: part,
    });
    fc.assert(
      fc.property(object, (request: StoredRequest) => {
        const parsed = parseRequest(request);
        if (parsed.ok) return;
        expect(parsed.faults.length).toBeGreaterThan(0);
        for (const fault of parsed.faults)
          expect(Object.values(fault).every((words) => typeof words === "string" && words !== "")).toBe(true);
        expect(parsed.specHash).toMatch(/^[-_A-Za-z0-9]{22}$/);
      }),
      { numRuns: 10_000, interruptAfterTimeLimit: 4_000 },
    );
  });

  it.each<[string, unknown]>([
    ["deep lists", nested(20_000, (inner) => [inner])],
    ["deep maps", nested(20_000, (inner) => ({ subject: inner }))],
    ["a deep text", "{subject: ".repeat(6_000)],
    [
      "a text of one anchor after the other",
      `a: &a [x]\n${Array.from({ length: 4_000 }, (_, index) => `k${index}: *a`).join("\n")}`,
    ],
    [
      "an exponential text",
      Array.from(
        { length: 9 },
        (_, index) => `k${index}: &k${index} [${`*k${index - 1},`.repeat(index === 0 ? 0 : 2)}]`,
      ).join("\n"),
    ],
    ["a text of many keys", Array.from({ length: 10_000 }, (_, index) => `k${index}:`).join("\n")],
    ["a name of many letters", { dnsNames: ["a.".repeat(30_000), `\u00fc${"a".repeat(60_000)}`, "-".repeat(60_000)] }],
    ["a bundle of many blanks", { caBundle: `${" ".repeat(300_000)}!`, commonName: `${" ".repeat(300_000)}!` }],
    ["a duration of many digits", { duration: `${"9".repeat(60_000)}h` }],
    ["a prototype", JSON.parse('{"__proto__":{"secretName":"x"},"constructor":1,"toString":{}}')],
  ])("%s are refused", (_, spec) => {
    expect(parseRequest(stored("Certificate", spec)).ok).toBe(false);
    expect(parseRequest(stored("ClusterIssuer", { acme: spec })).ok).toBe(false);
    expect(() => parseRequest(goodCertificate({}, spec))).not.toThrow();
  });
});

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = {};
  for (let level = 0; level < depth; level += 1) value = wrap(value);
  return value;
}
