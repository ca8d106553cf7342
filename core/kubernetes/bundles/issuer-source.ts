import { X509Certificate } from "node:crypto";
import { certificatesOf } from "../../certificate-identity.ts";
import { concurrently } from "../../concurrently.ts";
import { type Deps, storedName } from "../../deps.ts";
import { RefusedError } from "../../errors.ts";
import { clusterNamespace, idOf, type ResourceKey } from "../../resource.ts";
import type { CertificateRow, Issued } from "../../rows.ts";
import { parseSecretValue } from "../../secret-value.ts";
import type { BundleSource } from "../bundle.ts";

type IssuerSource = Extract<BundleSource, { issuer: unknown }>["issuer"];

/** So many Certificates of an issuer are looked at, and of so many at each end of their age the CA is read. */
const mostRows = 2_000;
const mostAtEachEnd = 25;
const readsAtOnce = 10;

interface Served {
  key: ResourceKey;
  issued: Issued;
}

/**
 * The CAs of an issuer, PEM: ca.crt of the stored secrets of its Certificates, or else the topmost CA of their chains. Those of
 * the newest and of the oldest that are still valid, since after a change of CA both are in use. Throws RefusedError SourceNotFound.
 */
export async function issuerCAs(deps: Deps, source: IssuerSource, where: string): Promise<string> {
  const { kind, name, namespace } = source;
  const key: ResourceKey = { namespace: namespace ?? clusterNamespace, kind, name };
  const [row, served] = await Promise.all([deps.state.issuer(key), servedBy(deps, key)]);
  if (!row || row.deletedAt !== undefined) throw notFound(`${where}: ${kind} "${name}" does not exist`, "create it");
  const read = row.acme ? topmostOf : caOf;
  const found = await concurrently(readsAtOnce, bothEnds(served), (one) => read(deps, one));
  const pems = new Set(found.filter((pem) => pem !== undefined));
  if (pems.size > 0) return [...pems].join("");
  const message = `${where}: no Certificate of ${kind} "${name}" says which CA signed it`;
  throw notFound(message, "wait until it has issued one, or give the CA as another source");
}

/** Its Certificates that are valid now, the oldest first. */
async function servedBy({ state, clock }: Deps, issuer: ResourceKey): Promise<Served[]> {
  const now = clock.now().getTime();
  const served: Served[] = [];
  let looked = 0;
  for await (const keys of state.usersOf(issuer)) {
    const rows = await state.certificates(keys.slice(0, mostRows - looked), { eventual: true });
    looked += keys.length;
    served.push(...[...rows.values()].flatMap((row) => servedRow(row, issuer, now)));
    if (looked >= mostRows) break;
  }
  return served.sort((a, b) => a.issued.notBefore - b.issued.notBefore);
}

/** One that waits for a new issuer is still the old one's. */
function servedRow({ key, issuer, issued }: CertificateRow, by: ResourceKey, now: number): Served[] {
  return issued && issuer === idOf(by) && issued.notAfter > now ? [{ key, issued }] : [];
}

function bothEnds(served: Served[]): Served[] {
  return served.length <= 2 * mostAtEachEnd
    ? served
    : [...served.slice(0, mostAtEachEnd), ...served.slice(-mostAtEachEnd)];
}

async function caOf(deps: Deps, served: Served): Promise<string | undefined> {
  const { key, issued } = served;
  const store = await deps.store(issued.store);
  const secret = await store.read(storedName(deps.instance, key.namespace, issued.secretName));
  return (secret && parseSecretValue(secret.value)?.caPem) ?? topmostOf(deps, served);
}

/** An ACME chain ends with an intermediate: the root is what clients bring. */
async function topmostOf({ state }: Deps, { key, issued }: Served): Promise<string | undefined> {
  const item = await state.chain({ namespace: key.namespace, name: key.name, attemptId: issued.attemptId });
  const topmost = item && certificatesOf(item.chain).at(-1);
  return topmost && new X509Certificate(topmost.raw).ca ? topmost.toString() : undefined;
}

function notFound(message: string, fix: string): RefusedError {
  return new RefusedError({ reason: "SourceNotFound", message, fix });
}
