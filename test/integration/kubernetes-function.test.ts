import { createPrivateKey } from "node:crypto";
import { createSecureContext } from "node:tls";
import { CreateSecretCommand, GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { expectCallsAllowed } from "../support/iam-weigh.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { sharedClusters, type TestCluster } from "../support/kubernetes-bed.ts";

/** The Lambda of the deployment, a real apiserver, and nothing else: facts, dispatch and its own role must do it all. */
const bed = openBed();
const { stack, fresh } = bed;
const { instance, account, region } = stack.facts;
const [namespace, issuer, name, bundle] = ["mirrored", "le", "alpha", "roots"].map(fresh) as [
  string,
  string,
  string,
  string,
];
const key = { namespace: "_cluster", kind: "Cluster" as const, name };
const stored = `${instance}/_cluster/bundle-${bundle}`;

let cluster: TestCluster;

const rights = (user: string) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: ${user} }
rules:
  - { apiGroups: [""], resources: [secrets, configmaps], verbs: [get, create, patch, delete] }
  - { apiGroups: [""], resources: [namespaces], verbs: [get, list] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: ${user} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${user} }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: ${user} }]
`;

beforeAll(async () => {
  [cluster] = await sharedClusters();
  await cluster.namespace(namespace);
  const user = await cluster.user({ name: fresh("certwright") });
  await cluster.applyYaml(rights(user.name));
  const credentials = {
    Name: `${instance}/_cluster/${name}`,
    SecretString: JSON.stringify({ config: user.kubeconfig }),
  };
  await stack.clients.secrets.send(new CreateSecretCommand(credentials));
  await bed.putIssuer({ name: issuer });
  await stack.put(clusterManifest());
  await shown("True");
}, 120_000);

function clusterManifest(): Manifest {
  const auth = { kubeconfigSecretRef: { name, key: "config" } };
  const spec = { auth, selector: { namespaces: [namespace] }, deletionPolicy: "delete" };
  return { apiVersion: "certwright.dev/v1", kind: "Cluster", metadata: { name }, spec };
}

async function shown(status: "True" | "False"): Promise<void> {
  await vi.waitFor(async () => expect(await stack.state.cluster(key)).toMatchObject({ ready: { status } }), within);
}

const within = { timeout: 15_000, interval: 100 };
const www = certificate({ name: "www", namespace, issuer, dnsNames: [`www.${fresh("mirror")}.example.test`] });
const inS3 = certificate({
  name: "in-s3",
  namespace,
  issuer,
  dnsNames: [`s3.${fresh("mirror")}.example.test`],
  annotations: { "certwright.dev/store": "s3" },
});
const secretPath = `/api/v1/namespaces/${namespace}/secrets/www-tls`;

describe("sync-kubernetes, deployed", () => {
  it("mirrors a certificate within seconds of its issuance, and says so", async () => {
    await stack.put(www);
    await bed.ready([www]);
    const { "tls.crt": crt = "" } = await bed.read(www);
    await vi.waitFor(async () => {
      const secret = await cluster.admin.get(secretPath);
      expect(secret?.data).toMatchObject({ "tls.crt": Buffer.from(crt).toString("base64") });
      const managers = secret?.metadata.managedFields?.map(({ manager }) => manager);
      expect(managers).toEqual([`certwright-${instance}-${account}-${region}`]);
    }, within);
    await vi.waitFor(async () => {
      const [target] = await stack.state.targetsOf({ namespace, name: "www" });
      expect(target).toMatchObject({ cluster: name, secret: `${namespace}/www-tls`, synced: { reason: "Synced" } });
    }, within);
  });

  it("mirrors what is stored in S3, too", async () => {
    await stack.put(inS3);
    await vi.waitFor(async () => {
      const secret = await cluster.admin.get(`/api/v1/namespaces/${namespace}/secrets/in-s3-tls`);
      expect(Object.keys((secret?.data as object | undefined) ?? {})).toContain("tls.key");
    }, within);
  });

  it("mirrors keystores and further formats byte by byte, and takes away what is no longer asked for", async () => {
    const path = `/api/v1/namespaces/${namespace}/secrets/in-java-tls`;
    const asked = (more: Record<string, unknown>) =>
      certificate({ name: "in-java", namespace, issuer, dnsNames: [`java.${fresh("mirror")}.example.test`], more });
    const password = "changeit";
    const jks = { create: true, password, alias: "web" };
    const pkcs12 = { create: true, password, profile: "Modern2023" };
    const formats = { additionalOutputFormats: [{ type: "DER" }, { type: "CombinedPEM" }] };
    const manifest = asked({ keystores: { jks, pkcs12 }, ...formats });
    await stack.put(manifest);
    await bed.ready([manifest]);
    const { metadata: _, ...keys } = (await bed.read(manifest)) as Record<string, string>;
    const names = ["key.der", "keystore.jks", "keystore.p12", "tls-combined.pem", "tls.crt", "tls.key"];
    expect(Object.keys(keys).sort()).toEqual(names);
    const isText = (one: string) => one.startsWith("tls");
    const wanted = Object.entries(keys).map(([one, value]) => [
      one,
      isText(one) ? Buffer.from(value).toString("base64") : value,
    ]);
    await vi.waitFor(async () => {
      expect((await cluster.admin.get(path))?.data).toEqual(Object.fromEntries(wanted));
    }, within);
    const data = (await cluster.admin.get(path))?.data as Record<string, string>;
    const bytes = (one: string) => Buffer.from(data[one] ?? "", "base64");
    expect(bytes("keystore.jks").readUInt32BE()).toBe(0xfeedfeed);
    expect(() => createSecureContext({ pfx: bytes("keystore.p12"), passphrase: password })).not.toThrow();
    const key = createPrivateKey({ key: bytes("key.der"), format: "der", type: "sec1" });
    expect(key.equals(createPrivateKey(keys["tls.key"] ?? ""))).toBe(true);
    await stack.put(asked({ keystores: { pkcs12 } }));
    await vi.waitFor(async () => {
      const left = Object.keys((await cluster.admin.get(path))?.data as object);
      expect(left.sort()).toEqual(["keystore.p12", "tls.crt", "tls.key"]);
    }, within);
    expect(Buffer.from(data["tls.crt"] ?? "", "base64").toString()).toBe((await bed.read(manifest))["tls.crt"]);
  });

  it("keeps a Bundle as a stored secret, and what becomes of it", async () => {
    const root = await stack.rootCertificate();
    const spec = { clusters: [fresh("none")], target: { storedSecret: true }, sources: [{ inLine: root }] };
    const manifest = { apiVersion: "certwright.dev/v1", kind: "Bundle", metadata: { name: bundle }, spec };
    await stack.put(manifest);
    const read = () => stack.clients.secrets.send(new GetSecretValueCommand({ SecretId: stored }));
    const { SecretString = "{}" } = await vi.waitFor(read, within);
    expect(JSON.parse(SecretString)["ca.crt"]).toContain(root.trim());
    const sources = [...spec.sources, { issuer: { kind: "ClusterIssuer", name: issuer } }];
    await stack.put({ ...manifest, spec: { ...spec, sources } });
    await vi.waitFor(async () => {
      const { "ca.crt": pem } = JSON.parse((await read()).SecretString ?? "{}");
      expect(pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    }, within);
  });

  it("is called by the resync, for each Cluster and Bundle", async () => {
    expect(await stack.resync()).toMatchObject({ replanned: expect.any(Number) });
    const asked = (await stack.calls({ function: "resync", action: "Invoke" })).map(({ parameters }) => parameters);
    expect(JSON.stringify(asked)).toContain(`${instance}-sync-kubernetes`);
  });

  it("takes the Secret away when its Certificate goes, as the Cluster asks", async () => {
    await stack.delete({ namespace, name: "www" });
    await vi.waitFor(async () => expect(await cluster.admin.get(secretPath)).toBeUndefined(), within);
  });

  it("forgets a Cluster and a Bundle that go", async () => {
    await stack.delete({ ...key });
    await stack.delete({ ...key, kind: "Bundle", name: bundle });
    await vi.waitFor(async () => {
      const rows = [...(await stack.state.clusters()), ...(await stack.state.bundles())];
      expect(rows.filter((row) => [name, bundle].includes(row.key.name))).toEqual([]);
    }, within);
  });

  it("called AWS only as its role allows", async () => {
    const calls = await stack.calls({ function: "sync-kubernetes" });
    const used = ["CreateSecret", "UpdateSecretVersionStage", "GetSecretValue", "GetObject", "Scan", "DeleteItem"];
    expect(calls.map(({ action }) => action)).toEqual(expect.arrayContaining(used));
    await expectCallsAllowed(stack);
  });
});
