import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { Manifest } from "../../local/requests.ts";
import { keyOf } from "../../local/requests.ts";
import type { TestStack } from "./integration-bed.ts";

/** An event of the Requests stream that says of each object, twice, that it changed. */
export function streamEvent(manifests: Manifest[]): unknown {
  const twice = [...manifests, ...manifests];
  return {
    Records: twice.map((manifest, index) => {
      const { namespace, resource } = keyOf(manifest);
      const SequenceNumber = String(index + 1).padStart(21, "0");
      return {
        eventName: "MODIFY",
        eventSource: "aws:dynamodb",
        dynamodb: { SequenceNumber, Keys: { namespace: { S: namespace }, resource: { S: resource } } },
      };
    }),
  };
}

/** Hands the same event to `dispatch` so many times, ten at a time: every other one asynchronously. Throws what one throws. */
export async function deliver(stack: TestStack, event: unknown, times: number): Promise<void> {
  let left = times;
  const one = async () => {
    while (left > 0) {
      left -= 1;
      if (left % 2 === 0) await stack.invoke("dispatch", event);
      else await invokeLater(stack, event);
    }
  };
  await Promise.all(Array.from({ length: 10 }, one));
}

async function invokeLater({ clients, facts }: TestStack, event: unknown): Promise<void> {
  const FunctionName = `${facts.instance}-dispatch`;
  const Payload = JSON.stringify(event);
  await clients.lambda.send(new InvokeCommand({ FunctionName, InvocationType: "Event", Payload }));
}
