import type { Deps } from "../deps.ts";
import { classOf } from "../errors.ts";
import type { Facts } from "../facts.ts";
import { idOf } from "../resource.ts";
import type { Verdict } from "./dispatch.ts";

/** Whether what is in clusters may be affected: labels and our annotations are part of the hash. */
export function isEdited({ request, row }: Facts): boolean {
  const specHash = request?.ok ? request.resource.specHash : request?.specHash;
  return specHash !== undefined && row?.issued !== undefined && row.specHash !== specHash;
}

/**
 * Hands edited Certificates to sync-kubernetes, once it was written what was decided: one call for all. What is issued
 * or deleted it hears of by the fact; a call that is lost is repeated by the resync.
 */
export async function tellClusters(deps: Deps, edited: Set<string>, verdicts: Verdict[]): Promise<void> {
  const settled = verdicts.filter(({ key, reason, error }) => {
    return edited.has(idOf(key)) && error === undefined && reason !== "InProgress";
  });
  if (settled.length === 0) return;
  const certificates = settled.map(({ key }) => ({ namespace: key.namespace, name: key.name }));
  try {
    await deps.starter.syncKubernetes({ certificates });
  } catch (error) {
    deps.log({
      event: "sync-not-started",
      certificates: settled.length,
      errorClass: classOf(error),
      error: String(error),
    });
  }
}
