import * as z from "zod/mini";

/*
 * What goes to the user's function and what comes back, version 1: docs/dns-function.v1.schema.json, which a test compares
 * with this file.
 */

const record = z.strictObject({ name: z.string(), value: z.string() });
const common = { version: z.literal(1), config: z.record(z.string(), z.string()) };
const changeId = z.string().check(z.minLength(1), z.maxLength(256));

/** The event. `records` are distinct, at most 50; names are in lower case ASCII without a dot at the end. */
export const dnsFunctionRequest = z.discriminatedUnion("verb", [
  z.strictObject({ ...common, verb: z.literal("publish"), records: z.array(record) }),
  z.strictObject({ ...common, verb: z.literal("cleanUp"), records: z.array(record) }),
  z.strictObject({ ...common, verb: z.literal("settled"), changes: z.array(changeId) }),
]);

const failure = z.object({
  kind: z.enum(["noZone", "refused", "unavailable"]),
  message: z.string(),
  fix: z.optional(z.string()),
});

const result = z.union([
  z.object({ change: changeId }),
  z.object({ unchanged: z.literal(true) }),
  z.object({ error: failure }),
]);

/** To `publish` and `cleanUp`: a result for each record, in their order. */
export const recordsReply = z.object({ results: z.array(result) });
/** To `settled`: an answer for each change, in their order. */
export const settledReply = z.object({ settled: z.array(z.boolean()) });

export type DnsFunctionRequest = z.infer<typeof dnsFunctionRequest>;
export type DnsFunctionResult = z.infer<typeof result>;
