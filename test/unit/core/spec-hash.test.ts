import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openTexts } from "../../../core/map-text.ts";
import { specHash } from "../../../core/spec-hash.ts";
import { goodCertificate, goodIssuer, stored } from "../../support/good-objects.ts";

await openTexts("a text");

const good = specHash(goodCertificate());
const hashWith = (metadata: unknown) => specHash(goodCertificate({}, metadata));
const annotated = (name: string, value: unknown) => hashWith({ annotations: { [name]: value } });

describe("the spec hash stays the same", () => {
  it.each<[string, string]>([
    ["for the same content as JSON", specHash(stored("Certificate", JSON.stringify(goodCertificate().spec)))],
    [
      "for the same content as YAML",
      specHash(
        stored("Certificate", "issuerRef: {name: le}\ndnsNames: [www.example.com] # x\nsecretName: 'www-tls'\n"),
      ),
    ],
    ["for a null field", specHash(goodCertificate({ subject: null }))],
    ["for another apiVersion", specHash({ ...goodCertificate(), apiVersion: undefined })],
    ["for empty metadata", hashWith({})],
    ["for empty labels and annotations", hashWith({ labels: {}, annotations: {} })],
    [
      "for metadata that decides nothing",
      hashWith({ name: "bad", namespace: "web", uid: "1", annotations: { note: "x" } }),
    ],
    ["for a wish to renew", annotated("certwright.dev/renew-requested-at", "2026-11-22T19:00:00Z")],
    ["for metadata as a text", hashWith("annotations: {note: x}")],
    ["under another key", specHash({ ...goodCertificate(), key: { namespace: "db", kind: "Certificate", name: "x" } })],
  ])("%s", (_, hash) => {
    expect(hash).toBe(good);
  });

  it("whatever the order of keys", () => {
    const shuffled = fc
      .dictionary(fc.string(), fc.jsonValue())
      .chain((map) =>
        fc
          .shuffledSubarray(Object.entries(map), { minLength: Object.keys(map).length })
          .map((entries) => ({ map, entries })),
      );
    fc.assert(
      fc.property(shuffled, ({ map, entries }) => {
        expect(specHash(stored("Certificate", Object.fromEntries(entries)))).toBe(specHash(stored("Certificate", map)));
      }),
    );
  });

  it("whether written as a map or as its JSON text", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: "grapheme-ascii", minLength: 1 }), fc.jsonValue(), { minKeys: 1 }),
        (map) => {
          const roundTrip = JSON.parse(JSON.stringify(map));
          expect(specHash(stored("Certificate", JSON.stringify(map)))).toBe(specHash(stored("Certificate", roundTrip)));
        },
      ),
    );
  });
});

describe("the spec hash changes", () => {
  it.each<[string, string]>([
    ["with a field", specHash(goodCertificate({ duration: "2h" }))],
    ["with the order of a list", specHash(goodCertificate({ dnsNames: ["b.de", "www.example.com"] }))],
    ["with a label", hashWith({ labels: { team: "web" } })],
    ["with the store", annotated("certwright.dev/store", "s3")],
    ["with the deletion policy", annotated("certwright.dev/deletion-policy", "delete")],
    ["with the recovery window", annotated("certwright.dev/recovery-window-days", "9")],
    ["when a refused apiVersion is mended", specHash({ ...goodCertificate(), apiVersion: "v2" })],
    ["when a refused wish to renew is mended", annotated("certwright.dev/renew-requested-at", "now")],
    ["when an unknown annotation is removed", annotated("certwright.dev/stor", "s3")],
    [
      "when a temporary certificate is no longer asked",
      annotated("cert-manager.io/issue-temporary-certificate", "true"),
    ],
    ["when an annotation that is no text is mended", annotated("note", 5)],
    ["when a contradicting name is mended", hashWith({ name: "other" })],
    ["when labels that are no map are mended", hashWith({ labels: [] })],
    ["when unreadable metadata is mended", hashWith("{")],
    ["when an unreadable spec is mended", specHash(stored("Certificate", "{"))],
  ])("%s", (_, hash) => {
    expect(hash).not.toBe(good);
    expect(hash).toMatch(/^[-_A-Za-z0-9]{22}$/);
  });

  it("between two texts that cannot be read", () => {
    expect(specHash(stored("Certificate", "{"))).not.toBe(specHash(stored("Certificate", "{ ")));
  });

  it("with an issuer's rate limits", () => {
    const limited = goodIssuer({}, "ClusterIssuer", { annotations: { "certwright.dev/rate-limits": "{}" } });
    expect(specHash(limited)).not.toBe(specHash(goodIssuer()));
  });

  it("of a set does not know the order of its members, whatever they are", () => {
    const members = [{ toString: 0 }, new Set(["b", 1]), "a"];
    const [one, other] = [members, members.toReversed()].map((order) =>
      specHash(stored("Certificate", { dnsNames: new Set(order) })),
    );
    expect(one).toBe(other);
  });

  it("between types that JSON would write alike", () => {
    const hashes = [new Set(["a.de"]), ["a.de"], "a.de", { 0: "a.de" }].map((dnsNames) =>
      specHash(goodCertificate({ dnsNames })),
    );
    expect(new Set(hashes).size).toBe(4);
  });
});
