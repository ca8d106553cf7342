import type { ResourceKey } from "../../../core/resource.ts";
import { idOf, parseKey } from "../../../core/resource.ts";
import type { AttemptRow, CertificateRow, IssuerRow } from "../../../core/rows.ts";
import type { Condition } from "../../../core/status.ts";
import type { Item, ItemKey } from "../dynamo/expressions.ts";
import { keysIn } from "../dynamo/expressions.ts";
import { attemptKey, attemptRef, dueLane, rowKey } from "./keys.ts";
import { attemptRow, certificateRow, issuerRow, parsed } from "./schemas.ts";

/**
 * The item of a Certificate, one version further: its key only as table keys, conditions without their type, and the
 * validity on top, where the due index can project it.
 */
export function toCertificateItem(row: CertificateRow): Item & ItemKey {
  const { key, ready, issuing, issued, ...rest } = row;
  const { notBefore, notAfter, ...certificate } = issued ?? {};
  return {
    ...rowKey(key),
    ...rest,
    version: row.version + 1,
    ready: withoutType(ready),
    issuing: issuing && withoutType(issuing),
    issued: issued && certificate,
    notBefore,
    notAfter,
    ...whenDue(row, rowKey(key)),
    ...inIssuerIndex(row, row.issuer ?? noIssuer, row.issuer && row.waitsForIssuer ? waitingPrefix : "using#"),
  };
}

/** The row of a Certificate's item. */
export function fromCertificateItem(item: Item): CertificateRow {
  const { namespace, resource, dueLane, issuer, issuerSort, notBefore, notAfter, ready, issuing, issued, ...rest } =
    item;
  const row = {
    ...rest,
    ...keyOf(item),
    ...(issuer !== undefined && issuer !== noIssuer && { issuer }),
    ready: withType("Ready", ready),
    ...(issuing !== undefined && { issuing: withType("Issuing", issuing) }),
    ...(isMap(issued) && { issued: { ...issued, notBefore, notAfter } }),
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
    ready: withoutType(ready),
    ...whenDue(row, rowKey(key)),
    ...inIssuerIndex(row, idOf(key), "self#"),
  };
}

/** The row of an issuer's item. */
export function fromIssuerItem(item: Item): IssuerRow {
  const { namespace, resource, dueLane, issuer, issuerSort, ready, ...rest } = item;
  return parsed(issuerRow, { ...rest, ...keyOf(item), ready: withType("Ready", ready) }, item);
}

/** The item of an attempt; only one that has records is in the due index. */
export function toAttemptItem(row: AttemptRow): Item & ItemKey {
  const { ref, ...rest } = row;
  const key = attemptKey(ref);
  return { ...key, ...rest, ...(row.hasRecords ? whenDue(row, key) : {}) };
}

/** The row of an attempt's item. */
export function fromAttemptItem(item: Item): AttemptRow {
  const { namespace, resource, dueLane, ...rest } = item;
  return parsed(attemptRow, { ...rest, ref: attemptRef(keysIn(item)) }, item);
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

function withoutType({ type, ...rest }: Condition): Omit<Condition, "type"> {
  return rest;
}

function withType(type: Condition["type"], value: unknown): unknown {
  return isMap(value) ? { ...value, type } : value;
}

function isMap(value: unknown): value is Item {
  return typeof value === "object" && value !== null;
}
