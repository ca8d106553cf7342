import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { KMSClient } from "@aws-sdk/client-kms";
import { type AwsWorld, type Command, sender } from "./aws.ts";
import type { Throttle } from "./throttle.ts";

/** KMS: one data key for all, because only the number of calls matters here. */
export function kmsClient(world: AwsWorld): KMSClient {
  return sender<KMSClient>(world, {
    name: "kms",
    ms: () => 12,
    run: () => ({ Plaintext: new Uint8Array(32).fill(7), CiphertextBlob: new Uint8Array(184).fill(9) }),
  });
}

/** EventBridge takes everything. */
export function eventsClient(world: AwsWorld): EventBridgeClient {
  return sender<EventBridgeClient>(world, {
    name: "events",
    ms: () => 20,
    run: (_action, input: Command["input"]) => {
      world.used.events += input.Entries.length;
      return { FailedEntryCount: 0, Entries: input.Entries.map(() => ({ EventId: "e" })) };
    },
  });
}

/** Starts executions, within the account's bucket. */
export function statesClient<Client>(world: AwsWorld, starts: Throttle, start: (input: string) => void): Client {
  return sender<Client>(world, {
    name: "states",
    ms: () => 40,
    limit: () => starts,
    run: (_action, input: Command["input"]) => {
      start(input.input);
      return {};
    },
  });
}

/** Invokes functions asynchronously; `instance` is cut from their names. */
export function lambdaClient<Client>(
  world: AwsWorld,
  instance: string,
  invoke: (name: string, payload: unknown) => void,
): Client {
  return sender<Client>(world, {
    name: "lambda",
    ms: () => 25,
    run: (_action, input: Command["input"]) => {
      invoke(input.FunctionName.slice(instance.length + 1), JSON.parse(input.Payload));
      return {};
    },
  });
}
