import type { EventBridgeClient, PutEventsRequestEntry, PutEventsResultEntry } from "@aws-sdk/client-eventbridge";
import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { awsFault } from "../../core/aws-fault.ts";
import { UnavailableError } from "../../core/errors.ts";
import type { Events, Fact } from "../../core/ports.ts";

export interface EventBridgeDeps {
  client: Pick<EventBridgeClient, "send">;
  /** Name of the installation's own bus. */
  bus: string;
}

/**
 * Facts on the installation's bus (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html), with
 * the source `certwright` and `version: 1` in the detail. What the bus does not take at once is sent once more.
 */
export function eventBridgeEvents(deps: EventBridgeDeps): Events {
  return {
    publish: async (facts) => {
      for (let start = 0; start < facts.length; start += batchSize) {
        await publishBatch(deps, facts.slice(start, start + batchSize));
      }
    },
  };
}

const source = "certwright";
/** PutEvents takes ten. */
const batchSize = 10;

async function publishBatch(deps: EventBridgeDeps, facts: Fact[]): Promise<void> {
  const entries = facts.map((fact) => entryOf(deps, fact));
  const left = await put(deps, entries);
  if (left.length === 0) return;
  const refused = await put(
    deps,
    left.map(({ entry }) => entry),
  );
  if (refused.length === 0) return;
  const codes = [...new Set(refused.map(({ result }) => `${result.ErrorCode}: ${result.ErrorMessage}`))];
  throw new UnavailableError({
    reason: "EventsNotAccepted",
    message: `The bus ${deps.bus} did not take ${refused.length} of ${facts.length} events (${codes.join("; ")}).`,
  });
}

/** The entries that were not taken; the answer is in the order of the question. */
async function put(deps: EventBridgeDeps, entries: PutEventsRequestEntry[]) {
  const answer = await deps.client.send(new PutEventsCommand({ Entries: entries })).catch((error: unknown) => {
    throw awsFault(error, { service: "EventBridge", action: "events:PutEvents", resource: deps.bus });
  });
  if (!answer.FailedEntryCount) return [];
  return entries.flatMap((entry, index) => {
    const result: PutEventsResultEntry = answer.Entries?.[index] ?? {};
    return result.ErrorCode ? [{ entry, result }] : [];
  });
}

function entryOf({ bus }: EventBridgeDeps, { type, detail }: Fact): PutEventsRequestEntry {
  return { EventBusName: bus, Source: source, DetailType: type, Detail: JSON.stringify({ ...detail, version: 1 }) };
}
