import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { rbacObjects } from "../../cli/rbac-objects.ts";
import type { KubernetesObject } from "../../core/kubernetes/port.ts";
import { kubeconfigOf } from "../../local/kubernetes/client.ts";
import { kubectl } from "../../local/kubernetes/demo.ts";
import type { AuditedRequest } from "../support/kubernetes/audit.ts";
import { playDeploymentController } from "../support/kubernetes/controllers.ts";
import { type ClusterUser, sharedClusters, type TestCluster } from "../support/kubernetes-bed.ts";
import { openRbacInstallation } from "../support/rbac-installation.ts";
import { grantedBy, needed } from "../support/rbac-tuples.ts";
import { makeServerCertificate } from "../support/test-chain.ts";

/** The rights that `certwright kubernetes rbac` prints, on a real apiserver, against every call that the engine made. */

const id = randomBytes(3).toString("hex");
const name = `rbac-${id}`;
const [web, shop, trust, plain] = [`web-${id}`, `shop-${id}`, `trust-${id}`, `plain-${id}`];
const trusting = { matchLabels: { trusts: id } };
const minuteMs = 60_000;

let cluster: TestCluster;
let user: ClusterUser;
let installation: Awaited<ReturnType<typeof openRbacInstallation>>;
const granted = new Set<string>();
let asked: AuditedRequest[];

beforeAll(async () => {
  [cluster] = await sharedClusters();
  user = await cluster.user({ name });
  installation = await openRbacInstallation(name, user.access);
  await prepareCluster();
  await installation.putCluster(clusterSpec);
  await mirrorAndRestart();
  await moveAndTakeAway();
  asked = await cluster.requestsOf(name);
});

const clusterSpec = {
  server: "https://127.0.0.1:6443",
  auth: { clientCertificateSecretRef: { name: "identity" } },
  namespaceMap: { web, shop },
  selector: {},
  deletionPolicy: "delete",
  trustNamespace: trust,
  requestsPerSecond: 500,
  reload: { namespaces: [web], annotatedIn: [shop], maxConcurrent: "100%" },
};

const bothTargets = { configMap: { key: "ca.crt" }, secret: { key: "ca.crt" }, namespaceSelector: trusting };

/** Prints what is needed now, and gives exactly that. */
async function grant(): Promise<void> {
  const yaml = await installation.certwright("kubernetes", "rbac", name, "--user", name);
  for (const one of grantedBy(yaml)) granted.add(one);
  await cluster.applyYaml(yaml);
}

/** New certificates, a repair, restarts of every kind of workload, Bundles from every kind of source. */
async function mirrorAndRestart(): Promise<void> {
  await installation.issue("web", "www", "www-tls");
  await installation.issue("shop", "pay", "pay-tls");
  await installation.issue("web", "moving", "old-tls");
  const { cert } = await makeServerCertificate();
  const sources = [
    { inLine: cert },
    { configMap: { name: "one", key: "ca.crt" } },
    { configMap: { selector: trusting, key: "ca.crt" } },
    { secret: { name: "one", key: "ca.crt" } },
    { secret: { selector: trusting, key: "ca.crt" } },
  ];
  const fence = { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: [web] }] };
  await installation.putBundle(`free-${id}`, { sources, target: bothTargets });
  await installation.putBundle(`fenced-${id}`, {
    sources: [{ inLine: cert }],
    target: { configMap: { key: "ca.crt" }, namespaceSelector: fence },
  });
  await grant();
  expect(await installation.work()).toEqual([]);
  await cluster.admin.patch(`/api/v1/namespaces/${web}/secrets/www-tls`, { data: { "tls.crt": "" } });
  await installation.wakeMirror("web", "www");
  expect(await installation.work()).toEqual([]);
  const controllers = playDeploymentController(cluster.admin, { namespaces: [web, shop] });
  await installation.issue("web", "www", "www-tls");
  await installation.issue("shop", "pay", "pay-tls");
  for (let rounds = 0; (await reloading()) && rounds < 20; rounds++) {
    expect(await installation.work()).toEqual([]);
    await sleep(500);
    installation.ahead(minuteMs / 2);
  }
  await controllers.stop();
  expect(await reloading()).toBe(false);
}

async function reloading(): Promise<boolean> {
  const { reloads, mirrors } = await installation.state.clusterRows(name);
  return (
    mirrors.some(({ dueAt }) => dueAt !== undefined) || reloads.some(({ reloaded }) => reloaded?.status !== "True")
  );
}

/** A Secret of another name, Bundles in fewer places and of fewer kinds, and then nothing any more. */
async function moveAndTakeAway(): Promise<void> {
  await installation.issue("web", "moving", "new-tls");
  const { cert } = await makeServerCertificate();
  const { secret: _dropped, ...target } = bothTargets;
  await installation.putBundle(`free-${id}`, { sources: [{ inLine: cert }], target });
  await cluster.admin.patch(`/api/v1/namespaces/${web}/secrets/free-${id}`, { data: { theirs: "eA==" } });
  await grant();
  expect(await installation.work()).toEqual([]);
  await cluster.namespace(shop, { labels: { trusts: "nobody" } });
  await installation.wakeBundle(`free-${id}`);
  expect(await installation.work()).toEqual([]);
  await installation.deleteBundle(`fenced-${id}`);
  for (const [namespace, one] of [
    ["web", "www"],
    ["web", "moving"],
    ["shop", "pay"],
  ] as const)
    await installation.deleteCertificate(namespace, one);
  expect(await installation.work()).toEqual([]);
}

async function prepareCluster(): Promise<void> {
  for (const namespace of [web, shop]) await cluster.namespace(namespace, { labels: { trusts: id } });
  for (const namespace of [trust, plain]) await cluster.namespace(namespace);
  const { cert } = await makeServerCertificate();
  const source = (kind: string, called: string, data: object) =>
    cluster.admin.apply({
      apiVersion: "v1",
      kind,
      metadata: { name: called, namespace: trust, labels: { trusts: called === "one" ? "x" : id } },
      ...data,
    });
  for (const called of ["one", "many"]) {
    await source("ConfigMap", called, { data: { "ca.crt": cert } });
    await source("Secret", called, { data: { "ca.crt": Buffer.from(cert).toString("base64") } });
  }
  for (const [namespace, secretName] of [
    [web, "www-tls"],
    [shop, "pay-tls"],
  ] as const)
    for (const kind of ["Deployment", "StatefulSet", "DaemonSet"])
      await cluster.admin.apply(workload(kind, namespace, secretName));
  await cluster.admin.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "foreign", namespace: web } });
}

function workload(kind: string, namespace: string, secretName: string) {
  const name = kind.toLowerCase();
  const labels = { app: name };
  const volumes = [{ name: "tls", secret: { secretName } }];
  const template = { metadata: { labels }, spec: { volumes, containers: [{ name: "main", image: "none" }] } };
  const spec = { selector: { matchLabels: labels }, template, ...(kind === "StatefulSet" ? { serviceName: "x" } : {}) };
  const annotations = { "certwright.dev/reload": "true" };
  return { apiVersion: "apps/v1", kind, metadata: { name, namespace, annotations }, spec };
}

describe("the rights that kubernetes rbac prints", () => {
  it("cover every call that the engine made", () => {
    expect(asked.filter(({ code }) => code === 401 || code === 403)).toEqual([]);
    expect(asked.length).toBeGreaterThan(60);
  });

  it("grant nothing that was not needed", () => {
    expect(granted.size).toBeGreaterThan(40);
    expect([...granted].filter((one) => !asked.some((request) => needed(one, request)))).toEqual([]);
  });

  it("are where every call got its right from, but for the version, which everybody may read", () => {
    const byNobody = asked.filter((request) => ![...granted].some((one) => needed(one, request)));
    expect([...new Set(byNobody.map(({ verb, path }) => `${verb} ${path}`))]).toEqual(["get /version"]);
  });

  it("took away what had been written", async () => {
    const left = async (path: string) => (await cluster.admin.list(path)).map(({ metadata }) => metadata.name).sort();
    expect(await left(`/api/v1/namespaces/${web}/secrets`)).toEqual(["foreign", `free-${id}`]);
    expect(await left(`/api/v1/namespaces/${shop}/secrets`)).toEqual([]);
  });
});

describe("their objects", () => {
  it("may be of a Cluster with the longest name there is", async () => {
    const longest = `certwright-${id}.${"a".repeat(253 - id.length - 1)}`;
    const rights = { roles: [{ namespace: web, rules: [list] }], clusterRules: [list] };
    for (const object of rbacObjects(rights, { name: longest, subject: { kind: "User", name } }))
      expect(await cluster.admin.apply(object as KubernetesObject)).toMatchObject({ metadata: { name: longest } });
  });

  it("are what kubectl takes from a pipe, comments and all", async () => {
    await installation.issue("web", "more", "more-tls");
    const yaml = await installation.certwright("kubernetes", "rbac", name, "--user", name);
    const kinds = ["role", "rolebinding", "clusterrole", "clusterrolebinding"];
    expect((await kubectlApply(yaml)).split("\n")).toEqual(
      kinds.map((kind) => `${kind}.rbac.authorization.k8s.io/certwright-${name} configured`),
    );
  });

  const list = { apiGroups: [""], resources: ["configmaps"], verbs: ["list"] };

  async function kubectlApply(yaml: string): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "certwright-rbac-"));
    const file = join(folder, "kubeconfig");
    writeFileSync(file, kubeconfigOf(cluster.admin.access), { mode: 0o600 });
    try {
      const running = promisify(execFile)(kubectl, ["apply", "-f", "-"], { env: { KUBECONFIG: file, HOME: folder } });
      running.child.stdin?.end(yaml);
      return (await running).stdout.trim();
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
});

describe("what certwright may not do with them", () => {
  const secretIn = (namespace: string, called: string) => `/api/v1/namespaces/${namespace}/secrets/${called}`;
  const apply = { apiVersion: "v1", kind: "Secret", data: {} };
  const post = { ...apply, metadata: { name: "www-tls" } };
  const deployments = `/apis/apps/v1/namespaces/${plain}/deployments`;

  it.each<[string, string, string, object?]>([
    ["read another Secret of the namespace", "GET", secretIn(web, "foreign")],
    ["read the Secret of that name in another namespace", "GET", secretIn(plain, "www-tls")],
    ["list the Secrets of a namespace", "GET", `/api/v1/namespaces/${web}/secrets`],
    ["list all Secrets", "GET", "/api/v1/secrets"],
    ["watch a Secret", "GET", `/api/v1/namespaces/${web}/secrets?watch=true&fieldSelector=metadata.name%3Dwww-tls`],
    ["create another Secret", "POST", `/api/v1/namespaces/${web}/secrets`, { ...post, metadata: { name: "more" } }],
    ["create its own Secret by POST, where no name is known", "POST", `/api/v1/namespaces/${web}/secrets`, post],
    ["change another Secret", "PATCH", secretIn(web, "foreign"), { data: {} }],
    ["delete another Secret", "DELETE", secretIn(web, "foreign")],
    ["delete all Secrets", "DELETE", `/api/v1/namespaces/${web}/secrets`],
    ["replace its own Secret", "PUT", secretIn(web, "www-tls"), post],
    ["delete one that is only a source", "DELETE", secretIn(trust, "one")],
    ["read another ConfigMap", "GET", `/api/v1/namespaces/${web}/configmaps/kube-root-ca.crt`],
    ["read a namespace", "GET", `/api/v1/namespaces/${web}`],
    ["label a namespace", "PATCH", `/api/v1/namespaces/${plain}`, { metadata: { labels: { trusts: id } } }],
    ["list workloads of another namespace", "GET", deployments],
    ["restart a workload of another namespace", "PATCH", `${deployments}/deployment`, { metadata: {} }],
    ["delete a workload", "DELETE", `/apis/apps/v1/namespaces/${web}/deployments/deployment`],
    ["scale a workload", "PATCH", `/apis/apps/v1/namespaces/${web}/deployments/deployment/scale`, { spec: {} }],
    ["read pods", "GET", `/api/v1/namespaces/${web}/pods`],
    ["give itself more", "POST", `/apis/rbac.authorization.k8s.io/v1/namespaces/${web}/roles`, { metadata: { name } }],
  ])("%s", async (_what, method, path, body) => {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const answer = user.client.ask(method, path, body, type);
    await expect(answer).rejects.toMatchObject({ status: 403 });
  });

  it("make another Secret by server-side apply", async () => {
    const metadata = { name: "more", namespace: web };
    await expect(user.client.apply({ ...apply, metadata })).rejects.toMatchObject({ status: 403 });
  });
});
