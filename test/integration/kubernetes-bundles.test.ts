import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pkcs12 } from "../../adapters/trust/pkcs12.ts";
import { rbacObjects } from "../../cli/rbac-objects.ts";
import { checkBundle } from "../../core/kubernetes/bundles/check-bundle.ts";
import { rightsIn } from "../../core/kubernetes/rbac.ts";
import type { PlacedBundleRow } from "../../core/kubernetes/rows.ts";
import { workOn } from "../../core/kubernetes/work.ts";
import { bundleWorld, clusterWith, placedIn } from "../support/bundle-world.ts";
import { trustedEntries } from "../support/keytool.ts";
import { type ClusterUser, sharedClusters, type TestCluster } from "../support/kubernetes-bed.ts";
import { bundleKey } from "../support/kubernetes-rows.ts";
import { openDoor } from "../support/kubernetes-world.ts";
import { makeCa, type TestCa } from "../support/trust-certificates.ts";

/** Bundles through our own client and the worker of a cluster, on a real apiserver with the rights that `kubernetes rbac` prints. */

const run = promisify(execFile);
const namespaces = Array.from({ length: 50 }, (_, index) => `bundles-${String(index).padStart(2, "0")}`);
const trust = "bundles-trust";
const key = bundleKey("company-roots");
const target = {
  configMap: { key: "ca-bundle.crt", metadata: { labels: { team: "security" } } },
  secret: { key: "ca-bundle.crt" },
  additionalFormats: {
    jks: { key: "ca.jks", password: "changeit" },
    pkcs12: { key: "ca.p12", password: "changeit", profile: "Modern2023" },
  },
  namespaceSelector: { matchLabels: { bundles: "yes" } },
};
const sources = [
  { configMap: { name: "company", key: "ca.crt" } },
  { configMap: { selector: { matchLabels: { bundles: "more" } }, key: "ca.crt" } },
  { secret: { name: "partner", includeAllKeys: true } },
];

let cluster: TestCluster;
let user: ClusterUser;
let folder: string;
let world: ReturnType<typeof bundleWorld>;
let company: TestCa;
let old: TestCa;
let partner: TestCa;
let added: TestCa;

beforeAll(async () => {
  [cluster] = await sharedClusters();
  folder = await mkdtemp(join(tmpdir(), "certwright-bundles-"));
  const make = (name: string, until = 365) => makeCa(`CN=${name}, O=Example`, { until });
  [company, old, partner, added] = await Promise.all([make("Company"), make("Old", -1), make("Partner"), make("New")]);
  for (const name of namespaces) await cluster.namespace(name, { labels: { bundles: "yes" } });
  await cluster.namespace(trust);
  world = bundleWorld({ now: new Date() });
  world.time.now = new Date();
  user = await cluster.user({ name: "bundles-writer" });
  world.deps.kubernetes = () => openDoor(user.access);
  const row = clusterWith({ trustNamespace: trust, requestsPerSecond: 500 });
  await world.state.putCluster({ ...row, version: 0, dueAt: Date.now() });
  if (!row.spec) throw new Error("no spec");
  await world.requests.put({ key, apiVersion: "certwright.dev/v1", spec: { sources, target } });
  const accepted = await checkBundle(world.deps, key);
  if (!accepted?.spec) throw new Error("it was not accepted");
  const bundles = [{ name: key.name, spec: accepted.spec, kinds: [], namespaces: [] }];
  const rights = rightsIn({ spec: row.spec, secrets: [], formerSecrets: [], bundles });
  const named = { name: "bundles-writer", subject: { kind: "User", name: user.name } as const };
  await cluster.applyYaml(
    rbacObjects(rights, named)
      .map((object) => JSON.stringify(object))
      .join("\n---\n"),
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a change of the Bundle or a drift check sets off. */
async function sync(): Promise<PlacedBundleRow> {
  world.time.now = new Date();
  await checkBundle(world.deps, key);
  const report = await workOn(world.deps, "prod-eu", new Date(Date.now() + 120_000));
  expect(report).toMatchObject({ did: "worked" });
  const placed = await placedIn(world.state, "prod-eu", key.name);
  if (!placed) throw new Error("there is no row");
  return placed;
}

const put = (kind: "ConfigMap" | "Secret", name: string, stringData: Record<string, string>, labels = {}) => {
  const encoded = Object.entries(stringData).map(([one, value]) => [one, Buffer.from(value).toString("base64")]);
  const data = kind === "Secret" ? Object.fromEntries(encoded) : stringData;
  return cluster.admin.apply({ apiVersion: "v1", kind, metadata: { name, namespace: trust, labels }, data });
};
const pathOf = (namespace: string, kind: "configmaps" | "secrets" = "configmaps") =>
  `/api/v1/namespaces/${namespace}/${kind}/${key.name}`;
const pemIn = async (namespace: string) =>
  ((await cluster.admin.get(pathOf(namespace)))?.data as Record<string, string> | undefined)?.["ca-bundle.crt"];
const everywhere = () => Promise.all(namespaces.map(pemIn));
const sorted = (...cas: TestCa[]) => cas.map(({ pem }) => pem).sort();
const blocksOf = (pem = "") => (pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? []).sort();

describe("a bundle with an expired, a duplicate, a malformed and a new CA in 50 namespaces", () => {
  it("holds what is valid, once, and says what it left out and where that stands", async () => {
    await put("ConfigMap", "company", { "ca.crt": `# Company\n${company.pem}${old.pem}`, "other.crt": "not read" });
    await put("ConfigMap", "more-1", { "ca.crt": company.pem.replaceAll("\n", "\r\n") }, { bundles: "more" });
    const broken = "-----BEGIN CERTIFICATE-----\nMIIB not base64\n-----END CERTIFICATE-----\n";
    await put("ConfigMap", "more-2", { "ca.crt": broken }, { bundles: "more" });
    await put("Secret", "partner", { "one.pem": partner.pem });
    const row = await sync();
    expect(row).toMatchObject({
      namespaces,
      counts: { certificates: 2, expired: 1, duplicate: 1, malformed: 1 },
      synced: { status: "True", reason: "Synced" },
    });
    expect(row.synced?.message).toContain(
      `1 malformed (spec.sources[1] (ConfigMap ${trust}/more-2, key ca.crt), line 1: the certificate is not base64)`,
    );
    for (const pem of await everywhere()) expect(blocksOf(pem)).toEqual(sorted(company, partner));
  });

  it("gets a new CA everywhere; a client that trusts the bundle verifies leaves of the new and the old one", async () => {
    const before = (await pemIn("bundles-07")) ?? "";
    await expect(handshake(added, before)).rejects.toThrow(/unable to verify|self-signed|local issuer/);
    await put("ConfigMap", "more-2", { "ca.crt": added.pem }, { bundles: "more" });
    expect((await sync()).counts).toEqual({ certificates: 3, expired: 1, duplicate: 1, malformed: 0 });
    for (const pem of await everywhere()) expect(blocksOf(pem)).toEqual(sorted(company, partner, added));
    const bundle = (await pemIn("bundles-49")) ?? "";
    for (const ca of [company, partner, added]) expect(await handshake(ca, bundle)).toBe("authorized");
    await writeFile(join(folder, "bundle.pem"), bundle);
    await writeFile(join(folder, "leaf.pem"), (await added.sign("www.example.com")).cert);
    const verified = await run("openssl", ["verify", "-CAfile", join(folder, "bundle.pem"), join(folder, "leaf.pem")]);
    expect(verified.stdout).toContain("leaf.pem: OK");
  });

  it("is refused as a whole while a source holds what is no certificate, or a key: everything stays as it is", async () => {
    const before = await everywhere();
    const block = `${added.pem}-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n`;
    await put("ConfigMap", "more-2", { "ca.crt": block }, { bundles: "more" });
    const line = added.pem.split("\n").length;
    expect((await sync()).synced).toMatchObject({
      status: "False",
      reason: "SourceInvalid",
      message: expect.stringContaining(`ConfigMap ${trust}/more-2, key ca.crt), line ${line}: the block is no X.509`),
    });
    await put("ConfigMap", "more-2", { "ca.crt": (await added.sign("x.example.com")).key }, { bundles: "more" });
    expect((await sync()).synced).toMatchObject({
      reason: "SourceInvalid",
      message: expect.stringContaining("PRIVATE KEY"),
    });
    await cluster.admin.delete(`/api/v1/namespaces/${trust}/configmaps/company`);
    await put("ConfigMap", "more-2", { "ca.crt": added.pem }, { bundles: "more" });
    expect((await sync()).synced).toMatchObject({
      reason: "SourceNotFound",
      message: expect.stringContaining(`spec.sources[0]: ConfigMap ${trust}/company does not exist`),
    });
    expect(await everywhere()).toEqual(before);
    await put("ConfigMap", "company", { "ca.crt": company.pem });
    expect((await sync()).synced?.status).toBe("True");
  });

  it("asks for each object once, and writes nothing, when nothing is to do", async () => {
    await sync();
    const asked = (await cluster.requestsOf(user.name)).length;
    await sync();
    const requests = (await cluster.requestsOf(user.name)).slice(asked);
    const count = (verb: string, resource: string) =>
      requests.filter((one) => one.verb === verb && one.resource === resource).length;
    expect(count("list", "namespaces")).toBe(1);
    expect([count("get", "configmaps"), count("get", "secrets")]).toEqual([51, 51]);
    expect(requests.filter(({ verb }) => !["get", "list"].includes(verb))).toEqual([]);
    expect(requests.filter(({ code }) => code >= 400)).toEqual([]);
  });

  it("repairs what somebody changed, and keeps his own keys and labels", async () => {
    await cluster.admin.patch(pathOf("bundles-03"), {
      data: { "ca-bundle.crt": "nobody", "own.txt": "mine" },
      metadata: { labels: { own: "label" } },
    });
    await cluster.admin.delete(pathOf("bundles-04", "secrets"));
    expect((await sync()).synced?.status).toBe("True");
    const object = await cluster.admin.get(pathOf("bundles-03"));
    expect(object?.metadata.labels).toEqual({ own: "label", team: "security" });
    expect(object?.data).toMatchObject({ "own.txt": "mine" });
    expect(blocksOf(await pemIn("bundles-03"))).toEqual(sorted(company, partner, added));
    expect(await cluster.admin.get(pathOf("bundles-04", "secrets"))).toBeDefined();
  });

  it("leaves a namespace that is no longer selected; others' keys stay", async () => {
    for (const name of ["bundles-03", "bundles-05"]) await cluster.namespace(name, { labels: { bundles: "no" } });
    const row = await sync();
    expect(row.namespaces).toHaveLength(48);
    expect(await cluster.admin.get(pathOf("bundles-05"))).toBeUndefined();
    expect(await cluster.admin.get(pathOf("bundles-05", "secrets"))).toBeUndefined();
    expect((await cluster.admin.get(pathOf("bundles-03")))?.data).toEqual({ "own.txt": "mine" });
  });

  it("leaves an immutable object and one of another manager alone and says so; the others go on", async () => {
    const metadata = { name: key.name, namespace: "bundles-05" };
    const foreign = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "ca-bundle.crt": "theirs" } };
    await cluster.admin.apply(foreign, { fieldManager: "trust-manager" });
    await cluster.namespace("bundles-05", { labels: { bundles: "yes" } });
    await cluster.admin.patch(pathOf("bundles-06"), { immutable: true });
    await put("Secret", "partner", { "one.pem": "# none for now" });
    const row = await sync();
    expect(row.synced).toMatchObject({ status: "False", reason: "FieldManagerConflict" });
    expect(row.synced?.message).toMatch(/^in 47 of 49 namespaces; .*trust-manager.*also not in bundles-06$/);
    expect([await pemIn("bundles-05"), blocksOf(await pemIn("bundles-48"))]).toEqual([
      "theirs",
      sorted(company, added),
    ]);
  });

  it("goes when the Bundle does, and nothing of others with it", async () => {
    await world.requests.delete(key);
    await checkBundle(world.deps, key);
    await workOn(world.deps, "prod-eu", new Date(Date.now() + 120_000));
    expect(await placedIn(world.state, "prod-eu", key.name)).toBeUndefined();
    const left = await Promise.all(namespaces.map((name) => cluster.admin.get(pathOf(name))));
    expect(left.flatMap((object) => object?.data ?? [])).toEqual([
      { "own.txt": "mine" },
      { "ca-bundle.crt": "theirs" },
    ]);
    const secrets = await Promise.all(namespaces.map((name) => cluster.admin.get(pathOf(name, "secrets"))));
    expect(secrets.filter((one) => one !== undefined)).toEqual([]);
  });
});

describe("truststores", () => {
  let objects: Record<string, string>;

  beforeAll(async () => {
    await put("ConfigMap", "company", { "ca.crt": company.pem });
    await put("Secret", "partner", { "one.pem": partner.pem });
    await world.requests.put({ key, apiVersion: "certwright.dev/v1", spec: { sources, target } });
    await sync();
    objects = (await cluster.admin.get(pathOf("bundles-11")))?.binaryData as Record<string, string>;
  });

  const fileOf = async (name: string, bytes: Uint8Array) => {
    const file = join(folder, name);
    await writeFile(file, bytes);
    return file;
  };
  const inJava = [/^[0-9a-f]{8}\|o=example,cn=company$/, /\|o=example,cn=new$/, /\|o=example,cn=partner$/];

  it.each(["ca.jks", "ca.p12"])("%s of the cluster is what Java trusts", async (name) => {
    const entries = await trustedEntries(await fileOf(name, Buffer.from(objects[name] ?? "", "base64")), "changeit");
    expect(entries).toHaveLength(3);
    for (const pattern of inJava) expect(entries).toContainEqual(expect.stringMatching(pattern));
  });

  it.each([
    ["LegacyRC2", "changeit"],
    ["LegacyDES", "changeit"],
    ["Modern2023", "changeit"],
    ["Modern2023", ""],
  ] as const)("PKCS#12 %s with the password %j is read by Java and OpenSSL", async (profile, password) => {
    const file = await fileOf(`${profile}${password}.p12`, pkcs12([company.der, added.der], password, profile));
    expect(await trustedEntries(file, password)).toHaveLength(2);
    const args = ["pkcs12", "-in", file, "-nokeys", "-passin", `pass:${password}`, "-legacy"];
    expect(blocksOf((await run("openssl", args)).stdout)).toEqual(sorted(company, added));
  });
});

/** A TLS handshake with a server whose leaf the CA signed, by a client that trusts this bundle only. */
async function handshake(ca: TestCa, bundle: string): Promise<string> {
  const server = createServer(await ca.sign("www.example.com"), (socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    return await new Promise<string>((resolve, reject) => {
      const options = { host: "127.0.0.1", port, ca: bundle, servername: "www.example.com" };
      const socket: TLSSocket = connect(options, () => {
        resolve(socket.authorized ? "authorized" : String(socket.authorizationError));
        socket.destroy();
      });
      socket.once("error", reject);
    });
  } finally {
    server.close();
  }
}
