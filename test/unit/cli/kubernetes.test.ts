import { beforeEach, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { bundleSpec, clusterSpec, eksSpec, putMirror, requestOf, written } from "./kubernetes-objects.ts";
import { issued, makeWorld, putRow, readyRow, request, specOf, type World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = makeWorld();
});

interface Printed {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: { resources: string[]; verbs: string[]; resourceNames?: string[] }[];
}

const objectsIn = (text: string): Printed[] => parseAllDocuments(text).flatMap((one) => one.toJS() ?? []);

/** `Role/web: secrets [get,create,patch] www-tls` */
async function rightsOf(line: string): Promise<string[]> {
  const { code, out, err } = await world.run(line);
  expect(err).toBe("");
  expect(code).toBe(0);
  return objectsIn(out).flatMap(({ kind, metadata: { namespace = "*" }, rules = [] }) =>
    rules.map(
      ({ resources, verbs, resourceNames = ["*"] }) => `${kind}/${namespace}: ${resources} [${verbs}] ${resourceNames}`,
    ),
  );
}

describe("kubernetes rbac", () => {
  it("prints Roles and bindings for what goes to an EKS cluster, and how to let certwright in", async () => {
    await requestOf(world, "Cluster", "shop", { ...eksSpec, namespaceMap: { default: "web" } });
    await requestOf(world, "Bundle", "roots", bundleSpec);
    await request(world, "www");
    expect((await world.run("kubernetes rbac shop")).out).toBe(
      `# The least rights of the certwright installation certwright in the cluster shop, as it is used now:
# mode repair, deletionPolicy retain, without reload, Bundles: roots.
# Apply them as an administrator of that cluster, again when a Certificate, Bundle or namespace is added.
# These namespaces must be there: web.
#
# EKS, once: the access entry that makes certwright the group certwright there
# (the cluster's authentication mode must be API or API_AND_CONFIG_MAP):
#   aws eks create-access-entry --region eu-central-1 --cluster-name shop-eks \\
#     --principal-arn arn:aws:iam::123456789012:role/certwright-sync-kubernetes --kubernetes-groups certwright
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: certwright-shop
  namespace: web
rules:
  - apiGroups:
      - ""
    resources:
      - secrets
    verbs:
      - get
      - create
      - patch
    resourceNames:
      - www-tls
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: certwright-shop
  namespace: web
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: certwright-shop
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: certwright
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: certwright-shop
rules:
  - apiGroups:
      - ""
    resources:
      - namespaces
    verbs:
      - list
  - apiGroups:
      - ""
    resources:
      - configmaps
    verbs:
      - get
      - create
      - patch
      - delete
    resourceNames:
      - roots
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: certwright-shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: certwright-shop
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: certwright`,
    );
  });

  it("names the role that the Cluster says, which has to let our own assume it", async () => {
    const roleArn = "arn:aws:iam::999999999999:role/certwright-eks";
    const auth = { eks: { ...eksSpec.auth.eks, roleArn } };
    await requestOf(world, "Cluster", "shop", { ...eksSpec, auth });
    const { out } = await world.run("kubernetes rbac cluster/shop --user certwright:prod");
    expect(out).toContain(`#     --principal-arn ${roleArn} --username certwright:prod\n`);
    expect(out).toContain("# The role must let arn:aws:iam::123456789012:role/certwright-sync-kubernetes assume it,");
    expect(out).toContain("# with the ExternalId certwright/_cluster.");
  });

  it("binds the user or group that is named", async () => {
    await requestOf(world, "Cluster", "lab", clusterSpec);
    await request(world, "www");
    const subject = async (option: string, name: string) => {
      const { out } = await world.run(["kubernetes", "rbac", "lab", option, name, "-o", "json"]);
      return JSON.parse(out).items.at(-1).subjects;
    };
    const apiGroup = "rbac.authorization.k8s.io";
    expect(await subject("--user", "system:serviceaccount:ops:cw")).toEqual([
      { apiGroup, kind: "User", name: "system:serviceaccount:ops:cw" },
    ]);
    expect(await subject("--group", "my group\n: x")).toEqual([{ apiGroup, kind: "Group", name: "my group\n: x" }]);
  });

  it("prints a List as JSON, and the notes beside it", async () => {
    await requestOf(world, "Cluster", "shop", eksSpec);
    await request(world, "www");
    const { out, err } = await world.run("kubernetes rbac shop -o json");
    expect(JSON.parse(out)).toMatchObject({ kind: "List", items: [{ kind: "Role" }, { kind: "RoleBinding" }] });
    expect(err).toContain("\n  aws eks create-access-entry");
  });

  it("keeps every line of a strange name in the comment", async () => {
    await requestOf(world, "Cluster", "shop", eksSpec);
    await request(world, "www");
    const { out } = await world.run(["kubernetes", "rbac", "shop", "--group", "it's\nkind: Evil"]);
    expect(out).toContain("--kubernetes-groups 'it'\\''s\n# kind: Evil'\n---");
    expect(objectsIn(out).map(({ kind }) => kind)).toEqual(["Role", "RoleBinding"]);
  });

  it("counts by selector, targets, allowed namespaces and the namespace map", async () => {
    const selector = { matchLabels: { team: "web" } };
    const fences = { allowedNamespaces: ["default", "a", "b"], namespaceMap: { a: "team-a", b: "" } };
    await requestOf(world, "Cluster", "lab", { ...clusterSpec, selector, ...fences });
    const [chosen, sent] = [{ team: "web" }, { "certwright.dev/targets": "lab" }];
    await request(world, "selected", { labels: chosen });
    await request(world, "not-selected");
    await request(world, "sent", { namespace: "a", annotations: sent });
    await request(world, "elsewhere", { labels: chosen, annotations: { "certwright.dev/targets": "other" } });
    await request(world, "kept-out", { namespace: "b", labels: chosen });
    await request(world, "forbidden", { namespace: "c", labels: chosen });
    expect(await rightsOf("kubernetes rbac lab --user u")).toEqual([
      "Role/default: secrets [get,create,patch] selected-tls",
      "Role/team-a: secrets [get,create,patch] sent-tls",
    ]);
  });

  it("keeps the Secret that a working certificate still has while another name is asked for", async () => {
    await requestOf(world, "Cluster", "lab", clusterSpec);
    const hash = await request(world, "www", { spec: { ...specOf("www"), secretName: "new-tls" } });
    await putRow(world, readyRow("www", hash, { issued: issued("www") }));
    expect(await rightsOf("kubernetes rbac lab --user u")).toEqual([
      "Role/default: secrets [get,create,patch] new-tls,www-tls",
    ]);
  });

  it("keeps what was written for a Certificate that cannot be read now, and lets go what is not wanted", async () => {
    await requestOf(world, "Cluster", "lab", { ...clusterSpec, deletionPolicy: "delete" });
    await request(world, "bad", { spec: { secretName: "" } });
    await putMirror(world, "lab", "bad", { written: written("bad-tls") });
    await putMirror(world, "lab", "gone", { written: written("gone-tls") });
    expect(await rightsOf("kubernetes rbac lab --user u")).toEqual([
      "Role/default: secrets [get,create,patch,delete] bad-tls",
      "Role/default: secrets [get,delete] gone-tls",
    ]);
  });

  it("knows the Bundles that go there and those that are to be taken away", async () => {
    await requestOf(world, "Cluster", "lab", clusterSpec);
    await requestOf(world, "Bundle", "here", { ...bundleSpec, clusters: ["lab"] });
    await requestOf(world, "Bundle", "there", { ...bundleSpec, clusters: ["other"] });
    const held = { namespaces: ["web"], kinds: ["ConfigMap" as const] };
    await world.state.putPlacedBundle({ cluster: "lab", bundle: "there", schema: 1, version: 0, ...held });
    expect(await rightsOf("kubernetes rbac lab --user u")).toEqual([
      "Role/web: configmaps [get,patch,delete] there",
      "ClusterRole/*: namespaces [list] *",
      "ClusterRole/*: configmaps [get,create,patch,delete] here",
    ]);
  });

  it("says so when nothing is needed", async () => {
    await requestOf(world, "Cluster", "lab", clusterSpec);
    const { out } = await world.run("kubernetes rbac lab --user u");
    expect(out).toContain("# Nothing goes there yet, so nothing is needed.");
    expect(objectsIn(out)).toEqual([]);
  });

  it("fails when there is no such Cluster, or it is not valid", async () => {
    expect(await world.run("kubernetes rbac typo")).toMatchObject({ code: 1, err: "error: cluster/typo not found" });
    await requestOf(world, "Cluster", "bad", { server: "http://x" });
    const { code, err } = await world.run("kubernetes rbac bad");
    expect(code).toBe(1);
    expect(err).toContain("cluster/bad is not valid: spec.");
  });

  it.each([
    ["kubernetes", "write kubernetes rbac CLUSTER"],
    ["kubernetes roles shop", 'there is no "kubernetes roles"'],
    ["kubernetes rbac", "which Cluster? give its name"],
    ["kubernetes rbac shop lab", "kubernetes rbac takes one name"],
    ["kubernetes rbac bundle/shop", "only a Cluster needs such rights, not bundle/shop"],
    ["kubernetes rbac lab", "who is certwright in that cluster? --user NAME or --group NAME"],
    ["kubernetes rbac lab --user a --group b", "give one of --user and --group"],
    ["kubernetes rbac lab --user=", "--user and --group need a name"],
    ["kubernetes rbac lab -o wide", "-o wide is not known: it is one of yaml, json"],
    ["kubernetes rbac lab -n web", "kubernetes has no option --namespace"],
  ])("%s is refused: %s", async (line, said) => {
    await requestOf(world, "Cluster", "lab", clusterSpec);
    const { code, out, err } = await world.run(line);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(said);
    expect(err).toContain("See: certwright help kubernetes");
  });
});
