import { askRenewalInfo, notAsked } from "./ask-renewal-info.ts";
import { concurrently } from "./concurrently.ts";
import type { Deps } from "./deps.ts";
import { isLooked, noteLook, type Working } from "./look.ts";
import { asksForRenewalInfo, type RenewalInfoSource } from "./renewal-info.ts";
import { parseId, type ResourceKey } from "./resource.ts";
import type { IssuerRow } from "./rows.ts";

/** A CA answers within a second; so many at once keep 50 within a few. */
const concurrency = 10;

/**
 * Looks at working certificates: asks their CAs when to renew them (RFC 9773), each as often as its row says, and writes what
 * was learnt into it. The keys are hints of the sweep: what is due for another reason is
 * handed to dispatch.
 */
export async function checkCertificates(deps: Deps, keys: ResourceKey[]): Promise<{ looked: number }> {
  const rows = [...(await deps.state.certificates(keys)).values()];
  const now = deps.clock.now().getTime();
  const looked = rows.filter((row) => isLooked(row, now));
  const others = rows.filter((row) => !isLooked(row, now) && (row.dueAt ?? now + 1) <= now);
  if (others.length > 0) await deps.starter.dispatch(others.map(({ key }) => key));
  const sources = await openSources(deps, looked);
  await concurrently(concurrency, looked, (row) => look(deps, row, sources.get(row.issuer ?? "")));
  return { looked: looked.length };
}

async function look(deps: Deps, row: Working, open: OpenSource | undefined): Promise<void> {
  await noteLook(deps, row, open && row.ari ? await askRenewalInfo(deps, row, open) : notAsked);
}

type OpenSource = () => Promise<RenewalInfoSource>;

/** One client for each issuer that is to be asked; what keeps it from opening is each certificate's own error. */
async function openSources(deps: Deps, rows: Working[]): Promise<Map<string, OpenSource>> {
  const ids = [...new Set(rows.flatMap(({ issuer, ari }) => (ari && issuer) || []))];
  const issuers = await deps.state.issuers(ids.flatMap((id) => parseId(id) ?? []));
  const asked = [...issuers].filter(([, issuer]) => asksForRenewalInfo(issuer));
  return new Map(asked.map(([id, issuer]) => [id, opened(deps, issuer)]));
}

function opened(deps: Deps, issuer: IssuerRow): OpenSource {
  let source: Promise<RenewalInfoSource> | undefined;
  return () => {
    source ??= deps.renewalInfo(issuer);
    return source;
  };
}
