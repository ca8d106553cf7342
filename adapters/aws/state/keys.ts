import { createHash } from "node:crypto";
import { keyOf } from "../../../core/attempt-ref.ts";
import type { TxtRecord } from "../../../core/ports.ts";
import type { ResourceKey } from "../../../core/resource.ts";
import { answerNamespace, resourceOf, systemNamespace } from "../../../core/resource.ts";
import type { AttemptRef, Lane } from "../../../core/rows.ts";
import { dueShards } from "../../../core/tables.ts";
import type { ItemKey } from "../dynamo/expressions.ts";

/** Where a Certificate's or an issuer's row lies. */
export function rowKey(key: ResourceKey): ItemKey {
  return { namespace: key.namespace, resource: resourceOf(key) };
}

/** What the sort keys of a Certificate's attempts and the items beside them begin with. */
export function attemptPrefix(certificate: { kind: string; name: string }): string {
  return `${resourceOf(certificate)}#attempt#`;
}

/** Where an attempt's row lies, or the item beside it. */
export function attemptKey(ref: AttemptRef, beside?: "csr" | "challenges" | "chain"): ItemKey {
  const row = `${attemptPrefix(keyOf(ref))}${ref.attemptId}`;
  return { namespace: ref.namespace, resource: beside ? `${row}#${beside}` : row };
}

/** The attempt a key names, of its row or of an item beside it; undefined for any other key. */
export function attemptRef({ namespace, resource }: ItemKey): AttemptRef | undefined {
  const [, kind, name, attemptId] = /^(Certificate|CertificateRequest)\/([^#]+)#attempt#([^#]+)/.exec(resource) ?? [];
  return name && attemptId
    ? { namespace, ...(kind === "CertificateRequest" ? { kind } : {}), name, attemptId }
    : undefined;
}

/** Where an attempt's sealed private key lies. */
export function sealedKeyKey(ref: AttemptRef): ItemKey {
  return { namespace: systemNamespace, resource: `key#${ref.namespace}/${ref.name}#${ref.attemptId}` };
}

/** The attempt whose sealed private key lies there. */
export function attemptIdOfKey({ resource }: ItemKey): string {
  return resource.slice(resource.lastIndexOf("#") + 1);
}

/** What the sort keys of a Certificate's revocations begin with. */
export function revocationPrefix(certificate: { kind: string; name: string }): string {
  return `${resourceOf(certificate)}#revocation#`;
}

/** Where the revocation of what an attempt made lies. */
export function revocationKey(ref: AttemptRef): ItemKey {
  const prefix = revocationPrefix({ kind: "Certificate", name: ref.name });
  return { namespace: ref.namespace, resource: `${prefix}${ref.attemptId}` };
}

/** The attempt whose revocation a key names; undefined for any other key. */
export function revocationRef({ namespace, resource }: ItemKey): AttemptRef | undefined {
  const [, name, attemptId] = /^Certificate\/([^#]+)#revocation#([^#]+)$/.exec(resource) ?? [];
  return name && attemptId ? { namespace, name, attemptId } : undefined;
}

/** Where a key is listed that must not be used again. */
export function blockedKeyKey(publicKeyHash: string): ItemKey {
  return { namespace: systemNamespace, resource: `blocked-key#${publicKeyHash}` };
}

/** Where the attempts that need a TXT value are listed. */
export function recordKey(record: TxtRecord): ItemKey {
  return { namespace: systemNamespace, resource: `txt#${record.name}#${record.value}` };
}

/** Where the answer to an HTTP01 challenge lies. */
export function answerKey(token: string): ItemKey {
  return { namespace: answerNamespace, resource: `answer#${token}` };
}

const ledgerPrefix = "ledger#";

/** Where a token bucket lies. */
export function bucketKey(key: string): ItemKey {
  return { namespace: systemNamespace, resource: `${ledgerPrefix}${key}` };
}

/** The bucket that lies there. */
export function bucketOf({ resource }: ItemKey): string {
  return resource.slice(ledgerPrefix.length);
}

/** `renew#0` to `new#7`: the partition of the due index, the same for ever for one key. */
export function dueLane(lane: Lane, { namespace, resource }: ItemKey): string {
  const hash = createHash("sha256").update(`${namespace}/${resource}`).digest();
  return `${lane}#${hash.readUInt8() % dueShards}`;
}
