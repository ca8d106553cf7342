import { together } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { plan } from "./plan.ts";
import type { SyncOrder } from "./state.ts";
import { type ClusterReport, workOn } from "./work.ts";

/** What one invocation did. */
export interface SyncReport {
  clusters: ClusterReport[];
}

/**
 * Makes due what an order concerns and works on its clusters side by side, so that a dead one costs only its own time-out.
 * `deadline`: when Lambda stops us; what is left then is due, and the sweep goes on with it. All of it may be repeated.
 */
export async function syncKubernetes(deps: Deps, order: SyncOrder, deadline: Date): Promise<SyncReport> {
  const names = await plan(deps, order);
  return { clusters: await together(names.map((name) => workOn(deps, name, deadline))) };
}
