import * as dnsAdapters from "../adapters/dns/index.ts";
import { annotationNames } from "../core/annotations.ts";
import type { Requests, StoredRequest } from "../core/ports.ts";
import { parseRequest } from "../core/request.ts";
import { clusterNamespace, idOf, type Kind, type ResourceKey } from "../core/resource.ts";
import type { AttemptRow, CertificateRow, IssuerRow } from "../core/rows.ts";
import { asWritten, type Written } from "./as-written.ts";
import { Failure } from "./failure.ts";
import { inNamespace, keyIn, printedKey } from "./kinds.ts";
import type { Installation } from "./verb.ts";

/** The annotation by which `renew` asks. */
export const renewAnnotation = annotationNames.renewRequestedAt;

/** A request and what State says of it. */
export interface Seen {
  key: ResourceKey;
  written: Written;
  specHash: string;
  /** Absent until State has decided for the first time. */
  certificate?: CertificateRow;
  issuer?: IssuerRow;
  /** The attempt in hand. */
  attempt?: AttemptRow;
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
  const row = seen.certificate ?? seen.issuer;
  if (!row || row.deletedAt !== undefined || row.specHash !== seen.specHash) return false;
  const asked = seen.written.annotations[renewAnnotation];
  const { certificate } = seen;
  if (certificate === undefined || asked === undefined || asked === certificate.renewRequestedAt) return true;
  // A renewal that waits for its issuer, or for room in a limit, is decided on; it is not acted on yet.
  const { waitsForIssuer = false, attempt, issuing } = certificate;
  return waitsForIssuer || (attempt === undefined && issuing?.reason === "RateLimited");
}

async function storedOf(requests: Requests, kind: Kind, scope: Scope): Promise<StoredRequest[]> {
  if (kind === "ClusterIssuer") return requests.list(clusterNamespace, kind);
  if (!scope.all) return requests.list(scope.namespace, kind);
  const found: StoredRequest[] = [];
  for await (const page of requests.scan()) found.push(...page.requests.filter(({ key }) => key.kind === kind));
  return found;
}

async function withState({ state }: Installation, stored: StoredRequest[]): Promise<Seen[]> {
  const keys = stored.map(({ key }) => key);
  const certificates = await state.certificates(keys.filter(({ kind }) => kind === "Certificate"));
  const issuers = await state.issuers(keys.filter(({ kind }) => kind !== "Certificate"));
  const refs = [...certificates.values()].flatMap(({ key, attempt }) =>
    attempt ? [{ namespace: key.namespace, name: key.name, attemptId: attempt.id }] : [],
  );
  const attempts = refs.length === 0 ? new Map<string, AttemptRow>() : await state.attempts(refs);
  return stored.map((request) => {
    const { key } = request;
    const certificate = alive(certificates.get(idOf(key)));
    const issuer = alive(issuers.get(idOf(key)));
    const attempt = certificate?.attempt && attempts.get(certificate.attempt.id);
    return {
      key,
      written: asWritten(request),
      specHash: specHashOf(request),
      ...(certificate ? { certificate } : {}),
      ...(issuer ? { issuer } : {}),
      ...(attempt ? { attempt } : {}),
    };
  });
}

/** A tombstone says nothing about an object that was made anew. */
function alive<Row extends { deletedAt?: number }>(row: Row | undefined): Row | undefined {
  return row?.deletedAt === undefined ? row : undefined;
}

function specHashOf(stored: StoredRequest): string {
  const parsed = parseRequest(stored, dnsAdapters);
  return parsed.ok ? parsed.resource.specHash : parsed.specHash;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
