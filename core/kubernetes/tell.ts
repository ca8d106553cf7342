import type { Deps } from "../deps.ts";
import type { ResourceKey } from "../resource.ts";
import type { EventRow } from "../rows.ts";
import type { Condition } from "../status.ts";
import { targetOf } from "./mirror-row.ts";
import type { MirrorRow, ReloadRow } from "./rows.ts";

interface Shown {
  mirror: MirrorRow;
  reload?: ReloadRow | undefined;
}

/** Writes what the Certificate's owner may read, when it is not what it was. */
export async function tellTarget({ state }: Deps, before: Shown, after: Shown): Promise<void> {
  const target = targetOf(after.mirror, after.reload);
  if (!target || JSON.stringify(target) === JSON.stringify(targetOf(before.mirror, before.reload))) return;
  await state.putTarget(target);
}

/** An event on the Certificate for a new reason, a new revision, or a repair: never for the same failure again. */
export async function tellMirror(deps: Deps, before: MirrorRow, after: MirrorRow, repaired?: string): Promise<void> {
  const { synced, written, cluster } = after;
  if (!synced) return;
  const key = keyOf(after.certificate);
  const revised = written?.revision !== before.written?.revision && synced.status === "True";
  if (repaired !== undefined) {
    const message = `Secret ${written?.namespace}/${written?.name} was changed (${repaired}) and written again`;
    await addEvent(deps, { key, type: "Warning", reason: "Drifted", message: `cluster ${cluster}: ${message}` });
  }
  if (changed(before.synced, synced) || revised) await tellCondition(deps, key, cluster, synced);
}

/** The same for the restarts that follow a new certificate. */
export async function tellReload(deps: Deps, before: ReloadRow | undefined, after: ReloadRow): Promise<void> {
  const { reloaded, certificate, cluster } = after;
  if (reloaded && changed(before?.reloaded, reloaded)) await tellCondition(deps, keyOf(certificate), cluster, reloaded);
}

/** Best effort: a lost event is not worth a repeated write. */
export async function addEvent(
  { state, clock, log }: Deps,
  event: Pick<EventRow, "key" | "type" | "reason" | "message">,
): Promise<void> {
  const at = clock.now().getTime();
  await state.addEvent({ ...event, at }).catch((error: unknown) => log({ event: "event-lost", error: String(error) }));
}

function tellCondition(deps: Deps, key: ResourceKey, cluster: string, said: Condition): Promise<void> {
  const type = said.status === "False" && said.reason !== "Reloading" ? "Warning" : "Normal";
  return addEvent(deps, { key, type, reason: said.reason, message: `cluster ${cluster}: ${said.message}` });
}

function changed(before: Condition | undefined, after: Condition): boolean {
  return before?.status !== after.status || before.reason !== after.reason;
}

function keyOf({ namespace, name }: { namespace: string; name: string }): ResourceKey {
  return { namespace, kind: "Certificate", name };
}
