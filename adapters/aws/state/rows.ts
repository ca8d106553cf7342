import type { ResourceKey } from "../../../core/resource.ts";
import { idOf, parseKey } from "../../../core/resource.ts";
import type { AttemptRow, CertificateRow, IssuerRow } from "../../../core/rows.ts";
import type { Item, ItemKey } from "../dynamo/expressions.ts";
import { keysIn } from "../dynamo/expressions.ts";
import {
  fromStoredAttempt,
  fromStoredCondition,
  fromStoredIssued,
  toStoredAttempt,
  toStoredCondition,
  toStoredIssued,
} from "./compact.ts";
import { attemptKey, attemptRef, dueLane, rowKey } from "./keys.ts";
import { attemptRow, certificateRow, issuerRow, parsed } from "./schemas.ts";

/**
 * The item of a Certificate, one version further: its key only as table keys, the validity on top, where the due index
 * can project it, and the rest as state/compact.ts says.
 */
export function toCertificateItem(row: CertificateRow): Item & ItemKey {
  const { key, ready, issuing, issued, attempt, ...rest } = row;
  return {
    ...rowKey(key),
    ...rest,
    version: row.version + 1,
    ready: toStoredCondition(ready, row.generation),
    issuing: issuing && toStoredCondition(issuing, row.generation),
    issued: issued && toStoredIssued(issued),
    notBefore: issued?.notBefore,
    notAfter: issued?.notAfter,
    attempt: attempt && toStoredAttempt(attempt),
    ...whenDue(row, rowKey(key)),
    ...inIssuerIndex(row, row.issuer ?? noIssuer, row.issuer && row.waitsForIssuer ? waitingPrefix : "using#"),
  };
}

/** The row of a Certificate's item. */
export function fromCertificateItem(item: Item): CertificateRow {
  const { ready, issuing, issuer, issued, notBefore, notAfter, attempt, ...rest } = withoutKeys(item);
  const row = {
    ...rest,
    ...keyOf(item),
    ready: fromStoredCondition("Ready", ready, item.generation),
    ...(issuing !== undefined && { issuing: fromStoredCondition("Issuing", issuing, item.generation) }),
    ...(issuer !== undefined && issuer !== noIssuer && { issuer }),
    ...(issued !== undefined && { issued: fromStoredIssued(issued, notBefore, notAfter) }),
    ...(attempt !== undefined && { attempt: fromStoredAttempt(attempt) }),
  };
  return parsed(certificateRow, row, item);
}

/** The item of an issuer, one version further. */
export function toIssuerItem(row: IssuerRow): Item & ItemKey {
  const { key, ready, ...rest } = row;
  return {
    ...rowKey(key),
    ...rest,
    version: row.version + 1,
    ready: toStoredCondition(ready, row.generation),
    ...whenDue(row, rowKey(key)),
    ...inIssuerIndex(row, idOf(key), "self#"),
  };
}

/** The row of an issuer's item. */
export function fromIssuerItem(item: Item): IssuerRow {
  const { ready, issuer, ...rest } = withoutKeys(item);
  const row = { ...rest, ...keyOf(item), ready: fromStoredCondition("Ready", ready, item.generation) };
  return parsed(issuerRow, row, item);
}

/** The item of an attempt; only one that has records is in the due index. */
export function toAttemptItem(row: AttemptRow): Item & ItemKey {
  const { ref, ...rest } = row;
  const key = attemptKey(ref);
  return { ...key, ...rest, ...(row.hasRecords ? whenDue(row, key) : {}) };
}

/** The row of an attempt's item. */
export function fromAttemptItem(item: Item): AttemptRow {
  return parsed(attemptRow, { ...withoutKeys(item), ref: attemptRef(keysIn(item)) }, item);
}

/** The resource an item's key names; undefined for attempts, events and kinds of a later release. */
export function namedBy({ namespace, resource }: ItemKey): ResourceKey | undefined {
  return parseKey(namespace, resource);
}

/** What the sort keys of Certificates that wait for their issuer begin with, in the index byIssuer. */
export const waitingPrefix = "waiting#";

/** The partition of Certificates that name no issuer: the index holds every live row, so that resync scans only it. */
const noIssuer = "-";

function inIssuerIndex({ key, deletedAt }: CertificateRow | IssuerRow, issuer: string, prefix: string) {
  if (deletedAt !== undefined) return { issuer };
  return { issuer, issuerSort: `${prefix}${key.namespace}/${key.name}` };
}

function whenDue(row: Pick<CertificateRow, "dueAt" | "lane">, key: ItemKey) {
  return { dueLane: row.dueAt === undefined ? undefined : dueLane(row.lane ?? "new", key) };
}

function keyOf(item: Item): { key: ResourceKey | undefined } {
  return { key: namedBy(keysIn(item)) };
}

function withoutKeys({ namespace, resource, dueLane, issuerSort, ...rest }: Item): Item {
  return rest;
}
