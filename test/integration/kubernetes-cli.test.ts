import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { beforeAll, describe, expect, it } from "vitest";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { type ClusterUser, sharedClusters, type TestCluster } from "../support/kubernetes-bed.ts";

/** Clusters and Bundles by the command line, as a platform engineer uses it: the deployed pipeline, a real apiserver. */

const bed = openBed();
const { stack } = bed;
const name = bed.fresh("cli");
const namespace = bed.fresh("team");
const issuer = bed.fresh("cli-issuer");
const bundle = bed.fresh("roots");
const cert = certificate({
  name: "www",
  namespace,
  issuer,
  dnsNames: [`${bed.fresh("www")}.example.test`],
  annotations: { "certwright.dev/targets": name },
});

let cluster: TestCluster;
let user: ClusterUser;

const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await certwright(stack, args);
  if (code !== 0) throw new Error(`certwright ${args.join(" ")}: ${stderr}`);
  return stdout;
};
const apply = (...objects: object[]) =>
  certwright(stack, ["apply", "-f", "-"], objects.map((object) => JSON.stringify(object)).join("\n---\n"));

beforeAll(async () => {
  [cluster] = await sharedClusters();
  user = await cluster.user({ name });
  const SecretString = JSON.stringify({ kubeconfig: user.kubeconfig });
  await stack.clients.secrets.send(
    new CreateSecretCommand({ Name: `${stack.facts.instance}/_cluster/${name}`, SecretString }),
  );
  await cluster.namespace(namespace, { labels: { team: namespace } });
  await bed.putIssuer({ name: issuer });
});

describe("a Cluster", () => {
  it("is applied, waited for, and listed", async () => {
    const spec = { auth: { kubeconfigSecretRef: { name } }, trustNamespace: namespace };
    const object = { apiVersion: "certwright.dev/v1", kind: "Cluster", metadata: { name }, spec };
    expect(await apply(object)).toMatchObject({ code: 0, stdout: `cluster/${name} created\n` });
    expect(await run("wait", `cluster/${name}`, "--timeout=60s")).toBe(`cluster/${name} condition met\n`);
    const [header, row] = (await run("get", "cluster", name, "-o", "wide")).split("\n");
    expect(header?.split(/\s{2,}/)).toEqual([
      "NAME",
      "READY",
      "SECRETS",
      "STATUS",
      "AGE",
      "VERSION",
      "LAG",
      "SERVER",
      "MODE",
      "LAST-ERROR",
    ]);
    expect(row?.split(/\s{2,}/)).toEqual([
      name,
      "True",
      "0/0",
      "Ready",
      expect.any(String),
      expect.stringMatching(/^v1\./),
      "<none>",
      "<kubeconfig>",
      "repair",
      "<none>",
    ]);
    expect(await run("get", "clusters")).toContain(name);
  });

  it("tells the right that is missing, until `kubernetes rbac` has given it", async () => {
    await bed.put([cert]);
    await bed.ready([cert]);
    await until(async () =>
      expect(await described("certificate", "www", "-n", namespace)).toContain("KubernetesForbidden"),
    );
    const told = await described("certificate", "www", "-n", namespace);
    expect(told).toMatch(new RegExp(`\\n {2}${name} +False +KubernetesForbidden .*secrets`));
    expect(await described("cluster", name)).toMatch(new RegExp(`${namespace}/www .*KubernetesForbidden`));
    await cluster.applyYaml(await run("kubernetes", "rbac", name, "--user", name));
    await stack.invoke("sync-kubernetes", { certificates: [{ namespace, name: "www" }] });
    await until(async () =>
      expect(await described("certificate", "www", "-n", namespace)).toMatch(
        new RegExp(`\\n {2}${name} +True +Synced +${namespace}/www-tls +1 `),
      ),
    );
    const { status } = JSON.parse(await run("get", "cluster", name, "-o", "json"));
    expect(status).toMatchObject({ secretsInSync: 1, secrets: 1, lagSeconds: expect.any(Number) });
    expect(await cluster.admin.get(`/api/v1/namespaces/${namespace}/secrets/www-tls`)).toMatchObject({
      type: "kubernetes.io/tls",
    });
  });

  it("says that a target does not exist", async () => {
    const other = certificate({
      ...{ name: "typo", namespace, issuer, dnsNames: [`${bed.fresh("typo")}.example.test`] },
      annotations: { "certwright.dev/targets": "no-such-cluster" },
    });
    await bed.put([other]);
    expect(await described("certificate", "typo", "-n", namespace)).toMatch(
      /\n {2}no-such-cluster +False +ClusterNotFound/,
    );
  });
});

describe("a Bundle", () => {
  it("is applied, waited for, shown in each cluster, and gone after its deletion", async () => {
    const sources = [{ inLine: await stack.rootCertificate() }];
    const target = { configMap: { key: "ca.crt" }, namespaceSelector: { matchLabels: { team: namespace } } };
    const spec = { clusters: [name], sources, target };
    const object = { apiVersion: "certwright.dev/v1", kind: "Bundle", metadata: { name: bundle }, spec };
    expect(await apply(object)).toMatchObject({ code: 0, stdout: `bundle/${bundle} created\n` });
    await cluster.applyYaml(await run("kubernetes", "rbac", name, "--user", name));
    await stack.invoke("sync-kubernetes", {
      key: { namespace: "_cluster", kind: "Bundle", name: bundle },
      replan: true,
    });
    await until(async () =>
      expect(await described("bundle", bundle)).toMatch(new RegExp(`\\n {2}${name} +True +1 +none +1 +Synced`)),
    );
    expect(await run("wait", `bundle/${bundle}`)).toBe(`bundle/${bundle} condition met\n`);
    expect(await run("get", "bundles")).toMatch(new RegExp(`${bundle} +True +${name} `));
    await run("delete", "bundle", bundle);
    await run("wait", `bundle/${bundle}`, "--for=delete", "--timeout=60s");
    await until(async () =>
      expect(await cluster.admin.get(`/api/v1/namespaces/${namespace}/configmaps/${bundle}`)).toBeUndefined(),
    );
  });
});

describe("a Cluster that is deleted", () => {
  it("leaves what it mirrored, as its policy says", async () => {
    expect(await run("delete", "cluster", name)).toBe(`cluster/${name} deleted; its mirrored Secrets stay there\n`);
    await run("wait", `cluster/${name}`, "--for=delete", "--timeout=60s");
    expect(await cluster.admin.get(`/api/v1/namespaces/${namespace}/secrets/www-tls`)).toBeDefined();
  });
});

const described = (...args: string[]) => run("describe", ...args);

/** Tries until it no longer throws; after a minute it may. */
async function until(check: () => Promise<void>): Promise<void> {
  for (const end = Date.now() + 60_000; ; ) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
