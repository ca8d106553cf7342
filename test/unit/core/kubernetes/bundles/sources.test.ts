import { beforeEach, describe, expect, it } from "vitest";
import type { BundleSource } from "../../../../../core/kubernetes/bundle.ts";
import { collect, mustHoldSome } from "../../../../../core/kubernetes/bundles/content.ts";
import type { KubernetesObject } from "../../../../../core/kubernetes/port.ts";
import type { CertificateRow } from "../../../../../core/rows.ts";
import { bundleWorld } from "../../../../support/bundle-world.ts";
import { type FakeKubernetes, fakeKubernetes } from "../../../../support/fake-kubernetes.ts";
import { attemptRefOf, certificateKey, newCertificate, newIssuer } from "../../../../support/realistic-rows.ts";
import { makeCa, type TestCa } from "../../../../support/trust-certificates.ts";

const now = new Date("2026-11-22T12:00:00Z");
const dayMs = 86_400_000;
const [one, two, three] = await Promise.all(["CN=One", "CN=Two", "CN=Three"].map((name) => makeCa(name, { now })));
if (!(one && two && three)) throw new Error("not three");

let world: ReturnType<typeof bundleWorld>;
let cluster: FakeKubernetes;

beforeEach(() => {
  world = bundleWorld({ now });
  cluster = fakeKubernetes();
  cluster.addNamespace("cert-manager");
});

function found(...sources: BundleSource[]) {
  const spec = { sources, target: { configMap: { key: "ca.crt" }, storedSecret: false } };
  return collect(world.deps, spec, { kubernetes: cluster.kubernetes, namespace: "cert-manager" });
}

async function holds(sources: BundleSource[], cas: TestCa[]): Promise<void> {
  const { certificates } = await found(...sources);
  expect(certificates.map(({ pem }) => pem).sort()).toEqual(cas.map(({ pem }) => pem).sort());
}

function create(kind: "ConfigMap" | "Secret", name: string, data: Record<string, string>, more: object = {}): void {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  cluster.create({
    apiVersion: "v1",
    kind,
    metadata: { name, namespace: "cert-manager", labels: { trust: "yes" } },
    data: kind === "Secret" ? Object.fromEntries(encoded) : data,
    ...more,
  } as KubernetesObject);
}

const selector = { matchLabels: { trust: "yes" }, matchExpressions: [] };

describe("sources in the cluster", () => {
  it.each(["ConfigMap", "Secret"] as const)("a %s by name or selector, one key or all", async (kind) => {
    create(kind, "a", { "ca.crt": one.pem, "other.crt": two.pem });
    create(kind, "b", { "ca.crt": three.pem });
    const source = (object: object) => ({ [kind === "Secret" ? "secret" : "configMap"]: object }) as BundleSource;
    await holds([source({ name: "a", key: "ca.crt" })], [one]);
    await holds([source({ name: "a", includeAllKeys: true })], [one, two]);
    await holds([source({ selector, key: "ca.crt" })], [one, three]);
    await holds([source({ selector, includeAllKeys: true })], [one, two, three]);
  });

  it.each<[string, BundleSource, string]>([
    [
      "an object that is missing",
      { configMap: { name: "no", key: "a" } },
      "spec.sources[0]: ConfigMap cert-manager/no does not exist",
    ],
    [
      "a key that is missing",
      { secret: { name: "a", key: "no" } },
      'spec.sources[0]: Secret cert-manager/a has no key "no"',
    ],
    [
      "a key that one of many lacks",
      { secret: { selector, key: "x" } },
      'spec.sources[0]: Secret cert-manager/b has no key "x"',
    ],
    [
      "an object without keys",
      { configMap: { name: "empty", includeAllKeys: true } },
      "spec.sources[0]: ConfigMap cert-manager/empty has no keys",
    ],
    ["an inherited word as key", { secret: { name: "a", key: "constructor" } }, 'has no key "constructor"'],
  ])("%s is SourceNotFound", async (_, source, message) => {
    create("Secret", "a", { x: one.pem });
    create("Secret", "b", { y: one.pem });
    create("ConfigMap", "empty", {});
    await expect(found(source)).rejects.toMatchObject({
      reason: "SourceNotFound",
      message: expect.stringContaining(message),
    });
  });

  it("a selector that matches nothing is no fault, as in trust-manager", async () => {
    await holds([{ configMap: { selector, key: "ca.crt" } }, { inLine: one.pem }], [one]);
  });

  it("never all keys of a TLS Secret, and no key of one is handed on", async () => {
    create(
      "Secret",
      "tls",
      { "tls.crt": one.pem, "tls.key": "-----BEGIN PRIVATE KEY-----" },
      { type: "kubernetes.io/tls" },
    );
    const all = found({ secret: { name: "tls", includeAllKeys: true } });
    await expect(all).rejects.toMatchObject({ reason: "SourceInvalid" });
    const key = found({ secret: { name: "tls", key: "tls.key" } });
    await expect(key).rejects.toMatchObject({
      reason: "SourceInvalid",
      message: expect.stringContaining("key tls.key"),
    });
    await holds([{ secret: { name: "tls", key: "tls.crt" } }], [one]);
  });

  it("a fault is told with source, object, key and line", async () => {
    create("ConfigMap", "a", { "ca.crt": `${one.pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----` });
    const line = one.pem.split("\n").length;
    await expect(found({ inLine: two.pem }, { configMap: { name: "a", key: "ca.crt" } })).rejects.toMatchObject({
      reason: "SourceInvalid",
      message: `spec.sources[1] (ConfigMap cert-manager/a, key ca.crt), line ${line}: the block is no X.509 certificate`,
    });
  });
});

describe("other sources", () => {
  it("are text in the Bundle, and the default CAs with their version", async () => {
    await holds([{ inLine: one.pem }, { inLine: two.pem + one.pem }], [one, two]);
    const { defaultCAVersion, certificates } = await found({ useDefaultCAs: true }, { inLine: one.pem });
    expect(defaultCAVersion).toMatch(/^mozilla-/);
    expect(certificates.length).toBeGreaterThan(100);
    expect(await found({ useDefaultCAs: false }, { inLine: one.pem })).not.toHaveProperty("defaultCAVersion");
  });

  it("may come to nothing, which is refused", async () => {
    const old = await makeCa("CN=Old", { now, from: -9, until: -1 });
    const empty = await found({ inLine: old.pem });
    expect(() => mustHoldSome(empty)).toThrow(
      expect.objectContaining({ reason: "BundleEmpty", message: expect.stringContaining("1 expired") }),
    );
  });

  it("are read without a cluster, those in clusters passed over", async () => {
    const sources: BundleSource[] = [{ configMap: { name: "no", key: "a" } }, { inLine: one.pem }];
    const spec = { sources, target: { configMap: { key: "ca.crt" }, storedSecret: false } };
    expect((await collect(world.deps, spec)).certificates).toHaveLength(1);
  });
});

describe("an issuer of ours", () => {
  const source: BundleSource = { issuer: { kind: "Issuer", name: "corp", namespace: "web" } };
  const issuer = { namespace: "web", kind: "Issuer", name: "corp" } as const;
  let made = 0;

  async function issue(ca: TestCa, changes: { caCrt?: TestCa; ageDays?: number; row?: Partial<CertificateRow> } = {}) {
    made += 1;
    const { ageDays = 1 } = changes;
    const name = `www-${made}`;
    const ref = attemptRefOf(made, name);
    const leaf = await ca.sign("www.example.com");
    await world.state.putChain(ref, { chain: leaf.cert + ca.pem }, 0);
    const value = { "tls.crt": leaf.cert, "tls.key": leaf.key, ...(changes.caCrt && { "ca.crt": changes.caCrt.pem }) };
    world.store.secrets.set(`certwright/web/${name}-tls`, {
      tags: {},
      versions: [{ id: "1", value: JSON.stringify({ ...value, metadata: {} }) }],
    });
    const issued = {
      ...{ specHash: "h", attemptId: ref.attemptId, secretName: `${name}-tls`, store: "secretsManager" as const },
      ...{ secretArn: "arn", versionId: "1", fingerprint: "f", renewalTime: 0 },
      notBefore: now.getTime() - ageDays * dayMs,
      notAfter: now.getTime() + 30 * dayMs,
    };
    await world.state.putCertificate(
      newCertificate({ key: certificateKey(name), issuer: "web/Issuer/corp", issued, ...changes.row }),
    );
  }

  async function exists(): Promise<void> {
    const { acme: _, ...row } = newIssuer({ key: issuer });
    await world.state.putIssuer(row);
  }

  it("gives ca.crt of its Certificates' secrets, or else the topmost CA of their chains", async () => {
    await exists();
    await issue(one, { caCrt: two });
    await issue(three);
    await holds([source], [two, three]);
  });

  it("of ACME gives the topmost intermediate, without reading a secret", async () => {
    await world.state.putIssuer(newIssuer({ key: issuer }));
    await issue(one, { caCrt: two });
    world.deps.store = () => Promise.reject(new Error("nobody reads secrets"));
    await holds([source], [one]);
  });

  it("gives the CAs before and after a change, by its oldest and newest Certificates", async () => {
    await exists();
    await issue(one, { ageDays: 20 });
    for (let count = 0; count < 60; count += 1) await issue(two, { ageDays: 10 });
    await issue(three, { ageDays: 1 });
    await holds([source], [one, two, three]);
  });

  it("counts neither Certificates that have ended, nor those of others", async () => {
    await exists();
    await issue(one);
    await issue(two, { row: { issuer: "web/Issuer/other" } });
    await issue(three, { row: { deletedAt: 1 } });
    world.time.now = new Date(now.getTime() + 29 * dayMs);
    await holds([source], [one]);
    world.time.now = new Date(now.getTime() + 31 * dayMs);
    await expect(found(source)).rejects.toMatchObject({ reason: "SourceNotFound" });
  });

  it("says what is missing: the issuer, or a certificate of it", async () => {
    const missing = 'spec.sources[0]: Issuer "corp" does not exist';
    await expect(found(source)).rejects.toMatchObject({ reason: "SourceNotFound", message: missing });
    await exists();
    const unknown = 'spec.sources[0]: no Certificate of Issuer "corp" says which CA signed it';
    await expect(found(source)).rejects.toMatchObject({ reason: "SourceNotFound", message: unknown });
  });

  it("does not take a leaf for a CA", async () => {
    await exists();
    await issue(one);
    const leaf = await one.sign("www.example.com");
    await world.state.putChain(attemptRefOf(made, `www-${made}`), { chain: leaf.cert }, 0);
    await issue(two);
    const { certificates } = await found(source);
    expect(certificates.map(({ pem }) => pem)).toContain(two.pem);
    expect(certificates.map(({ pem }) => pem)).not.toContain(leaf.cert);
  });
});
