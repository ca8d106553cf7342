import { describe, expect, it } from "vitest";
import type { StoredRequest } from "../../../../core/ports.ts";
import { specHash } from "../../../../core/spec-hash.ts";
import { badBundles } from "../../../support/bad-bundles.ts";
import { badClusters } from "../../../support/bad-clusters.ts";
import { badTargets } from "../../../support/bad-targets.ts";
import { goodBundle, goodCertificate, goodCluster } from "../../../support/good-objects.ts";
import { parseRequest } from "../../../support/parse.ts";

const bad = [...badClusters, ...badBundles, ...badTargets];

function faultsOf(object: StoredRequest) {
  const parsed = parseRequest(object);
  return parsed.ok ? [] : parsed.faults;
}

describe("an object that breaks a rule", () => {
  it.each(bad)("$rule", ({ object, path, message }) => {
    expect(faultsOf(object).map((fault) => [fault.path, fault.message])).toEqual([[path, message]]);
  });

  it("always reads a cure that the text around it can go on from", () => {
    for (const { object } of bad) for (const { fix } of faultsOf(object)) expect(fix).toMatch(/^[a-z].{5,}[^.]$/s);
  });

  it("is of a rule of its own, and bad by that rule only", () => {
    expect(new Set(bad.map(({ rule }) => rule)).size).toBe(bad.length);
    expect([goodCluster(), goodBundle()].flatMap(faultsOf)).toEqual([]);
  });

  it("is told the field it may have meant", () => {
    expect(faultsOf(goodCluster({ allowedNamespace: [] }))[0]?.fix).toBe("did you mean allowedNamespaces?");
    expect(faultsOf(goodBundle({ cluster: [] }))[0]?.fix).toBe("did you mean clusters?");
  });

  it("changes its hash when it is corrected, by its apiVersion too", () => {
    const fielded = { ...goodCertificate({ targets: [{ cluster: "a" }] }), apiVersion: "cert-manager.io/v1" };
    const wrongs = [
      fielded,
      { ...goodCluster(), apiVersion: "cert-manager.io/v1" },
      { ...goodBundle(), apiVersion: "v1" },
    ];
    for (const wrong of wrongs) {
      const right = { ...wrong, apiVersion: "certwright.dev/v1" };
      expect([faultsOf(wrong).length, faultsOf(right).length]).toEqual([1, 0]);
      expect(specHash(wrong)).not.toBe(specHash(right));
    }
  });

  it("never shows a secret in the wrong place", () => {
    const secret = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    const long = { jks: { key: "a", password: secret.repeat(3) } };
    const objects = [
      goodCluster({ server: `https://admin:${secret}@10.0.0.1` }),
      goodCluster({ auth: { tokenSecretRef: { name: secret } } }),
      goodCluster({ auth: { tokenSecretRef: secret } }),
      goodCluster({ auth: { token: secret } }),
      goodCluster({ caBundle: `${secret}-` }),
      goodBundle({ target: { configMap: { key: "a" }, additionalFormats: long } }),
    ];
    for (const object of objects) {
      const parsed = parseRequest(object);
      expect(parsed.ok).toBe(false);
      expect(JSON.stringify(parsed)).not.toContain(secret.slice(0, 20));
    }
  });
});
