import * as z from "zod/mini";
import { dispatch, type Verdict } from "../../core/dispatch/dispatch.ts";
import { classOf } from "../../core/errors.ts";
import { idOf, parseKey, type ResourceKey } from "../../core/resource.ts";
import { resourceKey, type StreamRecord, streamEvent } from "../runtime/inputs.ts";
import { handler as trigger } from "../runtime.ts";

const event = z.union([streamEvent, z.object({ keys: z.array(resourceKey) })]);

/** Decides what changed: from the Requests stream, or for keys another function hands over. */
export const handler = trigger("dispatch", event, async (deps, input) => {
  const records = "Records" in input ? input.Records : [];
  const keys = "Records" in input ? records.flatMap((record) => keyOf(record) ?? []) : input.keys;
  const verdicts = await dispatch(deps, keys);
  for (const { key, action, reason, error } of verdicts) {
    const failed = error === undefined ? {} : { errorClass: classOf(error), error: String(error) };
    deps.log({ certificate: idOf(key), action, reason, ...failed });
  }
  return { batchItemFailures: failures(records, verdicts) };
});

/** A record of a key that is not ours is passed over: nobody could decide on it, however often it comes. */
function keyOf({ dynamodb: { Keys } }: StreamRecord): ResourceKey | undefined {
  return parseKey(Keys.namespace.S, Keys.resource.S);
}

/** Only the records whose own key failed come again; the stream goes on from the first of them. */
function failures(records: StreamRecord[], verdicts: Verdict[]): { itemIdentifier: string }[] {
  const failed = new Set(verdicts.filter(({ error }) => error !== undefined).map(({ key }) => idOf(key)));
  return records
    .filter((record) => {
      const key = keyOf(record);
      return key !== undefined && failed.has(idOf(key));
    })
    .map(({ dynamodb }) => ({ itemIdentifier: dynamodb.SequenceNumber }));
}
