import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { KubernetesObject } from "../../core/kubernetes/port.ts";
import type { Manifest } from "../../local/requests.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { type Relay, relayTo } from "../support/kubernetes/relay.ts";
import { sharedClusters, type TestCluster } from "../support/kubernetes-bed.ts";
import {
  allowSecretsIn,
  type MirroredCluster,
  mirroredCluster,
  secretPath,
  textOf,
} from "../support/mirror-clusters.ts";

/**
 * Two real apiservers, one in mode repair and one in mode report, to which each Certificate goes: what people, other writers
 * and the cluster itself do to mirrored Secrets.
 */
const bed = openBed();
const { stack, fresh } = bed;
const namespace = fresh("shop");
const issuer = fresh("le");
const names = ["edited", "blanked", "deleted", "retyped", "added", "theirs", "managed", "spare"] as const;
const manifests = Object.fromEntries(names.map((name) => [name, wished(name)])) as Record<
  (typeof names)[number],
  Manifest
>;

let clusters: { alpha: TestCluster; beta: TestCluster };
let relay: Relay;
let repair: MirroredCluster;
let report: MirroredCluster;
const users = { alpha: fresh("repairer"), beta: fresh("reporter") };

function wished(name: string): Manifest {
  return certificate({ name, namespace, issuer, dnsNames: [`${name}.${fresh("shop")}.example.test`] });
}

function at(name: string): string {
  return secretPath(namespace, `${name}-tls`);
}

function foreign(name: string, manager: string): KubernetesObject {
  const data = { "tls.crt": Buffer.from(`a certificate of ${manager}`).toString("base64"), "tls.key": "" };
  const metadata = { namespace, name: `${name}-tls` };
  return { apiVersion: "v1", kind: "Secret", metadata, type: "kubernetes.io/tls", data };
}

beforeAll(async () => {
  const [alpha, beta] = await sharedClusters();
  clusters = { alpha, beta };
  relay = await relayTo(beta.server);
  for (const name of ["alpha", "beta"] as const) {
    const cluster = clusters[name];
    await cluster.namespace(namespace);
    await allowSecretsIn(cluster, namespace, users[name]);
    await cluster.admin.create(
      `/api/v1/namespaces/${namespace}/secrets?fieldManager=kubectl-create`,
      foreign("theirs", "a human"),
    );
    const manager = name === "alpha" ? "cert-manager-certificates-issuing" : "certwright-other-123456789012-eu-west-1";
    await cluster.admin.apply(foreign("managed", manager), { fieldManager: manager });
  }
  const selector = { namespaces: [namespace] };
  const open = async (name: keyof typeof users, mode: string, server?: string) => {
    const user = await clusters[name].user({ name: users[name] });
    const wish = { name: users[name], user, spec: { selector, mode, deletionPolicy: "delete" } };
    return mirroredCluster(stack, { ...wish, ...(server === undefined ? {} : { server }) });
  };
  repair = await open("alpha", "repair");
  report = await open("beta", "report", relay.server);
  await Promise.all([repair.create(), report.create(), bed.putIssuer({ name: issuer })]);
  await bed.put(Object.values(manifests));
  await bed.ready(Object.values(manifests));
  for (const cluster of [repair, report]) await cluster.until({ mirrors: names.length, inSync: names.length - 2 });
}, 120_000);

afterAll(async () => {
  for (const cluster of [repair, report]) await cluster?.delete();
  await relay?.close();
});

/** Every Secret is compared: a new spec asks for a drift check. */
let checks = 0;
async function checkAll(): Promise<void> {
  checks += 1;
  for (const cluster of [repair, report]) {
    const before = await cluster.row();
    await cluster.put({ driftCheckInterval: `${checks + 60}m` });
    const generation = (before?.generation ?? 0) + 1;
    await cluster.until({ generation, ready: { observedGeneration: generation } });
    await vi.waitFor(async () => expect((await cluster.row())?.lease).toBeUndefined(), {
      timeout: 20_000,
      interval: 200,
    });
  }
}

describe("a Secret that somebody else has", () => {
  it("is named, and not touched", async () => {
    for (const cluster of [repair, report]) await cluster.untilSynced({ namespace, name: "theirs" }, "SecretNotOurs");
    const cases = [
      { mirrored: repair, cluster: clusters.alpha, manager: "cert-manager-certificates-issuing" },
      { mirrored: report, cluster: clusters.beta, manager: "certwright-other-123456789012-eu-west-1" },
    ];
    for (const { mirrored, cluster, manager } of cases) {
      const { synced } = await mirrored.untilSynced({ namespace, name: "managed" }, "FieldManagerConflict");
      expect(synced.message).toContain(`"${manager}"`);
      expect(textOf(await cluster.admin.get(at("managed")), "tls.crt")).toBe(`a certificate of ${manager}`);
      expect(textOf(await cluster.admin.get(at("theirs")), "tls.crt")).toBe("a certificate of a human");
    }
  });

  it("is taken over when it is handed over; who comes back is not fought", async () => {
    const { admin } = clusters.alpha;
    for (const name of ["theirs", "managed"]) {
      await admin.patch(at(name), { metadata: { annotations: { "certwright.dev/adopt": "true" } } });
    }
    await checkAll();
    for (const name of ["theirs", "managed"] as const) {
      await repair.untilSynced({ namespace, name }, "Synced");
      expect(textOf(await admin.get(at(name)), "tls.crt")).toBe((await bed.read(manifests[name]))["tls.crt"]);
    }
    const manager = "cert-manager-certificates-issuing";
    await admin.apply(foreign("managed", manager), { fieldManager: manager, force: true });
    await checkAll();
    await repair.untilSynced({ namespace, name: "managed" }, "FieldManagerConflict");
    expect(textOf(await admin.get(at("managed")), "tls.crt")).toBe(`a certificate of ${manager}`);
  });
});

describe("a mirrored Secret that somebody changed", () => {
  const changed = ["edited", "blanked", "deleted", "retyped"] as const;

  beforeAll(async () => {
    for (const { admin } of [clusters.alpha, clusters.beta]) {
      await admin.patch(`${at("edited")}?fieldManager=kubectl-edit`, { data: { "tls.crt": "b3RoZXI=" } });
      await admin.patch(`${at("blanked")}?fieldManager=kubectl-edit`, { data: { "tls.crt": "", "tls.key": "" } });
      await admin.delete(at("deleted"));
      await admin.delete(at("retyped"));
      const metadata = { name: "retyped-tls", namespace };
      await admin.create(`/api/v1/namespaces/${namespace}/secrets`, {
        metadata,
        type: "Opaque",
        data: { own: "bWluZQ==" },
      });
      await admin.patch(`${at("added")}?fieldManager=kubectl-edit`, {
        data: { own: "bWluZQ==" },
        metadata: { labels: { team: "a" }, annotations: { note: "b" } },
      });
    }
    await checkAll();
  });

  it("is written again in mode repair; what others added stays", async () => {
    const { admin } = clusters.alpha;
    for (const name of [...changed, "added"] as const) {
      await repair.untilSynced({ namespace, name }, "Synced");
      const [secret, stored] = [await admin.get(at(name)), await bed.read(manifests[name])];
      expect(textOf(secret, "tls.crt")).toBe(stored["tls.crt"]);
      expect(textOf(secret, "tls.key")).toBe(stored["tls.key"]);
    }
    const retyped = await admin.get(at("retyped"));
    expect(retyped?.type).toBe("Opaque");
    expect(textOf(retyped, "own")).toBe("mine");
    const added = await admin.get(at("added"));
    expect(textOf(added, "own")).toBe("mine");
    expect(added?.metadata).toMatchObject({ labels: { team: "a" }, annotations: { note: "b" } });
    const events = await stack.state.events({ namespace, kind: "Certificate", name: "edited" }, 5);
    expect(events.map(({ reason }) => reason)).toContain("Drifted");
  });

  it("is only reported in mode report, until a new certificate comes", async () => {
    const { admin } = clusters.beta;
    for (const name of changed) await report.untilSynced({ namespace, name }, "Drifted");
    await report.untilSynced({ namespace, name: "added" }, "Synced");
    expect(textOf(await admin.get(at("edited")), "tls.crt")).toBe("other");
    expect(textOf(await admin.get(at("blanked")), "tls.key")).toBe("");
    expect(await admin.get(at("deleted"))).toBeUndefined();
    const edited = manifests.edited;
    const annotations = { "certwright.dev/renew-requested-at": new Date().toISOString() };
    await stack.put({ ...edited, metadata: { ...edited.metadata, annotations } });
    await stack.ready({ namespace, name: "edited" }, { revision: 2 });
    await report.untilSynced({ namespace, name: "edited" }, "Synced");
    expect(textOf(await admin.get(at("edited")), "tls.crt")).toBe((await bed.read(edited))["tls.crt"]);
  });
});

describe("while it runs", () => {
  const late = ["forbidden", "slow", "restarted"].map(wished);
  const [forbidden, slow, restarted] = late as [Manifest, Manifest, Manifest];

  it("rights are taken away, an apiserver is slow, and another one restarts: each is said, and each recovers by itself", async () => {
    const { alpha } = clusters;
    const binding = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings/mirror`;
    await alpha.admin.delete(binding);
    await alpha.rightsInForce();
    relay.slow(20_000);
    await bed.put([forbidden, slow]);
    await bed.ready([forbidden, slow]);
    const { synced, nextTryAt } = await repair.untilSynced(
      { namespace, name: "forbidden" },
      "KubernetesForbidden",
      30_000,
    );
    expect(synced.message).toMatch(new RegExp(`may not get secrets "forbidden-tls" in namespace "${namespace}"`));
    expect(nextTryAt).toBeGreaterThan(Date.now());
    await report.untilSynced({ namespace, name: "slow" }, "ClusterUnreachable", 90_000);
    expect((await report.row())?.ready).toMatchObject({ status: "False", reason: "ClusterUnreachable" });
    await allowSecretsIn(alpha, namespace, users.alpha);
    relay.slow(0);
    const restart = alpha.restart();
    await bed.put([restarted]);
    await bed.ready([restarted]);
    await restart;
    const stop = stack.keepSweeping(3);
    try {
      await Promise.all(
        late.flatMap(({ metadata: { name } }) =>
          [repair, report].map((cluster) => cluster.untilSynced({ namespace, name }, "Synced", 150_000)),
        ),
      );
      for (const cluster of [repair, report]) await cluster.until({ ready: { status: "True", reason: "Ready" } });
    } finally {
      stop();
    }
  }, 240_000);
});

describe("in the end", () => {
  it("a Certificate takes its Secrets along, and a Cluster what is left of its own", async () => {
    await stack.delete({ namespace, name: "spare" });
    for (const { admin } of [clusters.alpha, clusters.beta]) {
      const gone = async () => expect(await admin.get(at("spare"))).toBeUndefined();
      await vi.waitFor(gone, { timeout: 20_000, interval: 200 });
    }
    await repair.delete();
    await repair.until({ ready: { reason: "Deleted" } }, 30_000);
    const left = await clusters.alpha.admin.list(`/api/v1/namespaces/${namespace}/secrets`);
    expect(left.map(({ metadata }) => metadata.name)).toEqual(["managed-tls"]);
  });
});
