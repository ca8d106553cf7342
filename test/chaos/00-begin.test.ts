import { it } from "vitest";
import { catchEvents } from "../support/facts-queue.ts";
import { connectStack } from "../support/stack.ts";
import { twoMinutes } from "../support/two-minutes.ts";

it("all that goes over the bus is kept from now on, for zz-secrets-scan.test.ts", async () => {
  await catchEvents(connectStack(), twoMinutes.everything, { source: [{ prefix: "certwright" }] });
});
