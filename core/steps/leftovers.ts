import type { AttemptRow } from "../rows.ts";

/** When the sweep first asks whether an attempt's key and records are still needed. */
const leftoversMs = 60 * 60_000;

/** Said of an attempt before it seals a key: from now (epoch ms) on there may be something to clean up. */
export function leftoversFrom(now: number): Required<Pick<AttemptRow, "hasRecords" | "dueAt">> {
  return { hasRecords: true, dueAt: now + leftoversMs };
}
