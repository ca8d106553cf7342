import type { Deps } from "./deps.ts";
import type { StoredRequest } from "./ports.ts";
import { parseCertificate } from "./request.ts";
import { idOf, type ResourceKey } from "./resource.ts";
import { specHash } from "./spec-hash.ts";

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
  for await (const page of deps.requests.scan()) {
    report.scanned += page.requests.length;
    report.unknown += page.unknown.length;
    for (const item of page.unknown) deps.log({ event: "unknown-request", ...item });
    await send(deps, report, await changed(deps, page.requests));
  }
  for await (const keys of deps.state.scanKeys()) {
    const requests = await deps.requests.getMany(keys);
    await send(
      deps,
      report,
      keys.filter((key) => !requests.has(idOf(key))),
    );
  }
  return report;
}

async function changed(deps: Deps, requests: StoredRequest[]): Promise<ResourceKey[]> {
  const keys = requests.map(({ key }) => key);
  const [certificates, issuers] = await Promise.all([
    deps.state.certificates(keys.filter(({ kind }) => kind === "Certificate")),
    deps.state.issuers(keys.filter(({ kind }) => kind !== "Certificate")),
  ]);
  return requests
    .filter((request) => {
      const row = certificates.get(idOf(request.key)) ?? issuers.get(idOf(request.key));
      if (!row || row.deletedAt !== undefined || row.specHash !== specHash(request)) return true;
      return asksAgain(request, certificates.get(idOf(request.key))?.renewRequestedAt);
    })
    .map(({ key }) => key);
}

/** A `certwright renew` whose event was lost. */
function asksAgain(request: StoredRequest, acted: string | undefined): boolean {
  const parsed = request.key.kind === "Certificate" ? parseCertificate(request) : undefined;
  const asked = parsed?.ok ? parsed.resource.spec.options.renewRequestedAt : undefined;
  return asked !== undefined && asked !== acted;
}

async function send(deps: Deps, report: ResyncReport, keys: ResourceKey[]): Promise<void> {
  if (keys.length === 0) return;
  report.sent += keys.length;
  await deps.starter.dispatch(keys);
}
