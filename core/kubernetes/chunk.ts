import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { idOf, type ResourceKey } from "../resource.ts";
import { type Item, nameOf } from "./agenda.ts";
import { failureOf } from "./failure.ts";
import { noteFailure, type Run } from "./run.ts";
import { visitMirror } from "./visit-mirror.ts";
import { visitBundle, visitReload } from "./visit-others.ts";
import type { Known } from "./wish.ts";

const mostAtOnce = 10;

/** Looks at some items, several at once; none is begun after `until`, or when the cluster is lost. */
export async function workThrough(run: Run, items: Item[], until: Date): Promise<void> {
  const { deps, partition, reach, cluster } = run;
  const known = await knownOf(run, items);
  const visit = async (item: Item) => {
    if (reach.stopped() || deps.clock.now() >= until) return;
    partition.visited.add(nameOf(item));
    await visitItem(run, item, known).catch((error: unknown) => leave(run, item, error));
    // It may have been cut off.
    if (reach.stopped()) partition.visited.delete(nameOf(item));
  };
  await concurrently(Math.min(mostAtOnce, cluster.spec.requestsPerSecond), items, visit);
}

/** Its row could not be put, say: it stays as it is, due, and its neighbours go on. */
function leave({ deps, tally, cluster }: Run, item: Item, error: unknown): void {
  const about = `${cluster.name}: ${nameOf(item)}`;
  const { reason, message } = failureOf(deps, error, { of: "mirror", before: 0, about });
  noteFailure(tally, { reason, message }, deps.clock.now());
  deps.log({ event: "left", about, reason });
}

async function visitItem(run: Run, item: Item, known: (id: string) => Known): Promise<void> {
  const { mirrors, reloads, bundles } = run.partition;
  const { what, id } = item;
  const [mirror, reload, bundle] = [mirrors.get(id), reloads.get(id), bundles.get(id)];
  if (what === "mirror" && mirror) await visitMirror(run, mirror, known(id), item.look);
  if (what === "reload" && reload) await visitReload(run, id, reload);
  if (what === "bundle" && bundle) await visitBundle(run, id, bundle);
}

/** What is known of the Certificates behind some mirrors, read at once. A deleted Cluster has none. */
async function knownOf({ deps, partition, cluster }: Run, items: Item[]): Promise<(id: string) => Known> {
  const keys = new Map<string, ResourceKey>();
  for (const { what, id } of items) {
    const row = what === "mirror" ? partition.mirrors.get(id) : undefined;
    if (row) keys.set(id, { ...row.certificate, kind: "Certificate" });
  }
  const isLeaving = cluster.row.deletedAt !== undefined;
  const { requests, rows } = await readAll(deps, isLeaving ? [] : [...keys.values()]);
  return (id) => {
    const key = keys.get(id);
    return { request: key && requests.get(idOf(key)), row: key && rows.get(idOf(key)) };
  };
}

async function readAll({ requests, state }: Deps, keys: ResourceKey[]) {
  if (keys.length === 0) return { requests: new Map(), rows: new Map() };
  const [found, rows] = await Promise.all([requests.getMany(keys), state.certificates(keys)]);
  return { requests: found, rows };
}
