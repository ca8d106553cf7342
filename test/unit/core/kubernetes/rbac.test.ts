import { describe, expect, it } from "vitest";
import type { BundleSpec } from "../../../../core/kubernetes/bundle.ts";
import type { ClusterSpec, ReloadSpec } from "../../../../core/kubernetes/cluster.ts";
import { type Rights, rightsIn, type Use } from "../../../../core/kubernetes/rbac.ts";
import { named, type PolicyRule } from "../../../../core/kubernetes/rbac-rules.ts";

const spec: ClusterSpec = {
  server: "https://10.0.0.1:6443",
  auth: { tokenSecretRef: { name: "token", key: "token" } },
  namespaceMap: {},
  deletionPolicy: "retain",
  mode: "repair",
  requestsPerSecond: 20,
  driftCheckSeconds: 3_600,
  trustNamespace: "cert-manager",
};
const reload: ReloadSpec = { namespaces: [], annotatedIn: [], maxConcurrent: { count: 1 }, timeoutSeconds: 600 };
const noUse: Use = { spec, secrets: [], formerSecrets: [], bundles: [] };
const at = (namespace: string, name: string) => ({ namespace, name });

const core = (resource: string, verbs: string[], ...resourceNames: string[]): PolicyRule => ({
  apiGroups: [""],
  resources: [resource],
  verbs,
  ...(resourceNames.length > 0 ? { resourceNames } : {}),
});
const mirrored = (...names: string[]) => core("secrets", ["get", "create", "patch"], ...names);
const workloads: PolicyRule = {
  apiGroups: ["apps"],
  resources: ["daemonsets", "deployments", "statefulsets"],
  verbs: ["list", "patch"],
};

describe("the rights for mirrored Secrets", () => {
  it("are none where nothing goes", () => {
    expect(rightsIn(noUse)).toEqual({ roles: [], clusterRules: [] });
  });

  it("name every Secret, in each namespace, in order and once", () => {
    const secrets = [at("web", "www"), at("shop", "pay"), at("web", "api"), at("web", "www")];
    expect(rightsIn({ ...noUse, secrets })).toEqual({
      roles: [
        { namespace: "shop", rules: [mirrored("pay")] },
        { namespace: "web", rules: [mirrored("api", "www")] },
      ],
      clusterRules: [],
    });
  });

  it("have delete only with the policy delete, and then for those that are not wanted any more, too", () => {
    const use = {
      ...noUse,
      secrets: [at("web", "www")],
      formerSecrets: [at("web", "old"), at("web", "www"), at("x", "y")],
    };
    expect(rightsIn(use).roles).toEqual([{ namespace: "web", rules: [mirrored("www")] }]);
    expect(rightsIn({ ...use, spec: { ...spec, deletionPolicy: "delete" } }).roles).toEqual([
      {
        namespace: "web",
        rules: [
          core("secrets", ["get", "create", "patch", "delete"], "www"),
          core("secrets", ["get", "delete"], "old"),
        ],
      },
      { namespace: "x", rules: [core("secrets", ["get", "delete"], "y")] },
    ]);
  });

  it("are the same in mode report, which still writes new certificates", () => {
    const secrets = [at("web", "www")];
    expect(rightsIn({ ...noUse, secrets, spec: { ...spec, mode: "report" } })).toEqual(rightsIn({ ...noUse, secrets }));
  });
});

describe("the rights for restarts", () => {
  const secrets = [at("web", "www"), at("shop", "pay")];
  const restarting = (more: Partial<ReloadSpec>) =>
    rightsIn({ ...noUse, secrets, spec: { ...spec, reload: { ...reload, ...more } } })
      .roles.filter(({ rules }) => rules.includes(workloads) || rules.some(({ apiGroups }) => apiGroups[0] === "apps"))
      .map(({ namespace, rules }) => [namespace, rules.at(-1)]);

  it.each<[string, Partial<ReloadSpec>, string[]]>([
    ["where they are opted in", { namespaces: ["web"] }, ["web"]],
    ["where annotated ones are looked for", { annotatedIn: ["shop"] }, ["shop"]],
    ["everywhere a Secret lies with *", { namespaces: ["*"] }, ["shop", "web"]],
    ["nowhere without a Secret", { namespaces: ["other"] }, []],
    ["once where both say so", { namespaces: ["web"], annotatedIn: ["web"] }, ["web"]],
  ])("are given %s", (_what, more, namespaces) => {
    expect(restarting(more)).toEqual(namespaces.map((namespace) => [namespace, workloads]));
  });

  it("are none without reload", () => {
    expect(JSON.stringify(rightsIn({ ...noUse, secrets }))).not.toContain("apps");
  });
});

describe("the rights for Bundles", () => {
  const list = core("namespaces", ["list"]);
  const all = ["get", "create", "patch", "delete"];
  const removal = ["get", "patch", "delete"];
  const target = (more: Partial<BundleSpec["target"]> = {}) => ({
    configMap: { key: "ca.crt" },
    storedSecret: false,
    ...more,
  });
  const bundle = (name: string, more: Partial<BundleSpec> = {}, held: Partial<Use["bundles"][number]> = {}) => ({
    name,
    spec: { sources: [{ useDefaultCAs: true }], target: target(), ...more },
    kinds: [],
    namespaces: [],
    ...held,
  });
  const rights = (...bundles: Use["bundles"]): Rights => rightsIn({ ...noUse, bundles });
  const byName = (...values: string[]) => ({
    matchLabels: {},
    matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In" as const, values }],
  });

  it("are of the cluster where labels choose the namespaces, and name the objects", () => {
    const team = { matchLabels: { team: "web" }, matchExpressions: [] };
    expect(
      rights(
        bundle("roots"),
        bundle("company", { target: target({ secret: { key: "ca.crt" }, namespaceSelector: team }) }),
      ),
    ).toEqual({
      roles: [],
      clusterRules: [list, core("configmaps", all, "company", "roots"), core("secrets", all, "company")],
    });
  });

  it("are of the namespaces where the selector says their names", () => {
    const one = { matchLabels: { "kubernetes.io/metadata.name": "web" }, matchExpressions: [] };
    expect(
      rights(
        bundle("roots", { target: target({ namespaceSelector: byName("web", "shop") }) }),
        bundle("company", { target: target({ namespaceSelector: one }) }),
      ),
    ).toEqual({
      roles: [
        { namespace: "shop", rules: [core("configmaps", all, "roots")] },
        { namespace: "web", rules: [core("configmaps", all, "company", "roots")] },
      ],
      clusterRules: [list],
    });
  });

  it("read its sources in the trustNamespace: by name, or all where labels choose", () => {
    const any = { matchLabels: {}, matchExpressions: [] };
    const sources: BundleSpec["sources"] = [
      { configMap: { name: "b", key: "ca.crt" } },
      { configMap: { name: "a", includeAllKeys: true } },
      { secret: { selector: any, key: "ca.crt" } },
      { inLine: "" },
      { issuer: { kind: "ClusterIssuer", name: "x" } },
    ];
    expect(rights(bundle("roots", { sources, target: target({ namespaceSelector: byName("cert-manager") }) }))).toEqual(
      {
        roles: [
          {
            namespace: "cert-manager",
            rules: [core("configmaps", ["get"], "a", "b"), core("secrets", ["list"]), core("configmaps", all, "roots")],
          },
        ],
        clusterRules: [list],
      },
    );
  });

  it("take it out of where it was, and what it was", () => {
    const moved = bundle(
      "roots",
      { target: target({ namespaceSelector: byName("web") }) },
      { kinds: ["Secret", "ConfigMap"], namespaces: ["web", "old"] },
    );
    expect(rights(moved)).toEqual({
      roles: [
        { namespace: "old", rules: [core("configmaps", removal, "roots"), core("secrets", removal, "roots")] },
        { namespace: "web", rules: [core("configmaps", all, "roots"), core("secrets", removal, "roots")] },
      ],
      clusterRules: [list],
    });
    expect(rights(bundle("roots", {}, { kinds: ["Secret"], namespaces: ["web"] })).clusterRules).toEqual([
      list,
      core("configmaps", all, "roots"),
      core("secrets", removal, "roots"),
    ]);
    const { spec: _gone, ...gone } = bundle("roots", {}, { kinds: ["ConfigMap"], namespaces: ["b", "a"] });
    expect(rights(gone)).toEqual({
      roles: ["a", "b"].map((namespace) => ({ namespace, rules: [core("configmaps", removal, "roots")] })),
      clusterRules: [list],
    });
  });

  it("are none in the cluster's objects for one that is only a stored secret", () => {
    expect(rights(bundle("roots", { target: { storedSecret: true } }))).toEqual({ roles: [], clusterRules: [list] });
  });
});

describe("a rule", () => {
  it("never has an empty list of names, which would mean every name", () => {
    expect(() => named("secrets", ["get"], [])).toThrow("without names");
  });
});
