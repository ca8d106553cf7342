import type * as z from "zod/mini";
import type { ClusterRow } from "../../core/kubernetes/rows.ts";
import type { SyncOrder } from "../../core/kubernetes/state.ts";
import { syncKubernetes } from "../../core/kubernetes/sync.ts";
import { syncInput } from "../runtime/inputs.ts";
import { logMetrics } from "../runtime/log.ts";
import { handler as trigger } from "../runtime.ts";

/** Mirrors certificates, reloads workloads and places bundles: for facts on the bus, for dispatch, sweep and resync. */
export const handler = trigger(
  "sync-kubernetes",
  syncInput,
  async (deps, input, end) => {
    const { clusters } = await syncKubernetes(deps, orderOf(input), end);
    if (clusters.some(({ did }) => did === "worked")) {
      const value = outOfSync(await deps.state.clusters());
      logMetrics(deps.instance, deps.clock.now(), { KubernetesOutOfSync: { value, unit: "Count" } });
    }
    return { clusters };
  },
  (_input, { clusters }) => {
    const sum = (count: "requests" | "wrote" | "failed") => clusters.reduce((total, one) => total + one[count], 0);
    const all = clusters.map(({ cluster, did, ready }) => [cluster, did, ready].filter(Boolean).join(" "));
    return { clusters: all, requests: sum("requests"), wrote: sum("wrote"), failed: sum("failed") };
  },
);

function orderOf(input: z.infer<typeof syncInput>): SyncOrder {
  if (!("detail" in input)) return input;
  return "certificates" in input.detail ? input.detail : { certificates: [input.detail] };
}

/** Secrets that are not as they should be, in all clusters; a cluster that is not ready counts as one at least. */
function outOfSync(rows: ClusterRow[]): number {
  const missing = ({ mirrors = 0, inSync = 0, ready }: ClusterRow) =>
    Math.max(mirrors - inSync, ready.status === "False" ? 1 : 0);
  return rows.filter(({ deletedAt }) => deletedAt === undefined).reduce((total, row) => total + missing(row), 0);
}
