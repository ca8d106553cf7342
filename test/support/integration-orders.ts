import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import type { TestStack } from "./integration-bed.ts";

/** Puts an order on the installation's bus as a tenant does, whose role may send for this namespace only. */
export async function sendOrder(
  { clients, facts }: TestStack,
  type: "Certificate Requested" | "Certificate Deletion Requested",
  namespace: string,
  detail: Record<string, unknown>,
): Promise<void> {
  const bus = new EventBridgeClient(clients.settings);
  const Source = `certwright.namespace.${namespace}`;
  const entry = { EventBusName: facts.instance, Source, DetailType: type, Detail: JSON.stringify(detail) };
  const { FailedEntryCount } = await bus.send(new PutEventsCommand({ Entries: [entry] }));
  if (FailedEntryCount) throw new Error(`the bus did not take ${type}`);
}
