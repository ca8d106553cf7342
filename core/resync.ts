import { concurrently } from "./concurrently.ts";
import type { Deps } from "./deps.ts";
import type { BundleRow, ClusterRow } from "./kubernetes/rows.ts";
import type { StoredRequest } from "./ports.ts";
import { asksForRenewalInfo, isAskedAbout } from "./renewal-info.ts";
import { familyOf, idOf, parseId, type ResourceKey } from "./resource.ts";
import type { CertificateRow, IssuerRow } from "./rows.ts";
import { isUndecided } from "./undecided.ts";

export interface ResyncReport {
  scanned: number;
  /** Handed to dispatch because State has not decided on what is there now. */
  sent: number;
  /** Items whose key is no `Kind/name` of ours. */
  unknown: number;
  /** Clusters and Bundles that are compared with all Certificates. */
  replanned: number;
}

/** Clusters and Bundles are few: their rows are read at once, by id. */
type Placed = Map<string, ClusterRow | BundleRow>;

const concurrency = 10;

/**
 * The replay for every lost event: compares all requests, and all that State knows, with what was last decided on. Sends
 * only keys; dispatch reads for itself. What sync-kubernetes may have missed of Certificates it finds by itself.
 */
export async function resync(deps: Deps): Promise<ResyncReport> {
  const report: ResyncReport = { scanned: 0, sent: 0, unknown: 0, replanned: 0 };
  const seen = new Set<string>();
  const placed = await readPlaced(deps);
  for await (const page of deps.requests.scan()) {
    report.scanned += page.requests.length;
    report.unknown += page.unknown.length;
    for (const item of page.unknown) deps.log({ event: "unknown-request", ...item });
    for (const { key } of page.requests) seen.add(idOf(key));
    await send(deps, report, await changed(deps, page.requests, placed));
  }
  for await (const keys of deps.state.scanKeys()) await sendDeleted(deps, report, keys, seen);
  const known = [...placed.values()].map(({ key }) => key);
  // One that is leaving its cluster was seen to be deleted before.
  const alive = [...placed.values()].filter(({ deletedAt }) => deletedAt === undefined).map(({ key }) => key);
  await sendDeleted(deps, report, alive, seen);
  await concurrently(concurrency, known, (key) => deps.starter.syncKubernetes({ key, replan: true }));
  report.replanned = known.length;
  return report;
}

async function readPlaced({ state }: Deps): Promise<Placed> {
  const [clusters, bundles] = await Promise.all([state.clusters(), state.bundles()]);
  return new Map([...clusters, ...bundles].map((row) => [idOf(row.key), row]));
}

async function changed(deps: Deps, requests: StoredRequest[], placed: Placed): Promise<ResourceKey[]> {
  const keys = requests.map(({ key }) => key);
  const of = (family: "certificate" | "issuer") => keys.filter(({ kind }) => familyOf(kind) === family);
  const [certificates, issuers] = await Promise.all([
    // Only a hint: dispatch reads for itself.
    deps.state.certificates(of("certificate"), { eventual: true }),
    deps.state.issuers(of("issuer")),
  ]);
  const row = (id: string) => certificates.get(id) ?? issuers.get(id) ?? placed.get(id);
  const unasked = await unaskedOf(deps, [...certificates.values()]);
  return requests
    .filter((request) => isUndecided(request, row(idOf(request.key))) || unasked.has(idOf(request.key)))
    .map(({ key }) => key);
}

/** Ids of quiet certificates whose CA could be asked when to renew and is not: issued before it could, or it was switched on. */
async function unaskedOf({ state }: Deps, rows: CertificateRow[]): Promise<Set<string>> {
  const quiet = rows.filter(
    ({ issued, ari, attempt, issuing, lane, crl }) =>
      issued && isAskedAbout(issued) && !ari && !attempt && !issuing && (lane === "renew" || crl),
  );
  const keys = [...new Set(quiet.flatMap(({ issuer }) => issuer ?? []))].flatMap((id) => parseId(id) ?? []);
  const issuers = keys.length > 0 ? await state.issuers(keys) : new Map<string, IssuerRow>();
  return new Set(
    quiet.filter(({ issuer }) => asksForRenewalInfo(issuers.get(issuer ?? ""))).map(({ key }) => idOf(key)),
  );
}

async function sendDeleted(deps: Deps, report: ResyncReport, keys: ResourceKey[], seen: Set<string>): Promise<void> {
  // Deleted in the minutes since the scan: its own event, or the next resync.
  const unseen = keys.filter((key) => !seen.has(idOf(key)));
  const requests = unseen.length > 0 ? await deps.requests.getMany(unseen) : new Map();
  await send(
    deps,
    report,
    unseen.filter((key) => !requests.has(idOf(key))),
  );
}

async function send(deps: Deps, report: ResyncReport, keys: ResourceKey[]): Promise<void> {
  if (keys.length === 0) return;
  report.sent += keys.length;
  await deps.starter.dispatch(keys);
}
