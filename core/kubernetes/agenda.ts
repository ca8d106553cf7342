import type { MirrorRow } from "./rows.ts";
import { idOfCertificate, type Partition } from "./run.ts";

/** One thing to look at; `look`: something may have changed, so not only whether somebody touched it. */
export type Item =
  | { what: "mirror"; id: string; look: boolean }
  | { what: "reload"; id: string }
  | { what: "bundle"; id: string };

/** What a chunk of work is made of. */
export interface Agenda {
  items: Item[];
  /** Those that a drift check looks at, in its order, and whether they are the last ones. */
  checked: Item[];
  isWholeCheck: boolean;
}

interface When {
  now: number;
  /** So many items at most. */
  limit: number;
  /** A drift check is to be made, or goes on after this one. */
  drift: { after: string | undefined } | undefined;
}

/** What is due, oldest first and what failed before last, then the drift check. */
export function agendaOf(partition: Partition, { now, limit, drift }: When): Agenda {
  const due = dueItems(partition, now).slice(0, limit);
  const taken = new Set(due.map(nameOf));
  const rest = drift ? driftItems(partition, drift.after).filter((item) => !taken.has(nameOf(item))) : [];
  const checked = rest.slice(0, limit - due.length);
  return { items: [...due, ...checked], checked, isWholeCheck: checked.length === rest.length };
}

/** Where a drift check stands once these were looked at, or some of them; undefined: it is over. */
export function progressOf({ checked, isWholeCheck }: Agenda, { visited }: Partition, after: string | undefined) {
  const open = checked.findIndex((item) => !visited.has(nameOf(item)));
  if (open < 0 && isWholeCheck) return undefined;
  const last = checked.at(open < 0 ? -1 : open - 1);
  return (open === 0 ? undefined : last && nameOf(last)) ?? after ?? "";
}

/** All that lies in a cluster that is left, but for what waits for a retry. */
export function allItems(partition: Partition, { now, limit }: When): Agenda {
  const due = ({ dueAt, failures = 0 }: { dueAt?: number; failures?: number }) => failures === 0 || (dueAt ?? 0) <= now;
  const all: Item[] = [
    ...[...partition.bundles].filter(([, row]) => due(row)).map(([id]): Item => ({ what: "bundle", id })),
    ...[...partition.mirrors].filter(([, row]) => due(row)).map(([id]): Item => ({ what: "mirror", id, look: true })),
  ];
  const open = all.filter((item) => !partition.visited.has(nameOf(item)));
  return { items: open.slice(0, limit), checked: [], isWholeCheck: false };
}

/** `mirror/<namespace>/<name>`, `bundle/<name>`: what a drift check goes by. */
export function nameOf({ what, id }: Item): string {
  return `${what}/${id}`;
}

/** The mirrors that are due, for which the cluster has to be asked. */
export function dueMirrors({ mirrors }: Partition, now: number): MirrorRow[] {
  return [...mirrors.values()].filter(({ dueAt = Number.POSITIVE_INFINITY }) => dueAt <= now);
}

function dueItems({ mirrors, reloads, bundles, visited }: Partition, now: number): Item[] {
  const found: { item: Item; dueAt: number; failures: number }[] = [];
  const add = (item: Item, { dueAt, failures = 0 }: { dueAt?: number; failures?: number }) => {
    if (dueAt !== undefined && dueAt <= now && !visited.has(nameOf(item))) found.push({ item, dueAt, failures });
  };
  for (const [id, row] of mirrors) add({ what: "mirror", id, look: true }, row);
  for (const [id, row] of reloads) add({ what: "reload", id }, row);
  for (const [id, row] of bundles) add({ what: "bundle", id }, row);
  const rank = (failures: number) => Math.min(failures, 1);
  found.sort((a, b) => rank(a.failures) - rank(b.failures) || a.dueAt - b.dueAt);
  return found.map(({ item }) => item);
}

/** All that no retry of its own will look at. */
function driftItems({ mirrors, bundles, visited }: Partition, after = ""): Item[] {
  const waits = ({ dueAt, failures = 0 }: { dueAt?: number; failures?: number }) => dueAt !== undefined && failures > 0;
  const all: Item[] = [
    ...[...bundles].filter(([, row]) => !waits(row)).map(([id]): Item => ({ what: "bundle", id })),
    ...[...mirrors.values()]
      .filter((row) => !waits(row))
      .map(({ certificate }): Item => ({ what: "mirror", id: idOfCertificate(certificate), look: false })),
  ];
  return all
    .filter((item) => nameOf(item) > after && !visited.has(nameOf(item)))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}
