import { type Condition, condition } from "../status.ts";
import type { Failure } from "./failure.ts";
import type { MirrorRow, ReloadRow, TargetStatus } from "./rows.ts";

/** How a mirror's row changes. All pure; dueAt stays only where there is a next try. */

type Written = NonNullable<MirrorRow["written"]>;

export function synced(row: MirrorRow, written: Written, now: Date): MirrorRow {
  const { dueAt: _due, failures: _failures, behindSince: _behind, ...rest } = row;
  const message = `revision ${written.revision} is in Secret ${written.namespace}/${written.name}`;
  return { ...rest, written, synced: said(row, { status: "True", reason: "Synced", message }, now) };
}

/** Only the cluster's next drift check looks again. */
export function drifted(row: MirrorRow, fields: string, now: Date): MirrorRow {
  const { dueAt: _due, failures: _failures, ...rest } = row;
  const at = row.written && `Secret ${row.written.namespace}/${row.written.name}`;
  const message = `${at} was changed: ${fields}; the Cluster's mode is report, so it stays as it is`;
  return { ...rest, synced: said(row, { status: "False", reason: "Drifted", message }, now) };
}

export function failed(row: MirrorRow, { reason, message, failures, retryAt }: Failure, now: Date): MirrorRow {
  const behindSince = row.behindSince ?? Math.min(row.dueAt ?? now.getTime(), now.getTime());
  const synced = said(row, { status: "False", reason, message }, now);
  return { ...row, failures, dueAt: retryAt, behindSince, synced };
}

/** Not allowed there: nothing is tried until the Certificate or the Cluster changes. */
export function withheld(row: MirrorRow, why: { reason: string; message: string; fix: string }, now: Date): MirrorRow {
  const { dueAt: _due, failures: _failures, behindSince: _behind, written: _written, ...rest } = row;
  const message = `${why.message}; ${why.fix}`;
  return { ...rest, synced: said(row, { status: "False", reason: why.reason, message }, now) };
}

/** Nothing to do for now; what was said stays. */
export function settledAsItIs(row: MirrorRow): MirrorRow {
  const { dueAt: _due, ...rest } = row;
  return rest;
}

/** Its first certificate is on its way, and slow. */
export function later(row: MirrorRow, now: Date): MirrorRow {
  return { ...row, dueAt: now.getTime() + 60_000 };
}

/** The cluster does not answer: it stays due, and is no failure of its own. */
export function unseen(row: MirrorRow, why: { reason: string; message: string }, now: Date): MirrorRow {
  const behindSince = row.behindSince ?? Math.min(row.dueAt ?? now.getTime(), now.getTime());
  return { ...row, behindSince, synced: said(row, { status: "Unknown", ...why }, now) };
}

/** What the Certificate's owner reads; undefined while there is nothing to say. */
export function targetOf(row: MirrorRow, reload: ReloadRow | undefined): TargetStatus | undefined {
  const { certificate, cluster, written, synced, dueAt } = row;
  if (!synced) return undefined;
  return {
    certificate,
    cluster,
    ...(written ? { secret: `${written.namespace}/${written.name}`, revision: written.revision } : {}),
    synced,
    ...(reload?.reloaded ? { reloaded: reload.reloaded } : {}),
    ...(synced.status === "False" && dueAt !== undefined ? { nextTryAt: dueAt } : {}),
  };
}

function said(row: MirrorRow, next: Pick<Condition, "status" | "reason" | "message">, now: Date): Condition {
  return condition(row.synced, { type: "Synced", ...next }, now);
}
