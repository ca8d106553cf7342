import { clusterNamespace } from "../core/resource.ts";
import type { EventRow } from "../core/rows.ts";
import type { Condition } from "../core/status.ts";
import { fromNow, span } from "./durations.ts";
import { rowOf, type Seen } from "./objects.ts";
import { styleOfReadiness } from "./summary.ts";
import { type Cell, fields, table } from "./table.ts";

/** Name, namespace, labels ...: what every object begins with; then what its kind adds. */
export function headPart(seen: Seen, more: [string, string | undefined][]): string {
  const { key, written, specHash } = seen;
  const row = rowOf(seen);
  const current = row?.specHash === specHash ? "" : " (the object has changed since)";
  return fields([
    ["Name", key.name],
    ["Namespace", key.namespace === clusterNamespace ? undefined : key.namespace],
    ["Kind", key.kind],
    ["API Version", written.apiVersion],
    ["Labels", pairs(written.labels)],
    ["Annotations", pairs(written.annotations)],
    ["Generation", row ? `${row.generation}${current}` : "<not decided on yet>"],
    ...more,
  ]);
}

/** The conditions as a table. */
export function conditionsPart(conditions: (Condition | undefined)[], now: number, colour: boolean): string {
  const rows = conditions
    .filter((condition) => condition !== undefined)
    .map(({ type, status, reason, message, lastTransitionTime }): Cell[] => [
      type,
      type === "Ready" ? statusCell(status) : status,
      reason,
      span(now - Date.parse(lastTransitionTime)),
      message,
    ]);
  return part("Conditions", rows, ["TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"], colour);
}

/** The events, oldest first, as they were told. */
export function eventsPart(events: EventRow[], now: number, colour: boolean): string {
  const rows = [...events]
    .reverse()
    .map(({ at, type, reason, message, attemptId }): Cell[] => [
      span(now - at),
      type === "Warning" ? { text: type, style: "yellow" } : type,
      reason,
      attemptId ? shortId(attemptId) : "-",
      message,
    ]);
  return part("Events", rows, ["AGE", "TYPE", "REASON", "ATTEMPT", "MESSAGE"], colour);
}

/** A table under its title, or `<none>`. */
export function part(title: string, rows: Cell[][], header: string[], colour: boolean): string {
  if (rows.length === 0) return `${title}:  <none>`;
  return `${title}:\n${table(header, rows, { colour, indent: "  " })}`;
}

/** The status of a condition, coloured as readiness is. */
export function statusCell(status: Condition["status"]): Cell {
  return { text: status, style: styleOfReadiness(status) };
}

/** When something is due (epoch milliseconds): `in 5m`, `now`, or `-` when nothing is planned. */
export function dueCell(dueAt: number | undefined, now: number): string {
  if (dueAt === undefined) return "-";
  return dueAt <= now ? "now" : fromNow(dueAt, now);
}

/** Reason, since when, next try, message: how a table tells of something that is done again until it is right. */
export function triedCells(condition: Condition | undefined, now: number, dueAt: number | undefined): Cell[] {
  if (!condition) return ["Pending", "-", dueCell(dueAt, now), "not tried yet"];
  const since = span(now - Date.parse(condition.lastTransitionTime));
  return [condition.reason, since, dueCell(dueAt, now), condition.message];
}

/** The first block of a UUID: enough to tell ten attempts apart. */
export function shortId(id: string): string {
  return id.split("-")[0] ?? id;
}

function pairs(map: Record<string, string>): string {
  const lines = Object.keys(map)
    .sort()
    .map((key) => `${key}=${map[key]}`);
  return lines.join("\n") || "<none>";
}
