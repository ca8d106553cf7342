import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certificate, openBed } from "../support/integration-bed.ts";
import { type Relay, relayTo } from "../support/kubernetes/relay.ts";
import { sharedClusters, type TestCluster } from "../support/kubernetes-bed.ts";
import {
  allowSecretsIn,
  type MirroredCluster,
  mirroredCluster,
  mostWithin,
  secretPath,
  textOf,
} from "../support/mirror-clusters.ts";

/**
 * Three clusters and 200 certificates that are really issued: one cluster answers, one is cut off for about a minute, one
 * gets credentials that have expired.
 */
const bed = openBed();
const { stack, fresh } = bed;
const namespace = fresh("fleet");
const issuer = fresh("le");
const count = 200;
const budget = { alpha: 100, beta: 20, gamma: 50 };

const manifests = Array.from({ length: count }, (_, index) =>
  certificate({ name: `c${index}`, namespace, issuer, dnsNames: [`c${index}.${fresh("fleet")}.example.test`] }),
);
const users = { alpha: fresh("alpha"), beta: fresh("beta"), gamma: fresh("gamma") };

let alpha: TestCluster;
let beta: TestCluster;
let gamma: TestCluster;
let relay: Relay;
let fine: MirroredCluster;
let down: MirroredCluster;
let expired: MirroredCluster;

beforeAll(async () => {
  [alpha, beta, gamma] = await sharedClusters();
  const clusters = { alpha, beta, gamma };
  for (const [name, cluster] of Object.entries(clusters)) {
    await cluster.namespace(namespace);
    await allowSecretsIn(cluster, namespace, users[name as keyof typeof users]);
  }
  relay = await relayTo(beta.server);
  const open = async (name: keyof typeof clusters, more: { server?: string; validSeconds?: number } = {}) => {
    const { server, ...wish } = more;
    const user = await clusters[name].user({ name: users[name], ...wish });
    const spec = { selector: { namespaces: [namespace] }, requestsPerSecond: budget[name] };
    return mirroredCluster(stack, { name: users[name], user, spec, ...(server === undefined ? {} : { server }) });
  };
  fine = await open("alpha");
  down = await open("beta", { server: relay.server });
  expired = await open("gamma", { validSeconds: -60 });
  await Promise.all([fine, down, expired].map((cluster) => cluster.create()));
  await fine.until({ ready: { status: "True" }, kubernetesVersion: "v1.36.3" });
  await down.until({ ready: { status: "True" } });
  await expired.until({ ready: { status: "False", reason: "CredentialsRejected" }, failures: 1 });
  await bed.putIssuer({ name: issuer });
}, 120_000);

afterAll(async () => {
  for (const cluster of [fine, down, expired]) await cluster?.delete();
  await relay?.close();
});

/** From the end of each issuance to the first write of its Secret, by the audit log. */
async function lags(): Promise<number[]> {
  const written = new Map<string, number>();
  for (const { name = "", verb, at, code } of await alpha.requestsOf(users.alpha))
    if (verb === "patch" && code < 300 && !written.has(name)) written.set(name, at);
  return Promise.all(
    manifests.map(async ({ metadata: { name } }) => {
      const [attempt] = await stack.state.attemptsOf({ namespace, kind: "Certificate", name });
      const issued = attempt?.outcome?.at ?? Number.NaN;
      return (written.get(`${name}-tls`) ?? Number.NaN) - issued;
    }),
  );
}

async function expectAllThere(cluster: TestCluster): Promise<void> {
  const secrets = await cluster.admin.list(`/api/v1/namespaces/${namespace}/secrets`);
  expect(secrets).toHaveLength(count);
  for (const secret of secrets) {
    const stored = await stack.secret({ namespace, name: secret.metadata.name });
    expect(textOf(secret, "tls.crt")).toBe(stored["tls.crt"]);
    expect(textOf(secret, "tls.key")).toBe(stored["tls.key"]);
  }
}

describe("200 certificates and three clusters, one cut off and one with expired credentials", () => {
  it("the healthy one is in sync within 10 s of issuing", async () => {
    relay.cut();
    await bed.put(manifests);
    const halves = [manifests.slice(0, 100), manifests.slice(100)];
    for (const half of halves) await bed.ready(half, 150_000);
    await fine.until({ inSync: count, mirrors: count, ready: { status: "True" } }, 15_000);
    const all = await lags();
    {
      const calls = await stack.calls({});
      const end = Math.max(...calls.map(({ at }) => at));
      const by = (f: (c: (typeof calls)[number]) => string, of = calls) => {
        const m = new Map<string, [number, number]>();
        for (const c of of) { const [n, t] = m.get(f(c)) ?? [0, 0]; m.set(f(c), [n + 1, t + (c.durationMs ?? 0)]); }
        return [...m].sort((x, y) => y[1][0] - x[1][0]).map(([k, [n, t]]) => `${k}: ${n} x ${Math.round(t / n)} ms`);
      };
      console.log(by((c) => c.function ?? "none").join("\n"));
      console.log(by((c) => c.action, calls.filter((c) => c.function === "sync-kubernetes")).join("\n"));
      const t0 = Math.min(...calls.filter((c) => c.action === "BatchGetItem" || c.function === "dispatch").map(({ at }) => at));
      const lagsBy = await lags();
      const perSec: string[] = [];
      for (let t = t0; t < end; t += 2000) {
        const now = calls.filter((c) => c.at >= t && c.at < t + 2000);
        perSec.push(`${(t - t0) / 1000}: ${now.length} all, ${now.filter((c) => c.function === "sync-kubernetes").length} sync, ${now.filter((c) => c.action === "Invoke").length} inv, apiserver ${(await alpha.requestsOf(users.alpha)).filter((r) => r.at >= t && r.at < t + 2000).length}`);
      }
      console.log(perSec.join("\n"), lagsBy.map((x) => Math.round(x / 100) / 10).join(" "));
    }
    console.log({ worst: Math.max(...all), median: all.toSorted((a, b) => a - b)[count / 2] });
    expect(Math.max(...all)).toBeLessThanOrEqual(10_000);
    await expectAllThere(alpha);
  }, 180_000);

  it("the others say why not, and when they are tried next", async () => {
    const unreachable = await down.until(
      { ready: { status: "False", reason: "ClusterUnreachable" }, inSync: 0 },
      60_000,
    );
    expect(unreachable.retryAt).toBeGreaterThan(Date.now() - 60_000);
    await expired.until({ ready: { status: "False", reason: "CredentialsRejected" }, inSync: 0 });
    const target = await down.untilSynced({ namespace, name: "c0" }, "ClusterUnreachable");
    expect(target).toMatchObject({ synced: { status: "Unknown" }, nextTryAt: expect.any(Number) });
    const mirrors = [...(await down.mirrors()), ...(await expired.mirrors())];
    expect(mirrors.filter(({ failures }) => failures !== undefined)).toEqual([]);
    expect(await gamma.requestsOf(users.gamma)).toEqual([]);
  });

  it("they catch up by themselves", async () => {
    const stop = stack.keepSweeping(3);
    try {
      const [cut, rejected] = [await down.row(), await expired.row()];
      await expired.signInAs(await gamma.user({ name: users.gamma }));
      const next = Math.max(cut?.retryAt ?? 0, 0) - Date.now();
      await sleep(Math.max(next - 2_000, 0));
      relay.mend();
      const late = Math.max((rejected?.retryAt ?? 0) - Date.now(), 0) + 45_000;
      await Promise.all([
        down.until({ inSync: count, ready: { status: "True" } }, 180_000),
        expired.until({ inSync: count, ready: { status: "True" } }, late),
      ]);
    } finally {
      stop();
    }
    await expectAllThere(beta);
    await expectAllThere(gamma);
  }, 300_000);

  it("within the budget of each, and with one GET and one PATCH for each Secret", async () => {
    const clusters = { alpha, beta, gamma };
    for (const [name, cluster] of Object.entries(clusters)) {
      const rate = budget[name as keyof typeof budget];
      const requests = await cluster.requestsOf(users[name as keyof typeof users]);
      for (const seconds of [1, 5]) expect(mostWithin(requests, seconds)).toBeLessThanOrEqual(rate * (seconds + 1));
      const count_ = (verb: string) => requests.filter((request) => request.verb === verb).length;
      console.log(
        name,
        requests.length,
        count_("get"),
        count_("patch"),
        mostWithin(requests, 1),
        mostWithin(requests, 5),
      );
      expect(count_("patch")).toBe(count);
    }
  });

  it("and a second look finds nothing to write", async () => {
    const before = (await alpha.requestsOf(users.alpha)).length;
    await stack.invoke("sync-kubernetes", {
      key: { namespace: "_cluster", kind: "Cluster", name: fine.name },
      replan: true,
    });
    await fine.put({ driftCheckInterval: "2h" });
    await fine.until({ generation: 2, ready: { status: "True", observedGeneration: 2 }, inSync: count });
    const after = (await alpha.requestsOf(users.alpha)).slice(before);
    expect(new Set(after.map(({ verb }) => verb))).toEqual(new Set(["get"]));
    expect(secretPath(namespace, "c0-tls")).toBe(after.find(({ name }) => name === "c0-tls")?.path);
  });
});
