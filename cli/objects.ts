import * as dnsAdapters from "../adapters/dns/index.ts";
import { annotationNames } from "../core/annotations.ts";
import { refOf } from "../core/attempt-ref.ts";
import { concurrently } from "../core/concurrently.ts";
import type { BundleRow, ClusterRow } from "../core/kubernetes/rows.ts";
import type { Requests, StoredRequest } from "../core/ports.ts";
import { parseRequest } from "../core/request.ts";
import { clusterNamespace, idOf, isClusterScoped, type Kind, type ResourceKey } from "../core/resource.ts";
import type { AttemptRow, CertificateRow, ChainItem, IssuerRow } from "../core/rows.ts";
import { asWritten, type Written } from "./as-written.ts";
import { Failure } from "./failure.ts";
import { inNamespace, keyIn, printedKey } from "./kinds.ts";
import type { Installation } from "./verb.ts";

const readsAtOnce = 10;

/** The annotation by which `renew` asks. */
export const renewAnnotation = annotationNames.renewRequestedAt;

/** A request and what State says of it. */
export interface Seen {
  key: ResourceKey;
  written: Written;
  specHash: string;
  /** Of a CertificateRequest, too. Absent until State has decided for the first time. */
  certificate?: CertificateRow;
  issuer?: IssuerRow;
  cluster?: ClusterRow;
  bundle?: BundleRow;
  /** The attempt in hand. */
  attempt?: AttemptRow;
  /** The result of a CertificateRequest; only where it was asked for (withResults). */
  result?: ChainItem;
}

/** The same objects, CertificateRequests with their certificates. */
export function withResults({ state }: Installation, objects: Seen[]): Promise<Seen[]> {
  return concurrently(readsAtOnce, objects, async (seen) => {
    const signed = seen.certificate?.own?.signed;
    const result = signed && (await state.chain(refOf(seen.key, signed.attemptId)));
    return result ? { ...seen, result } : seen;
  });
}

/** What State says of an object, whatever its kind. */
export function rowOf(seen: Seen): CertificateRow | IssuerRow | ClusterRow | BundleRow | undefined {
  return seen.certificate ?? seen.issuer ?? seen.cluster ?? seen.bundle;
}

/** Where to look: one namespace, or all. */
export interface Scope {
  namespace: string;
  all: boolean;
}

/** The scope that -n and -A name. */
export function scopeOf(values: { namespace?: string; "all-namespaces"?: boolean }): Scope {
  return { namespace: values.namespace ?? "default", all: values["all-namespaces"] ?? false };
}

/** The objects of a kind, ordered by namespace and name. */
export async function listObjects(installation: Installation, kind: Kind, scope: Scope): Promise<Seen[]> {
  const stored = await storedOf(installation.requests, kind, scope);
  stored.sort((a, b) => compare(a.key.namespace, b.key.namespace) || compare(a.key.name, b.key.name));
  return withState(installation, stored);
}

/** The object of that name. Throws Failure when nobody asked for one. */
export async function oneObject(
  installation: Installation,
  target: { kind: Kind; name: string },
  namespace: string,
): Promise<Seen> {
  const key = keyIn(namespace, target.kind, target.name);
  const seen = await findObject(installation, key);
  if (!seen) throw notFound(key);
  return seen;
}

/** The object of that key, or undefined when nobody asks for one. */
export async function findObject(installation: Installation, key: ResourceKey): Promise<Seen | undefined> {
  const stored = await installation.requests.get(key);
  return stored && (await withState(installation, [stored]))[0];
}

/** The failure of an object that is not there. */
export function notFound(key: ResourceKey): Failure {
  return new Failure(`${printedKey(key)} not found${inNamespace(key)}`);
}

/** Whether State has decided on what the request says now. */
export function isDecided(seen: Seen): boolean {
  const row = rowOf(seen);
  if (!row || row.deletedAt !== undefined || row.specHash !== seen.specHash) return false;
  const asked = seen.written.annotations[renewAnnotation];
  const { certificate } = seen;
  if (certificate === undefined || asked === undefined || asked === certificate.renewRequestedAt) return true;
  // A renewal that waits for its issuer, or for room in a limit, is decided on; it is not acted on yet.
  const { waitsForIssuer = false, attempt, issuing } = certificate;
  return waitsForIssuer || (attempt === undefined && issuing?.reason === "RateLimited");
}

async function storedOf(requests: Requests, kind: Kind, scope: Scope): Promise<StoredRequest[]> {
  if (isClusterScoped(kind)) return requests.list(clusterNamespace, kind);
  if (!scope.all) return requests.list(scope.namespace, kind);
  const found: StoredRequest[] = [];
  for await (const page of requests.scan()) found.push(...page.requests.filter(({ key }) => key.kind === kind));
  return found;
}

async function withState({ state }: Installation, stored: StoredRequest[]): Promise<Seen[]> {
  const rows = await rowsOf(
    state,
    stored.map(({ key }) => key),
  );
  const refs = [...rows.values()].flatMap(({ certificate }) => {
    const attemptId = certificate?.attempt?.id;
    return certificate && attemptId !== undefined ? [refOf(certificate.key, attemptId)] : [];
  });
  const attempts = refs.length === 0 ? new Map<string, AttemptRow>() : await state.attempts(refs);
  return stored.map((request) => {
    const { key } = request;
    const row = rows.get(idOf(key)) ?? {};
    const attempt = row.certificate?.attempt && attempts.get(row.certificate.attempt.id);
    return {
      key,
      written: asWritten(request),
      specHash: specHashOf(request),
      ...row,
      ...(attempt ? { attempt } : {}),
    };
  });
}

type Row = Pick<Seen, "certificate" | "issuer" | "cluster" | "bundle">;

/** By idOf(key); an object without a row, or with a tombstone, is not in the map. */
async function rowsOf(state: Installation["state"], keys: ResourceKey[]): Promise<Map<string, Row>> {
  const of = (...kinds: Kind[]) => keys.filter(({ kind }) => kinds.includes(kind));
  const [certificates, issuers, clusters, bundles] = await Promise.all([
    state.certificates(of("Certificate", "CertificateRequest")),
    state.issuers(of("Issuer", "ClusterIssuer")),
    concurrently(readsAtOnce, of("Cluster"), (key) => state.cluster(key)),
    concurrently(readsAtOnce, of("Bundle"), (key) => state.bundle(key)),
  ]);
  const rows = new Map<string, Row>();
  for (const row of certificates.values()) if (isAlive(row)) rows.set(idOf(row.key), { certificate: row });
  for (const row of issuers.values()) if (isAlive(row)) rows.set(idOf(row.key), { issuer: row });
  for (const row of clusters) if (row && isAlive(row)) rows.set(idOf(row.key), { cluster: row });
  for (const row of bundles) if (row && isAlive(row)) rows.set(idOf(row.key), { bundle: row });
  return rows;
}

/** A tombstone says nothing about an object that was made anew. */
function isAlive(row: { deletedAt?: number }): boolean {
  return row.deletedAt === undefined;
}

function specHashOf(stored: StoredRequest): string {
  const parsed = parseRequest(stored, dnsAdapters);
  return parsed.ok ? parsed.resource.specHash : parsed.specHash;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
