import { askRenewalInfo } from "./ask-renewal-info.ts";
import { concurrently } from "./concurrently.ts";
import { firstCrlLook } from "./crl-look.ts";
import type { Deps } from "./deps.ts";
import { isLooked, type Look, noteLook, type Working } from "./look.ts";
import { readCrls, type Suspect } from "./read-crls.ts";
import { asksForRenewalInfo, type RenewalInfoSource } from "./renewal-info.ts";
import { parseId, type ResourceKey } from "./resource.ts";
import type { IssuerRow } from "./rows.ts";

/** A CA answers within a second; so many at once keep 50 within a few. */
const concurrency = 10;

/**
 * Looks at working certificates: asks their CAs when to renew them (RFC 9773), each as often as its row says, and writes what
 * was learnt into it. Revocation lists are read where nobody is asked, and where the answer was that it is high time, as it is of
 * revoked ones. The keys are hints of the sweep: what is due for another reason is handed to dispatch.
 */
export async function checkCertificates(deps: Deps, keys: ResourceKey[]): Promise<{ looked: number }> {
  const rows = [...(await deps.state.certificates(keys)).values()];
  const now = deps.clock.now().getTime();
  const looked = rows.filter((row) => isLooked(row, now));
  const others = rows.filter((row) => !isLooked(row, now) && (row.dueAt ?? now + 1) <= now);
  if (others.length > 0) await deps.starter.dispatch(others.map(({ key }) => key));
  const sources = await openSources(deps, looked);
  const learnt = await concurrently(concurrency, looked, async (row) => ({
    row,
    look: await lookAt(deps, row, sources.get(row.issuer ?? "")),
  }));
  const { suspects = [], rest = [] } = Object.groupBy(learnt, (one) => (isSuspect(one, now) ? "suspects" : "rest"));
  await concurrently(concurrency, rest, ({ row, look }) => noteLook(deps, row, look));
  await readCrls(deps, suspects);
  return { looked: looked.length };
}

const nothing: Look = { change: (row) => row, events: [] };

async function lookAt(deps: Deps, row: Working, open: OpenSource | undefined): Promise<Look> {
  if (row.ari) return open ? askRenewalInfo(deps, row, open) : notAsked(deps, row);
  return nothing;
}

/** Its CA is not to be asked any more: from now on its revocation list is read. */
async function notAsked({ state, ...world }: Deps, { key, issued }: Working): Promise<Look> {
  const item = await state.chain({ namespace: key.namespace, name: key.name, attemptId: issued.attemptId });
  const crl = item && firstCrlLook(world, item.chain);
  return { change: ({ ari: _, ...row }) => ({ ...row, ...(crl ? { crl } : {}) }), events: [] };
}

/** Of a certificate that it revoked a CA says that the time to renew it has passed. */
function isSuspect({ row, look }: Suspect, now: number): boolean {
  const { ari, crl } = look.change(row);
  if (crl) return crl.nextCheckAt <= now;
  return ari?.window !== undefined && ari.lastError === undefined && ari.window.end <= now;
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
