import { backoff } from "../../backoff.ts";
import { concurrently } from "../../concurrently.ts";
import type { Deps } from "../../deps.ts";
import { classOf, isNamed, RateLimitedError } from "../../errors.ts";
import type { FieldFault } from "../../field-fault.ts";
import { atGeneration, readyCondition } from "../../object-row.ts";
import type { StoredRequest } from "../../ports.ts";
import { parseBundle } from "../../request.ts";
import { idOf, type ResourceKey } from "../../resource.ts";
import type { Condition } from "../../status.ts";
import type { BundleSpec } from "../bundle.ts";
import type { BundleRow } from "../rows.ts";
import { collect, isInCluster, mustHoldSome } from "./content.ts";
import { goesTo } from "./place-bundle.ts";
import { textOf } from "./placed-status.ts";
import { releaseBundle, storeBundle } from "./stored-bundle.ts";

/** An issuer's CA and the default CAs may change unseen. */
const recheckMs = 24 * 3_600_000;
const tombstoneDays = 30;

/** How often a check begins anew when another one was faster. */
const rounds = 4;

/**
 * Takes note of a Bundle: parses it, reads the sources that do not lie in clusters, writes the stored secret, and wakes the
 * Bundle in each cluster that it goes to or went to, a deleted one too. Answers the row; undefined when there is nothing to note.
 */
export async function checkBundle(deps: Deps, key: ResourceKey): Promise<BundleRow | undefined> {
  for (let round = 0; round < rounds; round += 1) {
    const [stored, before] = await Promise.all([deps.requests.get(key), deps.state.bundle(key)]);
    const row = stored ? await checkedRow(deps, stored, before) : await forgotten(deps, before);
    if (!row) return before;
    if ((await deps.state.putBundle(row)) === "conflict") continue;
    await wake(deps, key.name, [before?.spec, row.spec]);
    return { ...row, version: row.version + 1 };
  }
  deps.log({ event: "contended", bundle: idOf(key) });
  return deps.state.bundle(key);
}

async function checkedRow(deps: Deps, stored: StoredRequest, before: BundleRow | undefined): Promise<BundleRow> {
  const parsed = parseBundle(stored);
  const base: BundleRow = atGeneration(stored.key, before, parsed.ok ? parsed.resource.specHash : parsed.specHash);
  const faults = parsed.ok ? notStorable(parsed.resource.spec) : parsed.faults;
  if (parsed.ok && faults.length === 0) return verified(deps, { ...base, spec: parsed.resource.spec });
  const { dueAt: _, lane: __, failures: ___, ...kept } = base;
  const message = faults.map(({ path, message: text, fix }) => `${path}: ${text}; ${fix}`).join(". ");
  return { ...kept, ready: ready(base, "False", "InvalidConfig", message, deps.clock.now()) };
}

/** In every cluster such a source may say something else; a stored secret that lacks it would be another bundle of that name. */
function notStorable({ sources, target }: BundleSpec): FieldFault[] {
  const index = sources.findIndex(isInCluster);
  if (!target.storedSecret || index < 0) return [];
  const message = `Forbidden: spec.sources[${index}] lies in each cluster, so that there is no one content to store`;
  const fix = "make a Bundle without ConfigMap and Secret sources for the stored secret";
  return [{ path: "spec.target.storedSecret", message, fix }];
}

type Accepted = BundleRow & { spec: BundleSpec };

async function verified(deps: Deps, base: Accepted): Promise<BundleRow> {
  const now = deps.clock.now();
  const { failures: _, stored: __, defaultCAVersion: ___, ...rest } = base;
  try {
    const content = await collect(deps, base.spec);
    const inClusters = base.spec.sources.filter(isInCluster).length;
    if (inClusters === 0) mustHoldSome(content);
    const stored = await keepStored(deps, base, content);
    const { defaultCAVersion, certificates } = content;
    const earliest = Math.min(now.getTime() + recheckMs, ...certificates.map(({ notAfter }) => notAfter + 1));
    const more = inClusters > 0 ? `, and what ${inClusters} sources hold in each cluster` : "";
    return {
      ...rest,
      ...(defaultCAVersion === undefined ? {} : { defaultCAVersion }),
      ...(stored === undefined ? {} : { stored }),
      ready: ready(base, "True", "Ready", `${certificates.length} certificates${more}`, now),
      dueAt: earliest,
      lane: "renew",
    };
  } catch (error) {
    return notVerified(deps, base, error, now);
  }
}

async function keepStored(
  deps: Deps,
  { key, spec, stored }: Accepted,
  pool: Parameters<typeof storeBundle>[1]["pool"],
): Promise<BundleRow["stored"]> {
  if (spec.target.storedSecret) return storeBundle(deps, { name: key.name, target: spec.target, pool }, stored);
  if (stored) await releaseBundle(deps, key.name);
  return undefined;
}

/** Who is away for a moment changes nothing of a Bundle that was ready with this spec. */
function notVerified(deps: Deps, row: BundleRow, error: unknown, now: Date): BundleRow {
  const errorClass = classOf(error);
  if (errorClass === "Bug")
    deps.log({ event: "bug", bundle: idOf(row.key), error: String(error), stack: (error as Error).stack });
  const slot = error instanceof RateLimitedError ? error.retryAt : undefined;
  const failures = (row.failures ?? 0) + (slot ? 0 : 1);
  const passing = errorClass === "UnavailableError" || errorClass === "RateLimitedError";
  const stays = passing && row.ready.status === "True" && row.ready.observedGeneration === row.generation;
  const said = isNamed(error)
    ? { reason: error.reason, message: textOf(error) }
    : { reason: "BundleCheckFailed", message: "an error in certwright; its log has the line `bug`" };
  const next = slot ?? backoff({ failures, now, fraction: deps.chance.fraction() });
  return {
    ...row,
    failures,
    ready: stays ? row.ready : ready(row, "False", said.reason, said.message, now),
    dueAt: next.getTime(),
    lane: "new",
  };
}

/** Every cluster that it goes to, or went to with what was accepted before. */
async function wake(deps: Deps, name: string, specs: (BundleSpec | undefined)[]): Promise<void> {
  const clusters = (await deps.state.clusters()).map(({ key }) => key.name);
  const meant = clusters.filter((cluster) => specs.some((spec) => spec && goesTo(spec, cluster)));
  await concurrently(5, meant, async (cluster) => {
    const now = deps.clock.now();
    await deps.state.wakePlacedBundle(cluster, name, now);
    await deps.state.wakeCluster(cluster, now);
  });
}

/** Undefined when there is nothing to forget. */
async function forgotten(deps: Deps, row: BundleRow | undefined): Promise<BundleRow | undefined> {
  if (!row || row.deletedAt !== undefined) return undefined;
  if (row.stored) await releaseBundle(deps, row.key.name);
  const now = deps.clock.now();
  const { dueAt: _, lane: __, spec: ___, stored: ____, failures: _____, ...rest } = row;
  const expiresAt = Math.floor(now.getTime() / 1_000) + tombstoneDays * 86_400;
  const gone = ready(row, "False", "Deleted", "the request was deleted", now);
  return { ...rest, ready: gone, deletedAt: now.getTime(), expiresAt };
}

function ready(row: BundleRow, status: Condition["status"], reason: string, message: string, now: Date): Condition {
  return readyCondition(row, { status, reason, message }, now);
}
