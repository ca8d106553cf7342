import { type Condition, rfc3339 } from "../core/status.ts";
import type { Seen } from "./objects.ts";
import { targetsOf } from "./summary.ts";
import type { Installation } from "./verb.ts";

/** Whether a Certificate is in all clusters that it goes to, with its present revision. */
export async function syncedIn({ state, clock }: Installation, seen: Seen): Promise<Condition> {
  const told = await state.targetsOf({ namespace: seen.key.namespace, name: seen.key.name });
  const behind = told.find(
    ({ synced, revision }) => synced.status !== "True" || revision !== seen.certificate?.revision,
  );
  const silent = targetsOf(seen).find((cluster) => !told.some((status) => status.cluster === cluster));
  const said = (status: "True" | "False", reason: string, message: string): Condition => ({
    ...{ type: "Synced", status, reason, message },
    lastTransitionTime: rfc3339(clock.now()),
  });
  if (behind) {
    const { cluster, synced, revision = 0 } = behind;
    if (synced.status !== "True") return said("False", synced.reason, `cluster ${cluster}: ${synced.message}`);
    return said("False", "Pending", `cluster ${cluster}: revision ${revision} is there`);
  }
  if (silent !== undefined) return said("False", "Pending", `cluster ${silent}: nothing was mirrored there yet`);
  if (told.length === 0) return said("False", "Pending", "no cluster has it yet");
  return said("True", "Synced", `in ${told.length} ${told.length === 1 ? "cluster" : "clusters"}`);
}
