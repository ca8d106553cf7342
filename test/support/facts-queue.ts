import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { TestStack } from "./integration-bed.ts";

/** An event as it came over the bus. */
export interface CaughtEvent {
  id: string;
  source: string;
  "detail-type": string;
  /** RFC 3339. */
  time: string;
  detail: Record<string, unknown>;
}

/** Keeps every event of the installation's bus that the pattern matches in a queue of this name, from now on. */
export async function catchEvents(
  { facts, clients }: TestStack,
  queue: string,
  pattern: Record<string, unknown>,
): Promise<void> {
  const sqs = new SQSClient(clients.settings);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: queue }));
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] });
  const Arn = (await sqs.send(asked)).Attributes?.QueueArn;
  const bus = new EventBridgeClient(clients.settings);
  const rule = { EventBusName: facts.instance, Name: queue, EventPattern: JSON.stringify(pattern) };
  await bus.send(new PutRuleCommand(rule));
  await bus.send(new PutTargetsCommand({ EventBusName: facts.instance, Rule: queue, Targets: [{ Id: "queue", Arn }] }));
}

/** The events in a queue, oldest first; reading takes them out of sight for a minute, and away for none. */
export async function caughtEvents(stack: TestStack, queue: string): Promise<CaughtEvent[]> {
  const sqs = new SQSClient(stack.clients.settings);
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queue }));
  const bodies = await messagesIn(sqs, QueueUrl ?? "", 60);
  const events = bodies.map((body) => JSON.parse(body) as CaughtEvent);
  return events.sort((one, other) => (one.time < other.time ? -1 : 1));
}

/** The bodies of all messages in a queue that nobody else has in hand. */
export async function messagesIn(sqs: SQSClient, queueUrl: string, hideSeconds: number): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const asked = { QueueUrl: queueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: hideSeconds, WaitTimeSeconds: 0 };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(asked));
    if (Messages.length === 0) return bodies;
    bodies.push(...Messages.map(({ Body = "" }) => Body));
  }
}
