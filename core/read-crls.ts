import type { X509Certificate } from "node:crypto";
import { certificatesOf, crlUrlsOf } from "./certificate-identity.ts";
import { concurrently } from "./concurrently.ts";
import { type Crl, readCrl } from "./crl.ts";
import type { Deps } from "./deps.ts";
import { RefusedError } from "./errors.ts";
import { type Look, noteLook, type Working } from "./look.ts";
import type { ResourceKey } from "./resource.ts";
import { blockKey } from "./revocation/block-key.ts";
import { type Finding, findingIn, meansCompromise, withFinding } from "./seen-revoked.ts";
import { rfc3339 } from "./status.ts";

/** A working certificate whose revocation list is to be read, and what a look at it has learnt already. */
export interface Suspect {
  row: Working;
  look: Look;
}

/** A list may be megabytes, and each is read once for all that name it. */
const listsAtOnce = 5;
const certificatesAtOnce = 10;
const mostUrls = 2;

/**
 * Reads the revocation lists of certificates, and writes what was learnt of each into its row; who was revoked is handed to
 * dispatch. A key that leaked is blocked first, so that its replacement has another one.
 */
export async function readCrls(deps: Deps, suspects: Suspect[]): Promise<void> {
  const subjects = await concurrently(certificatesAtOnce, suspects, (suspect) => subjectOf(deps, suspect));
  const groups = Object.values(Object.groupBy(subjects, ({ group }) => group)) as Subject[][];
  const revoked = await concurrently(listsAtOnce, groups, (group) => judge(deps, group));
  if (revoked.flat().length > 0) await deps.starter.dispatch(revoked.flat());
}

interface Subject extends Suspect {
  /** Undefined: State no longer has it. */
  leaf?: X509Certificate;
  issuer?: X509Certificate | undefined;
  urls: string[];
  /** The same for all that one list speaks of. */
  group: string;
}

async function subjectOf({ state }: Deps, suspect: Suspect): Promise<Subject> {
  const { key, issued } = suspect.row;
  const item = await state.chain({ namespace: key.namespace, name: key.name, attemptId: issued.attemptId });
  if (!item) return { ...suspect, urls: [], group: "" };
  const known = certificatesOf(item.chain + (item.ca ?? ""));
  const leaf = known[0] as X509Certificate;
  const issuer = known.find((one) => leaf.checkIssued(one) && leaf.verify(one.publicKey));
  const urls = crlUrlsOf(leaf).slice(0, mostUrls);
  return { ...suspect, leaf, issuer, urls, group: [...urls, issuer?.fingerprint256].join(" ") };
}

/** Answers the keys of those that were revoked. */
async function judge(deps: Deps, group: Subject[]): Promise<ResourceKey[]> {
  const list = await listOf(deps, group[0] as Subject).catch((error: unknown) => ({ error }));
  const noted = await concurrently(certificatesAtOnce, group, (subject) => conclude(deps, subject, list));
  return noted.flatMap((key) => key ?? []);
}

type List = { crl: Crl; url: string } | { error: unknown } | undefined;

/** The first of its lists that can be used; undefined when it names none. */
async function listOf(deps: Deps, { leaf, issuer, urls }: Subject): Promise<List> {
  if (!leaf) throw unusable("the certificate's chain is no longer in State");
  if (urls.length === 0) return undefined;
  if (!issuer) throw unusable("the certificate of its issuer, which signs the list, is not in the chain");
  let first: unknown;
  for (const url of urls) {
    try {
      return { crl: usable(await deps.revocationList(url), url, issuer, deps.clock.now()), url };
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

function usable(bytes: Uint8Array, url: string, issuer: X509Certificate, now: Date): Crl {
  const crl = read(bytes, url);
  if (!crl.isSignedBy(issuer)) throw unusable(`${url} is not signed by the issuer of the certificate`);
  if (crl.isDelta) throw unusable(`${url} lists changes only`);
  if (crl.thisUpdate > now) throw unusable(`${url} begins on ${rfc3339(crl.thisUpdate)}`);
  if (crl.nextUpdate && crl.nextUpdate <= now) throw unusable(`${url} ended on ${rfc3339(crl.nextUpdate)}`);
  return crl;
}

function read(bytes: Uint8Array, url: string): Crl {
  try {
    return readCrl(bytes);
  } catch (error) {
    if (error instanceof RangeError) throw unusable(`${url} is no certificate revocation list`);
    throw error;
  }
}

function unusable(message: string): RefusedError {
  const fix = "tell the CA; until then the certificate is renewed at its own time";
  return new RefusedError({ reason: "ListNotUsable", message, fix });
}

async function conclude(deps: Deps, { row, look, leaf }: Subject, list: List): Promise<ResourceKey | undefined> {
  const finding: Finding | undefined = list && ("error" in list ? list : findingIn(list.crl, list.url, leaf));
  // Somebody else asks for the same just now: the next sweep looks again.
  if (leaf && meansCompromise(finding) && !(await blockKey(deps, row, leaf.publicKey, finding.revoked.at)))
    return undefined;
  await noteLook(deps, row, withFinding(deps, row, look, finding));
  return finding && "revoked" in finding ? row.key : undefined;
}
