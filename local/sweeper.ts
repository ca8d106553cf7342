import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { Clients } from "./clients.ts";

/**
 * Invokes the sweep again and again, one call at a time: certificates of two minutes cannot wait for its own schedule of
 * one minute. Returns what ends it.
 */
export function keepSweeping(clients: Clients, instance: string, everySeconds: number): () => void {
  let busy = false;
  const sweep = async () => {
    if (busy) return;
    busy = true;
    await clients.lambda
      .send(new InvokeCommand({ FunctionName: `${instance}-sweep`, Payload: "{}" }))
      .catch(() => undefined);
    busy = false;
  };
  const timer = setInterval(() => void sweep(), everySeconds * 1_000);
  return () => clearInterval(timer);
}
