import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateQueueCommand, DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import * as z from "zod";
import { root } from "../../local/paths.ts";
import type { TestStack } from "./integration-bed.ts";

/** What the installation told on its bus. */
export interface Fact {
  type: string;
  detail: Record<string, unknown>;
}

/** Catches the facts about Certificates of one namespace from now on, by a rule on the bus and a queue. */
export async function catchFacts({ clients, facts }: TestStack, namespace: string) {
  const bus = new EventBridgeClient(clients.settings);
  const sqs = new SQSClient(clients.settings);
  const name = `facts-${namespace}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const pattern = { source: ["certwright"], detail: { namespace: [namespace] } };
  const rule = { EventBusName: facts.instance, EventPattern: JSON.stringify(pattern) };
  await bus.send(new PutRuleCommand({ ...rule, Name: name }));
  const Arn = `arn:aws:sqs:${facts.region}:${facts.account}:${name}`;
  await bus.send(new PutTargetsCommand({ EventBusName: facts.instance, Rule: name, Targets: [{ Id: "queue", Arn }] }));
  const caught: Fact[] = [];
  const receive = async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return;
    for (const { Body = "{}" } of Messages) {
      const event = JSON.parse(Body) as { "detail-type": string; detail: Fact["detail"] };
      caught.push({ type: event["detail-type"], detail: event.detail });
    }
    const Entries = Messages.map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  };
  return {
    caught,
    /** The first fact of this type about this Certificate for which `also` holds. */
    next: async (type: string, certificate: string, also: (detail: Fact["detail"]) => boolean = () => true) => {
      for (const end = Date.now() + 30_000; ; ) {
        const found = caught.find(
          (fact) => fact.type === type && fact.detail.name === certificate && also(fact.detail),
        );
        if (found) return found.detail;
        if (Date.now() > end) throw new Error(`no ${type} of ${certificate}: ${JSON.stringify(caught)}`);
        await receive();
        await sleep(100);
      }
    },
  };
}

/** What docs/events says against a fact's detail; empty when nothing. */
export function faultsOf({ type, detail }: Fact): string[] {
  const file = `${type.toLowerCase().replaceAll(" ", "-")}.v1.schema.json`;
  const schema = JSON.parse(readFileSync(join(root, "docs", "events", file), "utf8"));
  const { error } = z.fromJSONSchema(schema).safeParse(detail);
  return error ? error.issues.map(({ path, message }) => `${type} ${path.join(".")}: ${message}`) : [];
}
