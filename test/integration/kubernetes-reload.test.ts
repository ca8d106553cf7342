import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReloadRow, TargetStatus } from "../../core/kubernetes/rows.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { type Playing, playDeploymentController } from "../support/kubernetes/controllers.ts";
import { type ClusterUser, sharedClusters, type TestCluster } from "../support/kubernetes-bed.ts";
import { addWorkloads, mostAtOnce, putCluster, reloadRights, workload } from "../support/reload-cluster.ts";

const bed = openBed();
const { stack } = bed;
const name = bed.fresh("reload");
const ref = { namespace: name, name };
const secretName = `${name}-tls`;
const manifest = certificate({ ...ref, issuer: "pebble", dnsNames: [`${name}.example.test`] });
const [count, atOnce, broken] = [30, 10, "app-15"];

let cluster: TestCluster;
let user: ClusterUser;
let controllers: Playing;
let endSweeps = () => {};

beforeAll(async () => {
  [cluster] = await sharedClusters();
  await cluster.namespace(name);
  user = await cluster.user({ name });
  await cluster.applyYaml(reloadRights(name, name, secretName));
  await addWorkloads(cluster, name, secretName, count);
  const mounting = { volumes: [{ name: "tls", secret: { secretName } }] };
  const declines = { "certwright.dev/reload": "false" };
  await cluster.admin.apply(workload("Deployment", name, "declines", mounting, declines));
  await cluster.admin.apply(workload("Deployment", name, "unconcerned"));
  controllers = playDeploymentController(cluster.admin, { namespaces: [name], never: [broken] });
  await putCluster(stack, user, name, {
    selector: { namespaces: [name] },
    reload: { namespaces: [name], maxConcurrent: atOnce, timeout: "10s" },
  });
  endSweeps = stack.keepSweeping(2);
  await bed.put([manifest]);
  await target(({ synced }) => synced.status === "True");
});
afterAll(async () => {
  endSweeps();
  await controllers?.stop();
  await stack.delete({ namespace: "_cluster", kind: "Cluster", name });
});

/** What the Certificate's owner reads of the cluster, once it is so. */
async function target(until: (status: TargetStatus) => boolean, timeoutMs = 90_000): Promise<TargetStatus> {
  for (const end = Date.now() + timeoutMs; ; await sleep(200)) {
    const [status] = await stack.state.targetsOf(ref);
    if (status && until(status)) return status;
    if (Date.now() > end) throw new Error(`not so after ${timeoutMs} ms: ${JSON.stringify(status)}`);
  }
}

async function reloadRow(): Promise<ReloadRow> {
  const [row] = (await stack.state.clusterRows(name)).reloads;
  if (!row) throw new Error("no reload was begun");
  return row;
}

/** The minutes until the next look have passed. */
async function lookNow(): Promise<void> {
  const now = new Date();
  if ((await stack.state.putReload({ ...(await reloadRow()), dueAt: now.getTime() })) === "conflict") return lookNow();
  await stack.state.wakeCluster(name, now);
}

/** What was restarted so far: more than a workload's first rollout. */
const restarts = () => controllers.rollouts().filter(({ generation }) => generation > 1);
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `app-${String(from + index).padStart(2, "0")}`);
const restarted = () =>
  restarts()
    .map((rollout) => rollout.name)
    .sort();
const describeIt = async () => (await certwright(stack, ["describe", "certificate", name, "-n", name])).stdout;

describe("30 workloads of a mirrored Secret", () => {
  it("are not restarted for the first certificate", async () => {
    expect((await stack.state.clusterRows(name)).reloads).toEqual([]);
    expect(restarts()).toEqual([]);
  });

  it("are restarted in stages for a new one, until one is not available: condition and event name it", async () => {
    expect(await certwright(stack, ["renew", name, "-n", name])).toMatchObject({ code: 0 });
    const { reloaded } = await target((status) => status.reloaded?.reason === "ReloadStopped");
    expect(restarted()).toEqual(numbered(1, 20));
    const said =
      `DaemonSet/${broken} is not available 10 s after its restart (0 of 2 updated, 1 available); ` +
      `19 of 30 workloads done, 10 wait for revision 2 of Secret ${name}/${secretName}`;
    expect(reloaded).toMatchObject({ type: "Reloaded", status: "False", message: said });
    const told = await stack.state.events({ namespace: name, kind: "Certificate", name }, 50);
    expect(told.find(({ reason }) => reason === "ReloadStopped")).toMatchObject({
      type: "Warning",
      message: `cluster ${name}: ${said}`,
    });
    const described = await describeIt();
    expect(described).toContain("ReloadStopped");
    expect(described).toContain(`DaemonSet/${broken} is not available`);
  });

  it("are never more at once than may be, each stage after the last one was available", () => {
    const [first, second] = [restarts().slice(0, atOnce), restarts().slice(atOnce)];
    expect(mostAtOnce(restarts())).toBeLessThanOrEqual(atOnce);
    expect(first.map((rollout) => rollout.name).sort()).toEqual(numbered(1, atOnce));
    const ended = Math.max(...first.map(({ availableAt = Number.POSITIVE_INFINITY }) => availableAt));
    expect(Math.min(...second.map(({ startedAt }) => startedAt))).toBeGreaterThan(ended);
  });

  it("wait while that one is not available, however often it is looked at", async () => {
    for (let looks = 0; looks < 3; looks++) {
      const { version } = await reloadRow();
      await lookNow();
      while ((await reloadRow()).version < version + 2) await sleep(100);
    }
    expect(restarted()).toEqual(numbered(1, 20));
    expect(await reloadRow()).toMatchObject({ reloaded: { reason: "ReloadStopped" } });
  });

  it("go on by themselves once it is", async () => {
    controllers.never([]);
    while (restarts().some(({ availableAt }) => availableAt === undefined)) await sleep(100);
    await lookNow();
    const { reloaded } = await target((status) => status.reloaded?.status === "True");
    expect(reloaded).toMatchObject({
      reason: "Reloaded",
      message: `30 workloads restarted for revision 2 of Secret ${name}/${secretName}`,
    });
    expect(restarted()).toEqual(numbered(1, count));
    expect(mostAtOnce(restarts())).toBeLessThanOrEqual(atOnce);
    expect((await reloadRow()).dueAt).toBeUndefined();
  });

  it("cost no more than list and patch, and a list a look and kind", async () => {
    const asked = (await cluster.requestsOf(name)).filter(({ group }) => group === "apps");
    expect(new Set(asked.map(({ verb }) => verb))).toEqual(new Set(["list", "patch"]));
    expect(
      asked
        .filter(({ verb }) => verb === "patch")
        .map((request) => request.name)
        .sort(),
    ).toEqual(numbered(1, count));
    expect(asked.filter(({ verb }) => verb === "list").length).toBeLessThanOrEqual(3 * 12);
  });
});
