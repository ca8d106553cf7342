import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { expect } from "vitest";
import { dynamoState } from "../../../adapters/aws/state.ts";
import { minute } from "./time-world.ts";

/** How far AWS lets the time of a signed request be from its own. */
const toleranceMs = 5 * minute;

/** Reads a row of an AWS whose clock is away from ours and which refuses what was signed at another time; counts requests. */
export async function readByOtherClock(offsetMs: number): Promise<number> {
  const signedAt: number[] = [];
  const server = createServer((request, response) => {
    const now = Date.now() + offsetMs;
    const at = parseAmzDate(String(request.headers["x-amz-date"]));
    signedAt.push(at);
    const refused = Math.abs(at - now) > toleranceMs;
    response.writeHead(refused ? 400 : 200, {
      "Content-Type": "application/x-amz-json-1.0",
      Date: new Date(now).toUTCString(),
    });
    response.end(refused ? JSON.stringify(refusal) : "{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const client = new DynamoDBClient({ endpoint, region: "us-east-1", credentials });
  try {
    const state = dynamoState({ client, table: "state", clock: { now: () => new Date() } });
    const read = () => state.certificate({ namespace: "web", kind: "Certificate", name: "www" });
    expect([await read(), await read()]).toEqual([undefined, undefined]);
    return signedAt.length;
  } finally {
    client.destroy();
    server.close();
    server.closeAllConnections();
  }
}

/** As DynamoDB words it. */
const refusal = {
  __type: "com.amazon.coral.service#InvalidSignatureException",
  message: "Signature expired: 20261122T120000Z is now earlier than 20261122T121000Z",
};

function parseAmzDate(text: string): number {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  return Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
}
