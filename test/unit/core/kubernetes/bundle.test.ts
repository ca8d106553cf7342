import { describe, expect, it } from "vitest";
import { parseBundle } from "../../../../core/request.ts";
import { goodBundle, stored } from "../../../support/good-objects.ts";
import { specOf } from "./spec-of.ts";

describe("parseBundle", () => {
  const everything = {
    sources: [
      { configMap: { name: "roots", key: "ca.crt" } },
      { secret: { selector: { matchLabels: { trust: "yes" } }, includeAllKeys: true } },
      { inLine: "-----BEGIN CERTIFICATE-----" },
      { useDefaultCAs: true },
    ],
    target: {
      configMap: { key: "ca.crt", metadata: { labels: { a: "b" }, annotations: { "a.b/c": "d e" } } },
      secret: { key: "ca.crt" },
      additionalFormats: { jks: { key: "ca.jks" }, pkcs12: { key: "ca.p12" } },
      namespaceSelector: { matchLabels: { trust: "yes" } },
    },
  };

  it("takes trust-manager's as kubectl prints it", () => {
    const object = {
      ...stored("Bundle", everything, {
        name: "bad",
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
        creationTimestamp: "2026-11-22T19:00:00Z",
        generation: 1,
        uid: "1",
      }),
      apiVersion: "trust.cert-manager.io/v1alpha1",
    };
    const parsed = parseBundle(object);
    expect(parsed.ok && parsed.resource.apiVersion).toBe("trust.cert-manager.io/v1alpha1");
    expect(specOf(parsed)).toEqual({
      sources: [
        { configMap: { name: "roots", key: "ca.crt" } },
        { secret: { selector: { matchLabels: { trust: "yes" }, matchExpressions: [] }, includeAllKeys: true } },
        { inLine: "-----BEGIN CERTIFICATE-----" },
        { useDefaultCAs: true },
      ],
      target: {
        configMap: { key: "ca.crt", metadata: { labels: { a: "b" }, annotations: { "a.b/c": "d e" } } },
        secret: { key: "ca.crt" },
        additionalFormats: {
          jks: { key: "ca.jks", password: "changeit" },
          pkcs12: { key: "ca.p12", password: "", profile: "LegacyRC2" },
        },
        namespaceSelector: { matchLabels: { trust: "yes" }, matchExpressions: [] },
        storedSecret: false,
      },
    });
  });

  it("reads our own fields beside trust-manager's", () => {
    const sources = [
      { issuer: { kind: "Issuer", name: "ca", namespace: "web" } },
      { issuer: { kind: "ClusterIssuer", name: "ca" } },
      { configMap: { name: "bad", key: "other.crt" } },
    ];
    const target = {
      storedSecret: true,
      additionalFormats: { pkcs12: { key: "a", profile: "Modern2023", password: "b" } },
    };
    expect(specOf(parseBundle(goodBundle({ clusters: ["prod-eu"], sources, target })))).toEqual({
      clusters: ["prod-eu"],
      sources,
      target,
    });
    expect(specOf(parseBundle(goodBundle())).clusters).toBeUndefined();
    expect(specOf(parseBundle(goodBundle({ clusters: [] }))).clusters).toEqual([]);
  });

  it("may have one key in ConfigMap and Secret, and name a source like itself", () => {
    const sources = [{ secret: { name: "bad", key: "ca.crt" } }, { useDefaultCAs: false }];
    expect(parseBundle(goodBundle({ sources })).ok).toBe(true);
  });
});
