import { describe, expect, it } from "vitest";
import { openTexts } from "../../../../core/map-text.ts";
import { parseCluster } from "../../../../core/request.ts";
import { goodCluster, stored } from "../../../support/good-objects.ts";
import { makeChain } from "../../../support/test-chain.ts";
import { specOf } from "./spec-of.ts";

await openTexts("a text");

describe("parseCluster", () => {
  it("fills in what is not said", () => {
    expect(specOf(parseCluster(goodCluster()))).toEqual({
      server: "https://10.0.0.1:6443",
      auth: { tokenSecretRef: { name: "prod-eu", key: "token" } },
      namespaceMap: {},
      deletionPolicy: "retain",
      mode: "repair",
      requestsPerSecond: 20,
      driftCheckSeconds: 3_600,
      trustNamespace: "cert-manager",
    });
  });

  it("reads all that may be said", () => {
    const spec = {
      server: "https://rancher.example.com/k8s/clusters/c-m-1/",
      auth: { eks: { clusterName: "prod", region: "eu-central-1", roleArn: "arn:aws:iam::123456789012:role/a/b" } },
      namespaceMap: { web: "frontend", mail: "", "*": "shared" },
      selector: {
        namespaces: ["web", "web"],
        matchLabels: { team: "web" },
        matchExpressions: [
          { key: "tier", operator: "NotIn", values: ["dev"] },
          { key: "old", operator: "DoesNotExist" },
        ],
      },
      allowedNamespaces: ["web"],
      deletionPolicy: "delete",
      mode: "report",
      requestsPerSecond: 500,
      driftCheckInterval: "1h30m",
      trustNamespace: "trust",
      reload: { namespaces: ["*"], annotatedIn: ["web"], maxConcurrent: "25%", timeout: "5m" },
    };
    expect(specOf(parseCluster(goodCluster(spec)))).toEqual({
      ...spec,
      server: "https://rancher.example.com/k8s/clusters/c-m-1",
      selector: {
        namespaces: ["web"],
        matchLabels: { team: "web" },
        matchExpressions: [
          { key: "tier", operator: "NotIn", values: ["dev"] },
          { key: "old", operator: "DoesNotExist", values: [] },
        ],
      },
      driftCheckInterval: undefined,
      driftCheckSeconds: 5_400,
      reload: { namespaces: ["*"], annotatedIn: ["web"], maxConcurrent: { percent: 25 }, timeoutSeconds: 300 },
    });
  });

  it.each([
    ["a kubeconfig, which says the server", { kubeconfigSecretRef: { name: "k" } }, { name: "k", key: "kubeconfig" }],
    ["a kubeconfig under another key", { kubeconfigSecretRef: { name: "k", key: "c" } }, { name: "k", key: "c" }],
    ["a client certificate", { clientCertificateSecretRef: { name: "k" } }, { name: "k" }],
  ])("knows %s", (_, auth, ref) => {
    const server = "kubeconfigSecretRef" in auth ? undefined : "https://10.0.0.1";
    const spec = specOf(parseCluster(goodCluster({ auth, server })));
    expect(Object.values(spec.auth)).toEqual([ref]);
    expect(spec.server).toBe(server);
  });

  it("trusts what caBundle holds, in PEM", async () => {
    const { rootPem } = await makeChain({ now: () => new Date() });
    const caBundle = Buffer.from(`a comment\n${rootPem}`).toString("base64");
    expect(specOf(parseCluster(goodCluster({ caBundle }))).caBundle).toBe(rootPem);
  });

  it("takes an empty list at its word: nobody, and not anybody", () => {
    const spec = specOf(parseCluster(goodCluster({ allowedNamespaces: [], selector: { namespaces: [] } })));
    expect([spec.allowedNamespaces, spec.selector?.namespaces]).toEqual([[], []]);
    expect(specOf(parseCluster(goodCluster({ allowedNamespaces: null }))).allowedNamespaces).toBeUndefined();
  });

  it("restarts one at a time unless told otherwise", () => {
    const reload = (maxConcurrent?: number) =>
      specOf(parseCluster(goodCluster({ reload: { namespaces: ["a"], maxConcurrent } })));
    expect(reload().reload).toMatchObject({ maxConcurrent: { count: 1 }, timeoutSeconds: 600, annotatedIn: [] });
    expect(reload(7).reload?.maxConcurrent).toEqual({ count: 7 });
  });

  it("reads a whole spec from a text of YAML", () => {
    const text = "server: https://10.0.0.1:6443\nauth: {tokenSecretRef: {name: prod-eu}}\n";
    expect(specOf(parseCluster(stored("Cluster", text)))).toEqual(specOf(parseCluster(goodCluster())));
  });
});
