import type { Difference } from "./difference.ts";
import type { RewriteWork } from "./rewrite-secret.ts";

/** An event for the user, and the order to bring the new content into clusters: before State knows, so never not at all. */
export async function tellRewritten(
  { deps, row: { key }, issued }: RewriteWork,
  why: Difference | undefined,
): Promise<void> {
  const certificates = [{ namespace: key.namespace, name: key.name }];
  await deps.events.publish([{ type: "Cluster Sync Requested", detail: { certificates } }]);
  if (!why) return;
  const message = `Secret "${issued.secretName}": ${why.message}, without a new certificate`;
  const at = deps.clock.now().getTime();
  await deps.state.addEvent({ key, at, type: "Normal", reason: why.reason, message });
}
