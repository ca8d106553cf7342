import { InvokeCommand } from "@aws-sdk/client-lambda";
import { createClients } from "./clients.ts";
import { region } from "./emulator.ts";
import type { Serve } from "./web-front.ts";

const serveChallenge = "certwright-serve-challenge";

/** Invokes the deployed function by its name: the emulator tells function URLs apart by a Host that no CA sends. */
export function serveWith(endpoint: string): Serve {
  const { lambda } = createClients(endpoint, region);
  return async (event) => {
    const sent = new InvokeCommand({ FunctionName: serveChallenge, Payload: JSON.stringify(event) });
    const answer = await lambda.send(sent).catch((error: Error) => {
      if (error.name === "ResourceNotFoundException") return undefined;
      throw error;
    });
    if (!answer) return undefined;
    const text = answer.Payload?.transformToString() ?? "";
    if (answer.FunctionError) throw new Error(`${serveChallenge} failed: ${text}`);
    return JSON.parse(text);
  };
}
