import { beforeAll, describe, expect, it } from "vitest";
import { catchEvents } from "../support/facts-queue.ts";
import { openBed } from "../support/integration-bed.ts";
import { twoMinutes } from "../support/two-minutes.ts";

const bed = openBed();
const { namespace, queue, everything, changesKey, keepsKey } = twoMinutes;

beforeAll(async () => {
  await catchEvents(bed.stack, everything, { source: [{ prefix: "certwright" }] });
  await catchEvents(bed.stack, queue, { source: ["certwright"], detail: { namespace: [namespace] } });
});

describe("certificates that live two minutes", () => {
  it("are begun; zx-renewals.test.ts says how they went on", async () => {
    const both = [changesKey, keepsKey];
    await bed.put(both);
    for (const { metadata } of both) {
      const row = await bed.stack.waitFor({ namespace, name: metadata.name }, ({ attempt }) => attempt !== undefined);
      expect(row.issuing).toMatchObject({ status: "True", reason: "DoesNotExist" });
    }
  });
});
