import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { createKubernetesClient } from "../../local/kubernetes/client.ts";
import { installed, root } from "../../local/paths.ts";
import { openBed } from "../support/integration-bed.ts";
import { playDeploymentController } from "../support/kubernetes/controllers.ts";
import { relayTo } from "../support/kubernetes/relay.ts";
import type { TestCluster } from "../support/kubernetes-bed.ts";
import { sharedClusters, startClusters } from "../support/kubernetes-bed.ts";
import { listenersOf } from "../support/listeners.ts";

/** What the other tests of Kubernetes stand on. */

const { fresh } = openBed();
const web = fresh("web");
let clusters: TestCluster[];
let alpha: TestCluster;

beforeAll(async () => {
  const shared = await sharedClusters();
  [alpha] = shared;
  clusters = shared;
  await Promise.all(clusters.map((cluster) => cluster.namespace(web, { labels: { team: "web" } })));
});

describe("three clusters at once", () => {
  it("are different ones, of the version we ask for, and the same for whoever asks again", async () => {
    expect(new Set(clusters.map(({ server }) => server)).size).toBe(3);
    for (const { admin } of clusters) expect((await admin.ask("GET", "/version")).gitVersion).toBe("v1.36.3");
    expect((await sharedClusters()).map(({ server }) => server)).toEqual(clusters.map(({ server }) => server));
    await alpha.admin.create(configMaps(web), { metadata: { name: "only-here" }, data: { at: "alpha" } });
    const found = clusters.map(({ admin }) => admin.get(`${configMaps(web)}/only-here`));
    expect((await Promise.all(found)).map((one) => one?.data)).toEqual([{ at: "alpha" }, undefined, undefined]);
  });

  it("listen on 127.0.0.1 only, and trust nobody without credentials", async () => {
    for (const { server, caBundle, pids } of clusters) {
      const listening = listenersOf(await pids()).map(({ socket }) => socket);
      expect(listening.length).toBe(3);
      for (const socket of listening) expect(socket).toMatch(/^tcp 127\.0\.0\.1:\d+$/);
      expect(server).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
      const stranger = createKubernetesClient({ server, caBundle, credentials: { token: "none" } });
      await expect(stranger.ask("GET", "/api/v1/namespaces")).rejects.toMatchObject({ status: 401 });
    }
  });
});

describe("RBAC", () => {
  it("refuses a user until a Role says otherwise, and again once it is taken away", async () => {
    const { client, name } = await alpha.user({ name: fresh("jane"), groups: ["readers"] });
    const read = () => client.ask("GET", `/api/v1/namespaces/${web}/secrets`);
    await expect(read()).rejects.toMatchObject({ status: 403, reason: "Forbidden" });
    await alpha.applyYaml(rightToReadSecrets(name));
    expect((await read()).items).toEqual([]);
    await alpha.admin.delete(`/apis/rbac.authorization.k8s.io/v1/namespaces/${web}/rolebindings/read-secrets`);
    await alpha.rightsInForce();
    await expect(read()).rejects.toMatchObject({ status: 403 });
  });

  it("knows ServiceAccounts by their token", async () => {
    const [ours, asked] = [await alpha.serviceAccount(web, "sync"), await alpha.tokenRequest(web, "sync")];
    for (const { client, name } of [ours, asked]) {
      expect(name).toBe(`system:serviceaccount:${web}:sync`);
      await expect(client.get(configMaps(web))).rejects.toThrow(`User "${name}" cannot list resource "configmaps"`);
    }
  });

  it("is not even asked for credentials that have expired", async () => {
    const expired = [
      await alpha.user({ name: fresh("late"), validSeconds: -1 }),
      await alpha.serviceAccount(web, "sync", { validSeconds: -1 }),
    ];
    for (const { client } of expired) await expect(client.get(configMaps(web))).rejects.toMatchObject({ status: 401 });
  });
});

describe("the audit log", () => {
  it("has every request of a user, refused ones too", async () => {
    const { client, name } = await alpha.user({ name: fresh("seen") });
    await client.get(`/api/v1/namespaces/${web}/secrets/www-tls`).catch(() => undefined);
    await client.get("/version");
    const seen = await alpha.requestsOf(name);
    expect(seen).toMatchObject([
      { verb: "get", resource: "secrets", group: "", namespace: web, name: "www-tls", code: 403 },
      { verb: "get", path: "/version", code: 200 },
    ]);
    expect(seen[0]?.at).toBeGreaterThan(Date.now() - 60_000);
  });
});

describe("a namespace", () => {
  it("takes so many Secrets and no more", async () => {
    const full = fresh("full");
    await alpha.namespace(full);
    await alpha.allowSecrets(full, 1);
    const add = (name: string) => alpha.admin.create(`/api/v1/namespaces/${full}/secrets`, { metadata: { name } });
    await add("one");
    await expect(add("two")).rejects.toThrow("exceeded quota");
  });

  it("that is deleted stays Terminating and takes nothing", async () => {
    const going = fresh("going");
    await alpha.namespace(going);
    await alpha.admin.delete(`/api/v1/namespaces/${going}`);
    const add = alpha.admin.create(configMaps(going), { metadata: { name: "late" } });
    await expect(add).rejects.toThrow("is being terminated");
  });
});

describe("a cluster of one's own", () => {
  let own: TestCluster;
  beforeAll(async () => {
    [own] = (await startClusters({ names: [fresh("own")] })) as [TestCluster];
  });

  it("keeps its data, its address and its users when it is restarted", async () => {
    const jane = await own.user({ name: "jane" });
    await own.namespace("kept", { labels: { is: "kept" } });
    for (const what of ["apiserver", "all"] as const) {
      await own.down(what);
      await expect(own.admin.get("/api/v1/namespaces/kept")).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await own.up();
      expect((await own.admin.get("/api/v1/namespaces/kept"))?.metadata.labels).toMatchObject({ is: "kept" });
      await expect(jane.client.get("/api/v1/namespaces/kept")).rejects.toMatchObject({ status: 403 });
    }
  });

  it("answers nothing while it is paused, and goes on then", async () => {
    await own.pause();
    const asked = own.admin.get("/api/v1/namespaces/kept");
    expect(await Promise.race([asked, sleep(500)])).toBeUndefined();
    await own.resume();
    expect((await asked)?.metadata.name).toBe("kept");
  });

  it("is slow or gone behind a relay, for those who use it", async () => {
    const relay = await relayTo(own.server);
    const { client } = await own.user({ name: "admin", groups: ["system:masters"] });
    const behind = createKubernetesClient({ ...client.access, server: relay.server });
    const read = () => behind.get("/api/v1/namespaces/kept");
    relay.slow(300);
    const began = performance.now();
    expect((await read())?.metadata.name).toBe("kept");
    expect(performance.now() - began).toBeGreaterThan(300);
    relay.cut();
    await expect(read()).rejects.toThrow();
    relay.mend();
    expect((await read())?.metadata.name).toBe("kept");
    await relay.close();
  });

  it("rolls out what a played controller watches, but for those that never come to an end", async () => {
    await own.namespace("apps");
    const playing = playDeploymentController(own.admin, { namespaces: ["apps"], delayMs: 50, never: ["stuck"] });
    for (const [kind, name] of workloads) await own.admin.apply(workload(kind, name));
    const path = (kind: string, name: string) => `/apis/apps/v1/namespaces/apps/${kind.toLowerCase()}s/${name}`;
    const ended = () => playing.rollouts().filter(({ availableAt }) => availableAt !== undefined);
    await expect.poll(() => ended().length, { timeout: 20_000 }).toBe(workloads.length);
    const restart = { spec: { template: { metadata: { annotations: { "certwright.dev/restarted-at": "now" } } } } };
    for (const [kind, name] of workloads) await own.admin.patch(path(kind, name), restart);
    await expect.poll(() => ended().length, { timeout: 20_000 }).toBe(2 * workloads.length - 1);
    await playing.stop();
    const status = async (kind: string, name: string) => (await own.admin.get(path(kind, name)))?.status;
    expect(await status("Deployment", "fine")).toMatchObject({
      observedGeneration: 2,
      availableReplicas: 2,
      updatedReplicas: 2,
    });
    expect(await status("StatefulSet", "fine")).toMatchObject({ observedGeneration: 2, availableReplicas: 2 });
    expect(await status("DaemonSet", "fine")).toMatchObject({ observedGeneration: 2, numberAvailable: 2 });
    expect(await status("Deployment", "stuck")).toMatchObject({ observedGeneration: 2, unavailableReplicas: 1 });
  });

  it("is known to kubectl by a kubeconfig of ours", async () => {
    const folder = await mkdtemp(join(tmpdir(), "certwright-kubectl-"));
    const file = join(folder, "kubeconfig");
    const { kubeconfig } = await own.user({ name: "admin", groups: ["system:masters"] });
    await writeFile(file, kubeconfig, { mode: 0o600 });
    const kubectl = join(installed.kubernetes, "kubectl");
    const { stdout } = await promisify(execFile)(kubectl, ["--kubeconfig", file, "get", "namespaces", "-o", "name"]);
    expect(stdout.split("\n")).toContain("namespace/kept");
    await rm(folder, { recursive: true });
  });

  it("leaves no process behind when it is stopped, and its name is free again", async () => {
    const pids = await own.pids();
    expect(pids.filter(isAlive).length).toBe(2);
    await own.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(own.pids()).rejects.toThrow(`there is no cluster ${own.name}`);
  });
});

describe("a cluster whose starter is killed", () => {
  it("ends, too", async () => {
    const folder = await mkdtemp(join(tmpdir(), "certwright-orphan-"));
    const source = `
      import { startCluster } from "${join(root, "local/kubernetes/cluster.ts")}";
      const cluster = await startCluster("orphan", { folder: "${folder}/tmp", logs: "${folder}" });
      process.stdout.write(cluster.pids().join(" "), () => process.kill(process.pid, "SIGKILL"));`;
    const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
      execFile(process.execPath, ["--input-type=module", "-e", source], (_, out) => resolve({ stdout: out }));
    });
    const pids = stdout.split(" ").map(Number);
    expect(pids.length).toBe(2);
    await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([]);
    await rm(folder, { recursive: true });
  });
});

// One that has ended and was not yet waited for has no command line.
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";
}

const workloads = [
  ["Deployment", "fine"],
  ["Deployment", "stuck"],
  ["StatefulSet", "fine"],
  ["DaemonSet", "fine"],
] as const;

function workload(kind: string, name: string) {
  const labels = { app: `${name}-${kind.toLowerCase()}` };
  const spec = {
    ...(kind !== "DaemonSet" && { replicas: 2 }),
    ...(kind === "StatefulSet" && { serviceName: "none" }),
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: "app", image: "app:1" }] } },
  };
  return { apiVersion: "apps/v1", kind, metadata: { name, namespace: "apps" }, spec };
}

function configMaps(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/configmaps`;
}

function rightToReadSecrets(user: string): string {
  return `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: read-secrets, namespace: ${web} }
rules: [{ apiGroups: [""], resources: [secrets], verbs: [get, list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: read-secrets, namespace: ${web} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: read-secrets }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: ${user} }]
`;
}
