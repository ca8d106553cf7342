import type { Deps } from "../deps.ts";
import { classOf } from "../errors.ts";
import { idOf } from "../resource.ts";
import type { Gathered } from "./gather.ts";

/**
 * Hands edited Certificates to sync-kubernetes, before what is decided on them is written: who dies in between finds them edited
 * again. One call for all that are not `told` yet. What is issued or deleted it hears of on the bus; a call that is refused is
 * repeated by the resync.
 */
export async function tellClusters(deps: Deps, gathered: Gathered[], told: Set<string>): Promise<void> {
  const edited = gathered.filter((facts) => isEdited(facts) && !told.has(idOf(facts.key)));
  if (edited.length === 0) return;
  for (const { key } of edited) told.add(idOf(key));
  const certificates = edited.map(({ key }) => ({ namespace: key.namespace, name: key.name }));
  try {
    await deps.starter.syncKubernetes({ certificates });
  } catch (error) {
    deps.log({
      event: "sync-not-started",
      certificates: certificates.length,
      errorClass: classOf(error),
      error: String(error),
    });
  }
}

/** Whether what is in clusters may be affected: labels and our annotations are part of the hash. */
function isEdited(facts: Gathered): boolean {
  if ("error" in facts) return false;
  const { request, row } = facts;
  const specHash = request?.ok ? request.resource.specHash : request?.specHash;
  return specHash !== undefined && row?.issued !== undefined && row.specHash !== specHash;
}
