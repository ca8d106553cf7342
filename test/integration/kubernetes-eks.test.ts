import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eksToken } from "../../adapters/aws/eks-token.ts";
import type { ClusterSpec } from "../../core/kubernetes/cluster.ts";
import type { Kubernetes } from "../../core/kubernetes/port.ts";
import type { Environment } from "../../functions/runtime/environment.ts";
import { openKubernetes } from "../../functions/runtime/kubernetes.ts";
import { createKubernetesClient } from "../../local/kubernetes/client.ts";
import { type LocalCluster, startCluster } from "../../local/kubernetes/cluster.ts";
import { type EksWebhook, startEksWebhook } from "../support/eks-webhook.ts";
import { rightsInForce } from "../support/kubernetes/rights.ts";
import { openDoor } from "../support/kubernetes-world.ts";
import { memorySecretStore } from "../support/memory-secret-store.ts";
import { stubbedSts } from "../support/stubbed-sts.ts";

/** A real apiserver that learns who asks as EKS does: a webhook beside it looks at the presigned request in the token. */
const region = "eu-west-1";
const sts = stubbedSts();
const folder = mkdtempSync(join(tmpdir(), "certwright-eks-"));
let webhook: EksWebhook;
let cluster: LocalCluster;

beforeAll(async () => {
  const now = () => new Date();
  webhook = await startEksWebhook({ clusterName: "prod", region, keys: sts.keys, now }, ["certwright-mirrors"]);
  const config = join(folder, "webhook.json");
  writeFileSync(config, webhook.config);
  cluster = await startCluster("eks", {
    folder: join(folder, "cluster"),
    logs: folder,
    apiserverFlags: {
      "authentication-token-webhook-config-file": config,
      "authentication-token-webhook-version": "v1",
      "authentication-token-webhook-cache-ttl": "0s",
    },
  });
  const admin = createKubernetesClient(cluster.admin);
  await admin.applyYaml(rights);
  await rightsInForce(admin);
});
afterAll(async () => {
  await cluster?.stop();
  await webhook?.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  webhook.refused.length = 0;
});

const environment = { instance: "certwright", allowedPrivateHosts: ["127.0.0.1"] } as unknown as Environment;

/** What opens doors in a function of its own; its clock is wrong by so much. */
function warmFunction() {
  const skew = { minutes: 0 };
  const clock = { now: () => new Date(Date.now() + skew.minutes * 60_000) };
  const { kubernetes } = openKubernetes(environment, {
    client: sts.client,
    clock,
    store: async () => memorySecretStore(),
  });
  const open = (eks: { clusterName: string; region: string; roleArn?: string }): Promise<Kubernetes> => {
    const { server, caBundle } = cluster.admin;
    const spec = { server, caBundle, auth: { eks } } as ClusterSpec;
    return kubernetes({ key: { namespace: "_cluster", kind: "Cluster", name: "prod" }, spec });
  };
  return { open, skew };
}
const { open } = warmFunction();

const www = { kind: "Secret" as const, namespace: "default", name: "www-tls" };
const ours = { fieldManager: "certwright-eks", force: false };
const secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: "default", name: "www-tls" },
  type: "kubernetes.io/tls",
  data: { "tls.crt": "eA==", "tls.key": "eA==" },
};
const rejected = { name: "RefusedError", reason: "CredentialsRejected", message: expect.stringContaining("(401)") };

describe("an EKS cluster", () => {
  it("lets the function in as itself, with the rights of its access entry", async () => {
    const door = await open({ clusterName: "prod", region });
    expect((await door.apply(secret, ours)).metadata.name).toBe("www-tls");
    await expect(door.list("Secret", {})).rejects.toMatchObject({
      reason: "KubernetesForbidden",
      message: expect.stringContaining(`The user "${sts.ownArn}" may not list secrets`),
    });
    expect(webhook.refused).toEqual([]);
  });

  it("lets a role in that the function assumes", async () => {
    const roleArn = "arn:aws:iam::444455556666:role/certwright-prod";
    const door = await open({ clusterName: "prod", region, roleArn });
    await expect(door.list("Secret", {})).rejects.toMatchObject({ message: expect.stringContaining(`"${roleArn}"`) });
  });

  it("does not know a token that was made for another cluster or region", async () => {
    const other = await open({ clusterName: "staging", region });
    await expect(other.get(www)).rejects.toMatchObject(rejected);
    const elsewhere = await open({ clusterName: "prod", region: "us-east-1" });
    await expect(elsewhere.get(www)).rejects.toMatchObject(rejected);
    expect(webhook.refused).toEqual(["the signature does not match", "unexpected hostname"]);
  });

  it("takes a token for 15 minutes, and a fresh one after that", async () => {
    const young = warmFunction();
    young.skew.minutes = -14.5;
    const taken = await young.open({ clusterName: "prod", region });
    expect((await taken.get(www))?.metadata.name).toBe("www-tls");
    const old = warmFunction();
    old.skew.minutes = -15.5;
    const door = await old.open({ clusterName: "prod", region });
    await expect(door.get(www)).rejects.toMatchObject(rejected);
    expect(webhook.refused).toEqual(["X-Amz-Date is expired"]);
    old.skew.minutes = -1;
    const fresh = await old.open({ clusterName: "prod", region });
    expect((await fresh.get(www))?.metadata.name).toBe("www-tls");
  });

  it("does not take a token that somebody changed", async () => {
    const stsClient = new STSClient({ ...sts.client, region });
    const token = await eksToken({ clusterName: "prod", region, stsClient, clock: { now: () => new Date() } });
    const url = Buffer.from(token.slice("k8s-aws-v1.".length), "base64url").toString("utf8");
    const later = url.replace("X-Amz-Expires=60", "X-Amz-Expires=900");
    const changed = `k8s-aws-v1.${Buffer.from(later).toString("base64url")}`;
    const asIs = await openDoor({ ...cluster.admin, credentials: { token } });
    expect((await asIs.get(www))?.metadata.name).toBe("www-tls");
    const door = await openDoor({ ...cluster.admin, credentials: { token: changed } });
    await expect(door.get(www)).rejects.toMatchObject(rejected);
    expect(webhook.refused).toEqual(["the signature does not match"]);
  });
});

const rights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: mirror, namespace: default }
rules: [{ apiGroups: [""], resources: [secrets], verbs: [get, create, patch] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: mirror, namespace: default }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: mirror }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: Group, name: certwright-mirrors }]
`;
