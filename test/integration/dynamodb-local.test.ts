import { afterAll, beforeAll } from "vitest";
import { startDynamoDbLocal } from "../support/dynamodb-local.ts";
import { testDynamoDb } from "../support/dynamodb-suite.ts";

let engine: Awaited<ReturnType<typeof startDynamoDbLocal>> | undefined;

beforeAll(async () => {
  engine = await startDynamoDbLocal();
}, 300_000);

afterAll(() => engine?.stop());

testDynamoDb("AWS's DynamoDB Local", () => {
  if (!engine) throw new Error("DynamoDB Local did not start");
  return engine.endpoint;
});
