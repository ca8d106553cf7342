import { beforeEach, describe, expect, it } from "vitest";
import { checkBundle } from "../../../../../core/kubernetes/bundles/check-bundle.ts";
import type { BundleRow } from "../../../../../core/kubernetes/rows.ts";
import { bundleWorld, clusterWith, placedIn } from "../../../../support/bundle-world.ts";
import { bundleKey } from "../../../../support/kubernetes-rows.ts";
import { memoryState } from "../../../../support/memory-state.ts";
import { makeCa } from "../../../../support/trust-certificates.ts";

const now = new Date("2026-11-22T12:00:00Z");
const dayMs = 86_400_000;
const key = bundleKey();
const stored = "certwright/_cluster/bundle-roots";
const [one, two, soon] = await Promise.all([
  makeCa("CN=One", { now }),
  makeCa("CN=Two", { now }),
  makeCa("CN=Soon", { now, until: 0.5 }),
]);

let world: ReturnType<typeof bundleWorld>;

beforeEach(async () => {
  world = bundleWorld({ now });
  for (const name of ["prod-eu", "prod-us"]) await world.state.putCluster({ ...clusterWith({}, name), version: 0 });
});

async function check(spec?: Record<string, unknown>): Promise<BundleRow> {
  if (spec) {
    const target = { configMap: { key: "ca.crt" } };
    await world.requests.put({ key, apiVersion: "certwright.dev/v1", spec: { target, ...spec } });
  }
  const row = await checkBundle(world.deps, key);
  if (!row) throw new Error("there is no row");
  expect(await world.state.bundle(key)).toEqual(row);
  return row;
}

const inLine = (...pems: string[]) => ({ sources: pems.map((pem) => ({ inLine: pem })) });
const storing = { target: { storedSecret: true } };
const valueIn = async () => JSON.parse((await world.store.read(stored))?.value ?? "{}") as Record<string, string>;
const versions = () => world.store.secrets.get(stored)?.versions.length ?? 0;

/** Which clusters have something to do, and then have nothing. */
async function woken(): Promise<string[]> {
  const found = [];
  for (const cluster of ["prod-eu", "prod-us"]) {
    const row = await placedIn(world.state, cluster);
    const clusterRow = await world.state.cluster({ namespace: "_cluster", kind: "Cluster", name: cluster });
    if (!row) continue;
    found.push(cluster);
    expect(clusterRow?.dueAt).toBe(world.time.now.getTime());
    await world.state.deletePlacedBundle(row);
  }
  return found;
}

describe("a Bundle that is written", () => {
  it("is ready and woken in every cluster, and looked at again within a day", async () => {
    const row = await check(inLine(one.pem, two.pem));
    expect(row.ready).toMatchObject({
      status: "True",
      reason: "Ready",
      message: "2 certificates",
      observedGeneration: 1,
    });
    expect(row).toMatchObject({ generation: 1, dueAt: now.getTime() + dayMs, lane: "renew" });
    expect(row.stored).toBeUndefined();
    expect(await woken()).toEqual(["prod-eu", "prod-us"]);
  });

  it("is looked at again when one of its certificates ends", async () => {
    const row = await check(inLine(one.pem, soon.pem));
    expect(row.dueAt).toBe(now.getTime() + dayMs / 2 + 1);
    world.time.now = new Date(row.dueAt ?? 0);
    expect((await check()).ready.message).toBe("1 certificates");
  });

  it("says which default CAs it has, and what lies in clusters", async () => {
    const row = await check({ sources: [{ useDefaultCAs: true }, { configMap: { name: "a", key: "b" } }] });
    expect(row.defaultCAVersion).toMatch(/^mozilla-/);
    expect(row.ready.message).toMatch(/^\d+ certificates, and what 1 sources hold in each cluster$/);
    const other = await check({ sources: [{ configMap: { name: "a", key: "b" } }] });
    expect(other.ready.status).toBe("True");
    expect(other.defaultCAVersion).toBeUndefined();
  });

  it("goes to the clusters it names; an edit wakes those before and after", async () => {
    await check({ ...inLine(one.pem), clusters: ["prod-eu", "prod-none"] });
    expect(await woken()).toEqual(["prod-eu"]);
    const row = await check({ ...inLine(one.pem), clusters: ["prod-us"] });
    expect(row.generation).toBe(2);
    expect(await woken()).toEqual(["prod-eu", "prod-us"]);
  });

  it("is forgotten when it is deleted, and taken out of its clusters", async () => {
    await check({ ...inLine(one.pem), clusters: ["prod-eu"] });
    await woken();
    await world.requests.delete(key);
    const row = await check();
    expect(row).toMatchObject({ deletedAt: now.getTime(), ready: { status: "False", reason: "Deleted" } });
    expect(row.expiresAt).toBe(now.getTime() / 1_000 + 30 * 86_400);
    expect([row.dueAt, row.spec]).toEqual([undefined, undefined]);
    expect(await woken()).toEqual(["prod-eu"]);
    expect(await checkBundle(world.deps, key)).toEqual(row);
    expect(await woken()).toEqual([]);
    const again = await check(inLine(one.pem));
    expect(again).toMatchObject({ ready: { status: "True" }, generation: 2 });
    expect(again.deletedAt).toBeUndefined();
  });

  it("that never was is none", async () => {
    expect(await checkBundle(world.deps, key)).toBeUndefined();
  });

  it("is checked anew when another check was faster", async () => {
    const state = memoryState();
    world = bundleWorld({ now, state });
    await world.requests.put({
      key,
      apiVersion: "certwright.dev/v1",
      spec: { ...inLine(one.pem), target: { configMap: { key: "a" } } },
    });
    const { putBundle } = state;
    let overtaken = 0;
    state.putBundle = async (row) => {
      if (overtaken++ === 0) await putBundle({ ...row, specHash: "of somebody else" });
      return putBundle(row);
    };
    const row = await check();
    expect([overtaken, row.version, row.generation]).toEqual([2, 2, 2]);
  });
});

describe("a Bundle that is wrong", () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ["breaks a rule", { sources: [] }, /^spec\.sources: /],
    [
      "wants to store what lies in each cluster",
      { sources: [{ inLine: one.pem }, { configMap: { name: "a", key: "b" } }], ...storing },
      /^spec\.target\.storedSecret: Forbidden: spec\.sources\[1\] lies in each cluster/,
    ],
  ])("because it %s says so, and its clusters keep what they have", async (_, spec, message) => {
    const before = await check(inLine(one.pem));
    const row = await check(spec);
    expect(row.ready).toMatchObject({
      status: "False",
      reason: "InvalidConfig",
      message: expect.stringMatching(message),
    });
    expect(row.spec).toEqual(before.spec);
    expect(row.dueAt).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["holds a private key", inLine("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"), "SourceInvalid"],
    ["holds nothing", inLine("# nothing"), "BundleEmpty"],
    [
      "names an issuer that is missing",
      { sources: [{ issuer: { kind: "ClusterIssuer", name: "no" } }] },
      "SourceNotFound",
    ],
  ])("because it %s is tried again later and later", async (_, spec, reason) => {
    const first = await check(spec);
    expect(first.ready).toMatchObject({ status: "False", reason });
    expect(first).toMatchObject({ failures: 1, dueAt: now.getTime() + 60_000, lane: "new" });
    expect(await check()).toMatchObject({ failures: 2, dueAt: now.getTime() + 600_000 });
    const mended = await check(inLine(one.pem));
    expect([mended.failures, mended.ready.status]).toEqual([undefined, "True"]);
  });

  it("stays ready while a service is away", async () => {
    await check({ ...inLine(one.pem), ...storing });
    world.deps.store = () =>
      Promise.reject(Object.assign(new Error("away"), { name: "UnavailableError", reason: "Away" }));
    expect(await check()).toMatchObject({ failures: 1, ready: { status: "True" } });
    world.deps.store = () => Promise.reject(new Error("a bug with a secret in it"));
    const row = await check();
    expect(row.ready).toMatchObject({ status: "False", reason: "BundleCheckFailed" });
    expect(row.ready.message).not.toContain("secret");
    expect(world.logs).toContainEqual(expect.objectContaining({ event: "bug" }));
  });
});

describe("the stored secret of a Bundle", () => {
  it("holds the keys of the targets, truststores in base64", async () => {
    const additionalFormats = { jks: { key: "ca.jks" }, pkcs12: { key: "ca.p12" } };
    const target = {
      configMap: { key: "ca.crt" },
      secret: { key: "roots.pem" },
      additionalFormats,
      storedSecret: true,
    };
    const row = await check({ ...inLine(one.pem), target });
    const value = await valueIn();
    expect(Object.keys(value)).toEqual(["ca.crt", "roots.pem", "ca.jks", "ca.p12"]);
    expect([value["ca.crt"], value["roots.pem"]]).toEqual([one.pem, one.pem]);
    expect(Buffer.from(value["ca.jks"] ?? "", "base64").readUInt32BE()).toBe(0xfeedfeed);
    expect(row.stored?.versionId).toBe(world.store.secrets.get(stored)?.versions.at(-1)?.id);
    expect(row.stored?.versionId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(world.store.secrets.get(stored)?.tags).toEqual({
      "certwright:owner": "_cluster/Bundle/roots",
      "certwright:namespace": "_cluster",
      "certwright:issuer": "_cluster/Bundle/roots",
    });
  });

  it("needs no target in a cluster", async () => {
    await check({ ...inLine(one.pem), ...storing });
    expect(await valueIn()).toEqual({ "ca.crt": one.pem });
  });

  it("is written only when its content changes", async () => {
    const first = await check({ ...inLine(one.pem), ...storing });
    expect((await check()).stored).toEqual(first.stored);
    expect(versions()).toBe(1);
    await check({ ...inLine(one.pem, one.pem), ...storing });
    expect(versions()).toBe(1);
    await check({ ...inLine(one.pem, two.pem), ...storing });
    expect(versions()).toBe(2);
  });

  it("is not written twice when the row was lost after it", async () => {
    await check({ ...inLine(one.pem), ...storing });
    const row = await world.state.bundle(key);
    if (!row) throw new Error("no row");
    const { stored: _, ...lost } = row;
    await world.state.putBundle(lost);
    expect((await check()).stored).toEqual(row.stored);
    expect(versions()).toBe(1);
  });

  it("is written again when somebody wrote over it", async () => {
    const { stored: first } = await check({ ...inLine(one.pem), ...storing });
    world.store.secrets.get(stored)?.versions.push({ id: "by hand", value: "{}" });
    expect((await check()).stored).toEqual(first);
    expect(await valueIn()).toEqual({ "ca.crt": one.pem });
  });

  it("of another owner is never written", async () => {
    await world.state.claimSecret({
      ...{ namespace: "_cluster", secretName: "bundle-roots", owner: "ClusterIssuer/le", store: "secretsManager" },
    });
    const row = await check({ ...inLine(one.pem), ...storing });
    expect(row.ready).toMatchObject({ status: "False", reason: "SecretOwnedByAnother" });
    expect(versions()).toBe(0);
  });

  it("that nobody of us made is never written", async () => {
    world.store.secrets.set(stored, { tags: {}, versions: [{ id: "1", value: "{}" }] });
    const row = await check({ ...inLine(one.pem), ...storing });
    expect(row.ready).toMatchObject({ status: "False", reason: "SecretOwnedByAnother" });
    expect(await valueIn()).toEqual({});
  });

  it("over 64 KB is refused, and the clusters get theirs all the same", async () => {
    const row = await check({
      sources: [{ useDefaultCAs: true }],
      target: { configMap: { key: "a" }, storedSecret: true },
    });
    expect(row.ready).toMatchObject({ status: "False", reason: "SecretTooLarge" });
    expect(row.ready.message).toContain("without useDefaultCAs");
    expect(await woken()).toEqual(["prod-eu", "prod-us"]);
  });

  it("stays when it is no longer wanted, free to be claimed", async () => {
    await check({ ...inLine(one.pem), ...storing });
    const row = await check(inLine(one.pem));
    expect(row.stored).toBeUndefined();
    expect((await world.state.secretClaim("_cluster", "bundle-roots"))?.releasedAt).toBe(now.getTime());
    expect(await valueIn()).toEqual({ "ca.crt": one.pem });
    await check({ ...inLine(two.pem), ...storing });
    await world.requests.delete(key);
    await check();
    expect((await world.state.secretClaim("_cluster", "bundle-roots"))?.releasedAt).toBe(now.getTime());
    expect(await valueIn()).toEqual({ "ca.crt": two.pem });
  });
});
