import type { Call } from "./calls.ts";
import type { Reply, Request } from "./proxy.ts";

/** Capacity units of one call, and its answer without the sign that we asked for them. */
export interface Units {
  read: number;
  write: number;
  stripped: Reply;
}

/**
 * The request with ReturnConsumedCapacity set; undefined when it is set already or the action has none, and for a session's
 * request: only under AUTH do functions sign as one, and there the emulator checks the signature.
 */
export function askForUnits(request: Request, action: string): { request: Request } | undefined {
  if (!(reads.has(action) || writes.has(action)) || "x-amz-security-token" in request.headers) return undefined;
  const body = JSON.parse(request.body.toString("utf8")) as Record<string, unknown>;
  if (body.ReturnConsumedCapacity !== undefined) return undefined;
  return { request: { ...request, body: Buffer.from(JSON.stringify({ ...body, ReturnConsumedCapacity: "TOTAL" })) } };
}

/**
 * What the answer says was consumed. A refused condition is charged too (as on AWS), which the answer does not say:
 * one unit for a row of at most 1 KB, two for each row of a transaction.
 */
export function takeUnits(reply: Reply, action: string): Units {
  const answer = parse(reply);
  const { ConsumedCapacity: consumed, ...rest } = answer;
  const { "x-amz-crc32": _, ...headers } = reply.headers;
  const stripped = consumed === undefined ? reply : { ...reply, headers, body: Buffer.from(JSON.stringify(rest)) };
  const units = [consumed ?? []].flat().reduce((sum: number, each) => sum + unitsOf(each), 0) + refusedUnits(answer);
  return writes.has(action) ? { read: 0, write: units, stripped } : { read: units, write: 0, stripped };
}

/** Notes the units on the call; zero is left out. */
export function addUnits(call: Call, units: Units): void {
  if (units.read > 0) call.readUnits = units.read;
  if (units.write > 0) call.writeUnits = units.write;
}

const reads = new Set(["GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"]);
const writes = new Set(["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"]);

function unitsOf(consumed: unknown): number {
  const units = (consumed as { CapacityUnits?: unknown }).CapacityUnits;
  return typeof units === "number" ? units : 0;
}

function refusedUnits(answer: Record<string, unknown>): number {
  const type = String(answer.__type ?? "");
  if (type.endsWith("ConditionalCheckFailedException")) return 1;
  if (!type.endsWith("TransactionCanceledException")) return 0;
  return Array.isArray(answer.CancellationReasons) ? 2 * answer.CancellationReasons.length : 2;
}

function parse(reply: Reply): Record<string, unknown> {
  try {
    return JSON.parse(reply.body.toString("utf8")) as Record<string, unknown>;
  } catch {
    return {};
  }
}
