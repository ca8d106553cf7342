import type { Deps } from "./deps.ts";
import type { StoredRequest } from "./ports.ts";
import { idOf, type ResourceKey } from "./resource.ts";
import { isUndecided } from "./undecided.ts";

export interface ResyncReport {
  scanned: number;
  /** Handed to dispatch because State has not decided on what is there now. */
  sent: number;
  /** Items whose key is no `Kind/name` of ours. */
  unknown: number;
}

/**
 * The replay for every lost event: compares all requests, and all that State knows, with what was last decided on. Sends
 * only keys; dispatch reads for itself.
 */
export async function resync(deps: Deps): Promise<ResyncReport> {
  const report: ResyncReport = { scanned: 0, sent: 0, unknown: 0 };
  const seen = new Set<string>();
  for await (const page of deps.requests.scan()) {
    report.scanned += page.requests.length;
    report.unknown += page.unknown.length;
    for (const item of page.unknown) deps.log({ event: "unknown-request", ...item });
    for (const { key } of page.requests) seen.add(idOf(key));
    await send(deps, report, await changed(deps, page.requests));
  }
  for await (const keys of deps.state.scanKeys()) {
    // Deleted in the minutes since the scan: its own event, or the next resync.
    const unseen = keys.filter((key) => !seen.has(idOf(key)));
    const requests = unseen.length > 0 ? await deps.requests.getMany(unseen) : new Map();
    await send(
      deps,
      report,
      unseen.filter((key) => !requests.has(idOf(key))),
    );
  }
  return report;
}

async function changed(deps: Deps, requests: StoredRequest[]): Promise<ResourceKey[]> {
  const keys = requests.map(({ key }) => key);
  const [certificates, issuers] = await Promise.all([
    // Only a hint: dispatch reads for itself.
    deps.state.certificates(
      keys.filter(({ kind }) => kind === "Certificate"),
      { eventual: true },
    ),
    deps.state.issuers(keys.filter(({ kind }) => kind !== "Certificate")),
  ]);
  const row = (key: ResourceKey) => certificates.get(idOf(key)) ?? issuers.get(idOf(key));
  return requests.filter((request) => isUndecided(request, row(request.key))).map(({ key }) => key);
}

async function send(deps: Deps, report: ResyncReport, keys: ResourceKey[]): Promise<void> {
  if (keys.length === 0) return;
  report.sent += keys.length;
  await deps.starter.dispatch(keys);
}
