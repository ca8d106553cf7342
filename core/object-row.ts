import type { ResourceKey } from "./resource.ts";
import { rowSchema } from "./rows.ts";
import { type Condition, condition } from "./status.ts";

/** What the rows of all objects that are checked against their spec have alike. */
interface ObjectRow {
  key: ResourceKey;
  schema: number;
  version: number;
  generation: number;
  specHash: string;
  ready: Condition;
  deletedAt?: number;
  expiresAt?: number;
}

const unknown: Condition = {
  type: "Ready",
  status: "Unknown",
  reason: "Pending",
  message: "",
  lastTransitionTime: "",
};

/** The row at the generation of this spec: a new one, one that comes back to life, or one further when the spec has changed. */
export function atGeneration<Row extends ObjectRow>(
  key: ResourceKey,
  row: Row | undefined,
  specHash: string,
): Row | ObjectRow {
  const fresh: ObjectRow = { key, schema: rowSchema, version: 0, generation: 0, specHash: "", ready: unknown };
  const { deletedAt: _deletedAt, expiresAt: _expiresAt, ...kept } = row ?? fresh;
  return kept.specHash === specHash ? kept : { ...kept, specHash, generation: kept.generation + 1 };
}

/** The Ready condition of a row at its generation. */
export function readyCondition(
  row: Pick<ObjectRow, "ready" | "generation">,
  said: Pick<Condition, "status" | "reason" | "message">,
  now: Date,
): Condition {
  return condition(row.ready, { type: "Ready", ...said, observedGeneration: row.generation }, now);
}
