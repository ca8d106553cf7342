import type { Deps } from "../deps.ts";
import type { StoredRequest } from "../ports.ts";
import { parseCluster } from "../request.ts";
import type { Resource, ResourceKey } from "../resource.ts";
import { rowSchema } from "../rows.ts";
import { condition } from "../status.ts";
import { goesTo } from "./bundles/place-bundle.ts";
import type { ClusterSpec } from "./cluster.ts";
import { replanCluster } from "./replan.ts";
import type { ClusterRow } from "./rows.ts";
import { addEvent } from "./tell.ts";
import { wakeClusters } from "./wake.ts";

/** How often it begins anew when the row is changed meanwhile: a worker puts it every other second. */
const rounds = 10;

/**
 * Brings a Cluster's row to its request: a new spec, a spec that is refused, or that it is gone. After a change, or when
 * asked, compares all Certificates with its mirrors. Answers whether there is a Cluster to work on.
 */
export async function planCluster(deps: Deps, key: ResourceKey, replan: boolean): Promise<boolean> {
  for (let round = 1; round <= rounds; round += 1) {
    const [stored, before] = await Promise.all([deps.requests.get(key), deps.state.cluster(key)]);
    const next = stored ? asked(deps, stored, before) : leaving(deps, before);
    if (next === "nothing") return false;
    if (next !== "unchanged" && (await deps.state.putCluster(next)) === "conflict") continue;
    if (next !== "unchanged") await tellRefused(deps, next);
    if (next !== "unchanged" && next.deletedAt !== undefined) await wakeRetries(deps, next);
    return planned(deps, next === "unchanged" ? (before as ClusterRow) : next, replan);
  }
  // The next sweep or resync: the row is still not at the request's spec hash.
  deps.log({ event: "contended", cluster: key.name });
  return true;
}

/** What failed and waits is tried once more at once, when all is to go. */
async function wakeRetries({ state, clock }: Deps, { key, spec }: ClusterRow): Promise<void> {
  if (spec?.deletionPolicy !== "delete") return;
  const now = clock.now();
  for (const { certificate, dueAt = 0 } of (await state.clusterRows(key.name)).mirrors)
    if (dueAt > now.getTime()) await state.wakeMirror(key.name, certificate, now);
  await wakeClusters({ state, clock }, [key.name]);
}

async function planned(deps: Deps, row: ClusterRow, replan: boolean): Promise<boolean> {
  if (row.deletedAt !== undefined) return true;
  if (row.spec === undefined) return false;
  const { name } = row.key;
  const isNew = row.unplanned === true;
  if (!isNew && !replan) return true;
  const woken = (await replanCluster(deps, row, isNew)) + (isNew ? await wakeBundles(deps, name) : 0);
  // Only now: who dies before is followed by a sweep that finds it unplanned.
  if (isNew) await noteThatPlanned(deps, row);
  if (woken > 0 || isNew) await wakeClusters(deps, [name]);
  return true;
}

async function noteThatPlanned({ state }: Deps, { key, generation }: ClusterRow): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    const row = await state.cluster(key);
    if (row?.generation !== generation) return;
    const { unplanned: _, ...rest } = row;
    if ((await state.putCluster(rest)) === "saved") return;
  }
}

async function wakeBundles({ state, clock }: Deps, cluster: string): Promise<number> {
  const bundles = (await state.bundles()).filter(({ spec, deletedAt }) => spec && !deletedAt && goesTo(spec, cluster));
  for (const { key } of bundles) await state.wakePlacedBundle(cluster, key.name, clock.now());
  return bundles.length;
}

type Next = ClusterRow | "unchanged" | "nothing";

/** The request is gone: its Secrets go as the policy says, then the row does. */
function leaving({ clock }: Deps, before: ClusterRow | undefined): Next {
  if (!before || before.expiresAt !== undefined) return "nothing";
  if (before.deletedAt !== undefined) return "unchanged";
  const { retryAt: _retryAt, failures: _failures, ...rest } = before;
  const at = clock.now().getTime();
  return { ...rest, deletedAt: at, dueAt: at, lane: "renew" };
}

function asked(deps: Deps, stored: StoredRequest, before: ClusterRow | undefined): Next {
  const parsed = parseCluster(stored);
  const specHash = parsed.ok ? parsed.resource.specHash : parsed.specHash;
  if (before?.specHash === specHash && before.deletedAt === undefined) return "unchanged";
  const base = atGeneration(deps, stored.key, before, specHash);
  if (parsed.ok) return accepted(deps, base, parsed.resource);
  const message = parsed.faults.map(({ path, message: text, fix }) => `${path}: ${text}; ${fix}`).join(". ");
  const said = { type: "Ready", status: "False", reason: "InvalidConfig", message } as const;
  return { ...base, ready: condition(base.ready, { ...said, observedGeneration: base.generation }, deps.clock.now()) };
}

function atGeneration({ clock }: Deps, key: ResourceKey, before: ClusterRow | undefined, specHash: string): ClusterRow {
  const { deletedAt: _deletedAt, expiresAt: _expiresAt, ...rest } = before ?? {};
  const generation = (before?.generation ?? 0) + 1;
  const unknown = { type: "Ready", status: "Unknown", reason: "Pending", message: "not tried yet" } as const;
  const pending = condition(undefined, { ...unknown, observedGeneration: generation }, clock.now());
  const ready = before && before.deletedAt === undefined ? before.ready : pending;
  return { ...rest, key, schema: rowSchema, version: before?.version ?? 0, generation, specHash, ready };
}

/** Everything is compared and every retry is made at once: what failed may be cured. Tried again at once, too. */
function accepted({ clock }: Deps, base: ClusterRow, { spec }: Resource<ClusterSpec>): ClusterRow {
  const {
    retryAt: _retryAt,
    failures: _failures,
    driftCheckAfter: _after,
    kubernetesVersion: _version,
    ...rest
  } = base;
  const at = clock.now().getTime();
  return { ...rest, spec, unplanned: true, driftCheckAt: at, dueAt: at, lane: "renew" };
}

async function tellRefused(deps: Deps, { key, ready, generation }: ClusterRow): Promise<void> {
  if (ready.reason !== "InvalidConfig" || ready.observedGeneration !== generation) return;
  await addEvent(deps, { key, type: "Warning", reason: ready.reason, message: ready.message });
}
