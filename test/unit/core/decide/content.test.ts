import { describe, expect, it } from "vitest";
import { at, decided } from "./world.ts";

const secret = {};
/** As core/content-hash.ts writes it: metadata, template, formats, keystores, encoding; another text in these parts. */
const written = (...changed: number[]) =>
  [0, 1, 2, 3, 4].map((part) => (changed.includes(part) ? "old" : "")).join(".");

describe("a secret that is written otherwise than the spec says", () => {
  it.each<[string, number[], string, string]>([
    ["the annotations of its issuer", [0, 1, 2, 3, 4], "SecretManagedMetadataMismatch", "do not match spec.issuerRef"],
    ["its template", [1, 2, 3, 4], "SecretTemplateMismatch", "do not match spec.secretTemplate"],
    ["its formats", [2, 3, 4], "AdditionalOutputFormatsMismatch", "does not match spec.additionalOutputFormats"],
    ["its keystores", [3, 4], "SecretMismatch", "does not match spec.keystores"],
    ["the encoding of its key", [4], "SecretMismatch", "tls.key does not match spec.privateKey.encoding"],
  ])("is rewritten for %s, in cert-manager's order", (_what, changed, reason, message) => {
    expect(decided({ issued: { contentHash: written(...changed) }, secret })).toEqual({
      action: "rewrite",
      reason,
      message: expect.stringMatching(new RegExp(`${message}$`)),
    });
  });

  const world = { issued: { contentHash: written(1) } };

  it("is looked at first: where it is gone it is issued anew, and nothing is rewritten", () => {
    expect(decided(world)).toEqual({ action: "nothing", reason: "UpToDate", look: true });
    expect(decided({ ...world, secret: "absent" })).toMatchObject({ action: "issue", reason: "DoesNotExist" });
  });

  it("is left alone while a rewrite is under way, unless the spec changed meanwhile", () => {
    const rewrite = { until: at(1) };
    const underWay = { ...world, secret, row: { rewrite } };
    expect(decided(underWay)).toEqual({ action: "nothing", reason: "Rewriting" });
    expect(decided({ ...underWay, row: { rewrite: { until: at(0) } } })).toMatchObject({ action: "rewrite" });
    const decidedOn = { dnsNames: ["old.example.com"] };
    expect(decided({ ...underWay, decidedOn })).toMatchObject({ action: "rewrite" });
  });

  it("gets a new certificate instead when that is wanted anyhow", () => {
    const renewal = { issued: { contentHash: written(1), renewalTime: at(-1) }, secret };
    expect(decided(renewal)).toMatchObject({ action: "issue", reason: "Renewing" });
  });
});
