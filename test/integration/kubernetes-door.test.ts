import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readKubeconfig } from "../../core/kubernetes/kubeconfig.ts";
import type { KubernetesObject } from "../../core/kubernetes/port.ts";
import type { KubernetesWorld } from "../contract/kubernetes/world.ts";
import { testKubernetes } from "../contract/kubernetes.ts";
import { type ClusterUser, sharedClusters, startClusters, type TestCluster } from "../support/kubernetes-bed.ts";
import { openDoor, realWorlds } from "../support/kubernetes-world.ts";

let shared: TestCluster;
let makeWorld: () => Promise<KubernetesWorld>;

beforeAll(async () => {
  [shared] = await sharedClusters();
  makeWorld = await realWorlds(shared);
});

testKubernetes("a real apiserver", () => makeWorld());

const ours = { fieldManager: "certwright-door", force: false };
const www = { kind: "Secret" as const, namespace: "door-own", name: "www-tls" };
const rejected = { name: "RefusedError", reason: "CredentialsRejected", fix: expect.any(String) };
const unreachable = { name: "UnavailableError", reason: "ClusterUnreachable", fix: expect.any(String) };

function secret(name: string, bytes = 10): KubernetesObject {
  const data = { "tls.crt": randomBytes(bytes).toString("base64"), "tls.key": "eA==" };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "door-own", name },
    type: "kubernetes.io/tls",
    data,
  };
}

describe("with the rights of a Role on one Secret", () => {
  let user: ClusterUser;

  beforeAll(async () => {
    user = await shared.user({ name: "door-one", groups: ["mirrors"] });
    await shared.namespace("door-own");
    await shared.applyYaml(roleOnOne);
  });

  it("reads and applies that one, and needs `create` to make it", async () => {
    const door = await openDoor(user.access);
    expect(await door.get(www)).toBeUndefined();
    await expect(door.apply(secret("www-tls"), ours)).rejects.toMatchObject({
      reason: "KubernetesForbidden",
      message: expect.stringContaining('The user "door-one" may not create secrets "www-tls" in namespace "door-own"'),
    });
    await shared.applyYaml(roleToCreate);
    await door.apply(secret("www-tls"), ours);
    expect((await door.apply(secret("www-tls"), ours)).metadata.namespace).toBe("door-own");
    await expect(door.get({ ...www, name: "other" })).rejects.toMatchObject({ reason: "KubernetesForbidden" });
    await expect(door.list("Secret", { namespace: "door-own" })).rejects.toMatchObject({
      reason: "KubernetesForbidden",
    });
    expect(await door.version()).toMatch(/^v1\./);
  });

  it("is told of a missing namespace as of a missing right", async () => {
    const door = await openDoor(user.access);
    await expect(door.get({ ...www, namespace: "door-none" })).rejects.toMatchObject({
      reason: "KubernetesForbidden",
      fix: expect.stringContaining("if the namespace itself is missing, create it first"),
    });
  });

  it("is known in the audit log by certwright's name", async () => {
    const requests = await shared.requestsOf("door-one");
    expect(new Set(requests.map(({ userAgent }) => userAgent))).toEqual(new Set(["certwright/test"]));
    expect(requests.map(({ verb }) => verb)).toContain("patch");
  });
});

describe("credentials", () => {
  it("of a kubeconfig", async () => {
    const user = await shared.user({ name: "door-kubeconfig" });
    const door = await openDoor(readKubeconfig(user.kubeconfig));
    await expect(door.get(www)).rejects.toMatchObject({
      message: expect.stringContaining('"door-kubeconfig" may not'),
    });
  });

  it("of a ServiceAccount, as the apiserver hands them out", async () => {
    const { access } = await shared.tokenRequest("door-own", "mirror");
    await expect((await openDoor(access)).get(www)).rejects.toMatchObject({
      message: expect.stringContaining('"system:serviceaccount:door-own:mirror" may not'),
    });
  });

  it("that ended are refused: by us when they say so themselves, else by the apiserver", async () => {
    const certificate = await shared.user({ name: "door-ended", validSeconds: -60 });
    await expect(openDoor(certificate.access)).rejects.toMatchObject({
      ...rejected,
      message: expect.stringContaining("ended at"),
    });
    const token = await shared.serviceAccount("door-own", "mirror", { validSeconds: -60 });
    await expect(openDoor(token.access)).rejects.toMatchObject({
      ...rejected,
      message: expect.stringContaining("ended at"),
    });
    const opaque = await openDoor({ ...token.access, credentials: { token: "opaque" } });
    await expect(opaque.get(www)).rejects.toMatchObject({ ...rejected, message: expect.stringContaining("(401)") });
  });

  it("of another cluster's CA are not taken, and we do not take its apiserver", async () => {
    const [, beta] = await sharedClusters();
    const { access } = await beta.user({ name: "door-suite" });
    const { server, caBundle } = shared;
    const door = await openDoor({ ...access, server, caBundle });
    await expect(door.get(www)).rejects.toMatchObject(rejected);
    const pinned = await openDoor({ ...access, server });
    await expect(pinned.get(www)).rejects.toMatchObject({
      ...unreachable,
      message: expect.stringContaining("is not trusted"),
    });
  });
});

describe("a long list", () => {
  it("of small objects comes in pages, of large ones in small pages", async () => {
    await shared.namespace("door-long");
    const made = async (name: string, bytes: number) => {
      const data = { a: "x".repeat(bytes) };
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "door-long" }, data };
      await shared.admin.create("/api/v1/namespaces/door-long/configmaps", object);
    };
    await Promise.all(Array.from({ length: 12 }, (_, index) => made(`large-${index}`, 1_000_000)));
    const door = await openDoor(shared.admin.access);
    const found = await door.list("ConfigMap", { namespace: "door-long" });
    expect(found.map(({ metadata }) => metadata.name).sort()).toEqual(
      Array.from({ length: 12 }, (_, index) => `large-${index}`).sort(),
    );
    const asked = (await shared.requestsOf("admin")).filter(({ path }) => path.includes("door-long/configmaps?limit"));
    expect(asked.map(({ path }) => /limit=(\d+)/.exec(path)?.[1])).toEqual(["500", "50", "4", "4", "4"]);
  });
});

describe("an apiserver that comes and goes", () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    const [started] = await startClusters({ names: ["door-alone"] });
    if (!started) throw new Error("it did not start");
    cluster = started;
    await cluster.namespace("door-own");
  });
  afterAll(() => cluster?.stop());

  it("is unreachable while it is down, and answers the same door again", async () => {
    const door = await openDoor(cluster.admin.access);
    await door.apply(secret("www-tls"), ours);
    await cluster.down("apiserver");
    await expect(door.get(www)).rejects.toMatchObject(unreachable);
    await cluster.up();
    expect((await door.get(www))?.metadata.name).toBe("www-tls");
  });

  it("is unreachable while it answers nothing", async () => {
    const door = await openDoor(cluster.admin.access, { connectSeconds: 0.3, answerSeconds: 0.5 });
    await door.version();
    await cluster.pause();
    const late = { ...unreachable, message: expect.stringContaining("did not answer in time") };
    await expect(door.get(www)).rejects.toMatchObject(late);
    const fresh = await openDoor(cluster.admin.access, { connectSeconds: 0.3, answerSeconds: 0.5 });
    await expect(fresh.get(www)).rejects.toMatchObject(late);
    await cluster.resume();
    expect((await door.get(www))?.metadata.name).toBe("www-tls");
  });
});

const roleOnOne = role("door-one", "[get, patch]", "resourceNames: [www-tls], ");
const roleToCreate = role("door-create", "[create]", "");

function role(name: string, verbs: string, names: string): string {
  return `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: ${name}, namespace: door-own }
rules: [{ apiGroups: [""], resources: [secrets], ${names}verbs: ${verbs} }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: ${name}, namespace: door-own }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${name} }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: Group, name: mirrors }]
`;
}
