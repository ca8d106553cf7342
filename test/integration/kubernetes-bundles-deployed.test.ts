import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateSecretCommand, GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { rbacObjects } from "../../cli/rbac-objects.ts";
import { rightsIn } from "../../core/kubernetes/rbac.ts";
import type { Manifest } from "../../local/requests.ts";
import { expectCallsAllowed } from "../support/iam-weigh.ts";
import { openBed } from "../support/integration-bed.ts";
import { trustedEntries } from "../support/keytool.ts";
import { sharedClusters, type TestCluster } from "../support/kubernetes-bed.ts";
import { makeCa } from "../support/trust-certificates.ts";

/** Bundles through the Lambda of the deployment, with its own role: from a written request to a real cluster and a stored secret. */
const { stack, fresh } = openBed();
const { instance } = stack.facts;
const [name, roots, outside, home] = ["bundles", "roots", "outside", "home"].map(fresh) as [
  string,
  string,
  string,
  string,
];
const within = { timeout: 20_000, interval: 200 };
const selector = { matchLabels: { [`trust-${home}`]: "yes" } };
const formats = { jks: { key: "ca.jks" }, pkcs12: { key: "ca.p12", password: "changeit", profile: "Modern2023" } };

let cluster: TestCluster;
let pem: string;

function bundle(called: string, spec: object): Manifest {
  return {
    apiVersion: "certwright.dev/v1",
    kind: "Bundle",
    metadata: { name: called },
    spec: { clusters: [name], ...spec },
  };
}

beforeAll(async () => {
  [cluster] = await sharedClusters();
  pem = (await makeCa("CN=Deployed")).pem;
  await cluster.namespace(home, { labels: selector.matchLabels });
  const user = await cluster.user({ name: fresh("bundler") });
  const spec = {
    sources: [{ useDefaultCAs: true }],
    target: { configMap: { key: "ca.crt" }, storedSecret: false },
  };
  const clusterSpec = {
    ...{ auth: { kubeconfigSecretRef: { name, key: "config" } }, namespaceMap: {}, deletionPolicy: "retain" as const },
    ...{ mode: "repair" as const, requestsPerSecond: 20, driftCheckSeconds: 3_600, trustNamespace: "cert-manager" },
  };
  const used = [{ name: roots, spec, kinds: [], namespaces: [] }];
  const rights = rightsIn({ spec: clusterSpec, secrets: [], formerSecrets: [], bundles: used });
  const objects = rbacObjects(rights, { name: user.name, subject: { kind: "User", name: user.name } });
  await cluster.applyYaml(objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  const credentials = {
    Name: `${instance}/_cluster/${name}`,
    SecretString: JSON.stringify({ config: user.kubeconfig }),
  };
  await stack.clients.secrets.send(new CreateSecretCommand(credentials));
  const { auth } = clusterSpec;
  await stack.put({ apiVersion: "certwright.dev/v1", kind: "Cluster", metadata: { name }, spec: { auth } });
}, 120_000);

const configMap = () => cluster.admin.get(`/api/v1/namespaces/${home}/configmaps/${roots}`);
const spec = (...inLine: string[]) => ({
  sources: [{ useDefaultCAs: true }, ...inLine.map((text) => ({ inLine: text }))],
  target: { configMap: { key: "ca.crt" }, additionalFormats: formats, namespaceSelector: selector },
});

describe("sync-kubernetes, deployed", () => {
  it("puts a Bundle of default CAs into a cluster within seconds, with truststores that Java reads", async () => {
    await stack.put(bundle(roots, spec()));
    const object = await vi.waitFor(async () => {
      const found = await configMap();
      expect(found?.data).toBeDefined();
      return found;
    }, within);
    const texts = (object?.data ?? {}) as Record<string, string>;
    const count = texts["ca.crt"]?.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;
    expect(count).toBeGreaterThan(100);
    const folder = await mkdtemp(join(tmpdir(), "certwright-bundles-"));
    for (const [file, text] of Object.entries((object?.binaryData ?? {}) as Record<string, string>)) {
      await writeFile(join(folder, file), Buffer.from(text, "base64"));
      expect(await trustedEntries(join(folder, file), "changeit")).toHaveLength(count);
    }
    await rm(folder, { recursive: true });
  });

  it("says so, follows an edit, and takes it out again", async () => {
    await stack.put(bundle(roots, spec(pem)));
    await vi.waitFor(
      async () => expect((await configMap())?.data).toMatchObject({ "ca.crt": expect.stringContaining(pem) }),
      within,
    );
    const key = { namespace: "_cluster", kind: "Bundle", name: roots } as const;
    await vi.waitFor(async () => {
      expect(await stack.state.bundle(key)).toMatchObject({
        defaultCAVersion: expect.stringMatching(/^mozilla-/),
        ready: { status: "True", reason: "Ready" },
      });
      const { bundles } = await stack.state.clusterRows(name);
      expect(bundles).toMatchObject([{ bundle: roots, namespaces: [home], synced: { reason: "Synced" } }]);
    }, within);
    await stack.delete(key);
    await vi.waitFor(async () => expect(await configMap()).toBeUndefined(), within);
    await vi.waitFor(async () => expect((await stack.state.clusterRows(name)).bundles).toEqual([]), within);
  });

  it("keeps one as a stored secret, and writes it anew only when it changes", async () => {
    const stored = `${instance}/_cluster/bundle-${outside}`;
    const read = () => stack.clients.secrets.send(new GetSecretValueCommand({ SecretId: stored }));
    const target = { storedSecret: true, additionalFormats: formats };
    await stack.put(bundle(outside, { sources: [{ inLine: pem }], target }));
    const first = await vi.waitFor(read, within);
    const value = JSON.parse(first.SecretString ?? "{}") as Record<string, string>;
    expect(Object.keys(value)).toEqual(["ca.crt", "ca.jks", "ca.p12"]);
    expect(value["ca.crt"]).toBe(pem);
    await stack.put(bundle(outside, { sources: [{ inLine: `# again\n${pem}${pem}` }], target }));
    const key = { namespace: "_cluster", kind: "Bundle", name: outside } as const;
    await vi.waitFor(async () => expect((await stack.state.bundle(key))?.generation).toBe(2), within);
    expect((await read()).VersionId).toBe(first.VersionId);
    const other = (await makeCa("CN=Other")).pem;
    await stack.put(bundle(outside, { sources: [{ inLine: other }], target }));
    await vi.waitFor(
      async () => expect((await read()).SecretString).toContain(JSON.stringify(other).slice(1, -1)),
      within,
    );
    await stack.delete(key);
  });

  it("did all that with the rights of its role", async () => {
    await expectCallsAllowed(stack);
  });
});
