import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClusterRow } from "../../../core/kubernetes/rows.ts";
import type { ClusterReport } from "../../../core/kubernetes/work.ts";
import { newCluster } from "../../support/kubernetes-rows.ts";
import { environment, fakeDeps, logged } from "./fake-function.ts";

const openDeps = vi.hoisted(() => vi.fn());
const syncKubernetes = vi.hoisted(() => vi.fn());
vi.mock("../../../functions/runtime/deps.ts", () => ({ openDeps }));
vi.mock("../../../core/kubernetes/sync.ts", () => ({ syncKubernetes }));

let world: ReturnType<typeof fakeDeps>;
let lines: Record<string, unknown>[];
let handler: typeof import("../../../functions/sync-kubernetes/index.ts")["handler"];

beforeEach(async () => {
  world = fakeDeps();
  openDeps.mockReset().mockImplementation(() => world.deps);
  does();
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  vi.resetModules();
  ({ handler } = await import("../../../functions/sync-kubernetes/index.ts"));
  lines = logged();
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** What the rules answer from now on. */
function does(...clusters: ClusterReport[]): void {
  syncKubernetes.mockReset().mockResolvedValue({ clusters });
}

const worked = (cluster: string, more: Partial<ClusterReport> = {}): ClusterReport => ({
  cluster,
  did: "worked",
  requests: 3,
  wrote: 1,
  failed: 0,
  ready: "Ready",
  ...more,
});

async function put(name: string, changes: Partial<ClusterRow>): Promise<void> {
  await world.state.putCluster(newCluster({ key: { namespace: "_cluster", kind: "Cluster", name }, ...changes }));
}

const inLambda = { getRemainingTimeInMillis: () => 299_000 };
const key = { namespace: "_cluster", kind: "Cluster", name: "blue" };
const www = { namespace: "web", name: "www" };
const metric = () => lines.find((line) => "KubernetesOutOfSync" in line)?.KubernetesOutOfSync;

describe("what it is asked to do", () => {
  it.each<[string, object, object]>([
    [
      "a batch that was issued",
      { source: "certwright", "detail-type": "Cluster Sync Requested", detail: { certificates: [www] } },
      { certificates: [www] },
    ],
    ["a fact", { source: "certwright", "detail-type": "Certificate Deleted", detail: www }, { certificates: [www] }],
    ["Certificates", { certificates: [www] }, { certificates: [www] }],
    ["a Cluster", { key }, { key }],
    ["a Cluster with all its Certificates", { key, replan: true }, { key, replan: true }],
  ])("is done for %s, until Lambda stops it", async (_what, event, order) => {
    await handler(event, inLambda);
    const end = new Date(world.deps.clock.now().getTime() + 299_000);
    expect(syncKubernetes.mock.calls).toEqual([[expect.objectContaining({ instance: "test" }), order, end]]);
  });

  it("is refused when it is none of these", async () => {
    await expect(handler({ certificates: "web/www" }, inLambda)).rejects.toThrow();
    expect(syncKubernetes).not.toHaveBeenCalled();
  });
});

describe("its line", () => {
  it("says what became of each cluster, and the sums", async () => {
    does(worked("blue"), worked("green", { requests: 40, wrote: 7, failed: 2 }), {
      ...worked("red", { requests: 0, wrote: 0, did: "resting" }),
      ready: undefined as never,
    });
    await handler({ key }, inLambda);
    expect(lines.at(-1)).toEqual({
      function: "sync-kubernetes",
      outcome: "done",
      clusters: ["blue worked Ready", "green worked Ready", "red resting"],
      requests: 43,
      wrote: 8,
      failed: 2,
      ms: 0,
    });
  });
});

describe("the metric of what is out of sync", () => {
  const notReady = { ...newCluster().ready, status: "False" } as const;
  const ready = { ...newCluster().ready, status: "True" } as const;

  it("is of all clusters, whichever was worked on", async () => {
    await put("blue", { ready, mirrors: 200, inSync: 200 });
    await put("green", { ready, mirrors: 200, inSync: 197 });
    await put("red", { ready: notReady, mirrors: 5, inSync: 5 });
    does(worked("blue"));
    await handler({ key }, inLambda);
    expect(metric()).toBe(4);
  });

  it("is none when all is as it should be, and so when the last Cluster goes", async () => {
    await put("blue", { ready: notReady, mirrors: 2, inSync: 0, deletedAt: 1 });
    does(worked("blue"));
    await handler({ key }, inLambda);
    expect(metric()).toBe(0);
  });

  it.each<[string, ClusterReport[]]>([
    ["there is no cluster", []],
    ["another invocation holds it", [worked("blue", { did: "held" })]],
  ])("is not told when %s", async (_why, clusters) => {
    await put("blue", { ready, mirrors: 2, inSync: 1 });
    does(...clusters);
    await handler({ certificates: [www] }, inLambda);
    expect(metric()).toBeUndefined();
  });
});
