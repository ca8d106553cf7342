import { createHash } from "node:crypto";
import type { State } from "../../../core/ports.ts";
import { resourceOf } from "../../../core/resource.ts";
import type { EventRow } from "../../../core/rows.ts";
import type { Table } from "../dynamo/table.ts";
import { eventItem } from "./beside-schemas.ts";
import { parsed } from "./schemas.ts";

const keptSeconds = 30 * 86_400;

/** What happened to a resource, told for 30 days. */
export function eventRows(table: Table): Pick<State, "addEvent" | "events"> {
  return {
    addEvent: async ({ key, ...event }) => {
      const resource = `${resourceOf(key)}#event#${sortKey(event)}`;
      const expiresAt = Math.floor(event.at / 1_000) + keptSeconds;
      await table.put({ namespace: key.namespace, resource, ...event, expiresAt });
    },
    events: async (key, limit) => {
      const where = {
        text: "#namespace = :namespace AND begins_with(#resource, :prefix)",
        values: { namespace: key.namespace, prefix: `${resourceOf(key)}#event#` },
      };
      const events: EventRow[] = [];
      for await (const page of table.query({ where, descending: true, pageSize: limit })) {
        events.push(...page.map((item) => ({ key, ...parsed(eventItem, item, item) })));
        if (events.length >= limit) break;
      }
      return events.slice(0, limit);
    },
  };
}

/** The time, then a hash that tells two events of one millisecond apart and lets a repeated one fall on itself. */
function sortKey({ at, type, reason, message, attemptId }: Omit<EventRow, "key">): string {
  const content = JSON.stringify([type, reason, message, attemptId]);
  return `${new Date(at).toISOString()}#${createHash("sha256").update(content).digest("hex").slice(0, 8)}`;
}
