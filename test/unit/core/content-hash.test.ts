import { describe, expect, it } from "vitest";
import { changedPart, contentHash } from "../../../core/content-hash.ts";
import { resourceOf } from "./decide/world.ts";

const hashOf = (spec: object = {}) => contentHash(resourceOf({ ...spec }).spec);
const jks = (more: object = {}) => ({ keystores: { jks: { create: true, password: "changeit", ...more } } });
const formats = (...types: string[]) => ({ additionalOutputFormats: types.map((type) => ({ type })) });

describe("contentHash", () => {
  it("is nothing for the plainest secret, whatever else the spec says", () => {
    expect(hashOf()).toBeUndefined();
    expect(
      hashOf({ duration: "48h", dnsNames: ["a.example.com"], privateKey: { algorithm: "Ed25519" } }),
    ).toBeUndefined();
    expect(hashOf({ privateKey: { algorithm: "Ed25519", encoding: "PKCS8" } })).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ["metadata", { issuerRef: { name: "le", group: "certwright.dev" } }, "metadata"],
    ["template", { secretTemplate: { labels: { a: "1" } } }, "template"],
    ["formats", formats("DER"), "formats"],
    ["keystores", jks(), "keystores"],
    ["encoding", { privateKey: { encoding: "PKCS8" } }, "encoding"],
  ])("tells that %s changed, and is short", (_part, spec, part) => {
    expect(changedPart(undefined, hashOf(spec))).toBe(part);
    expect(changedPart(hashOf(spec), undefined)).toBe(part);
    expect(changedPart(hashOf(spec), hashOf(spec))).toBeUndefined();
    expect(hashOf(spec)?.length).toBeLessThan(16);
  });

  it.each<[string, object, object]>([
    ["another alias", jks(), jks({ alias: "web" })],
    ["another password", jks(), jks({ password: "other" })],
    [
      "another value of a label",
      { secretTemplate: { labels: { a: "1" } } },
      { secretTemplate: { labels: { a: "2" } } },
    ],
    [
      "a label that becomes an annotation",
      { secretTemplate: { labels: { a: "1" } } },
      { secretTemplate: { annotations: { a: "1" } } },
    ],
    ["one more format", formats("DER"), formats("DER", "CombinedPEM")],
  ])("is another for %s", (_what, one, other) => {
    expect(hashOf(one)).not.toBe(hashOf(other));
  });

  it("does not depend on the order in which things are written", () => {
    expect(hashOf(formats("DER", "CombinedPEM"))).toBe(hashOf(formats("CombinedPEM", "DER")));
    expect(hashOf({ secretTemplate: { labels: { a: "1", b: "2" } } })).toBe(
      hashOf({ secretTemplate: { labels: { b: "2", a: "1" } } }),
    );
  });

  it("says first what cert-manager looks at first", () => {
    const before = hashOf();
    expect(changedPart(before, hashOf({ ...jks(), ...formats("DER"), secretTemplate: { labels: { a: "1" } } }))).toBe(
      "template",
    );
    expect(changedPart(before, hashOf({ ...jks(), ...formats("DER") }))).toBe("formats");
  });
});
