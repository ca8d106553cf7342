import { inject } from "vitest";
import { testDynamoDb } from "../support/dynamodb-suite.ts";

testDynamoDb("the emulator", () => {
  const endpoint = process.env.CERTWRIGHT_TEST_ENDPOINT ?? inject("emulatorEndpoint");
  if (!endpoint) throw new Error("start the local stack or set CERTWRIGHT_TEST_ENDPOINT to the emulator's URL");
  return endpoint;
});
