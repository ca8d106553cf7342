import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { catchEvents } from "../support/facts-queue.ts";
import { openBed } from "../support/integration-bed.ts";
import { twoMinutes } from "../support/two-minutes.ts";

const bed = openBed();
const { stack } = bed;
const { namespace, queue, everything, changesKey, keepsKey, lostStart } = twoMinutes;

beforeAll(async () => {
  await catchEvents(stack, everything, { source: [{ prefix: "certwright" }] });
  await catchEvents(stack, queue, { source: ["certwright"], detail: { namespace: [namespace] } });
});

describe("certificates that live two minutes", () => {
  it("are begun; zx-renewals.test.ts says how they went on", async () => {
    const both = [changesKey, keepsKey];
    await bed.put(both);
    for (const { metadata } of both) {
      const row = await stack.waitFor({ namespace, name: metadata.name }, ({ attempt }) => attempt !== undefined);
      expect(row.issuing).toMatchObject({ status: "True", reason: "DoesNotExist" });
    }
  });
});

describe("a Certificate whose execution could not be started", () => {
  it("holds a lease that nobody has; zx-renewals.test.ts says what its end brings", async () => {
    const { name } = lostStart.metadata;
    const start = { action: "StartExecution", contains: `"${name}\\"` };
    await stack.refuse(start, { answer: { status: 400, code: "AccessDeniedException" } });
    await stack.put(lostStart);
    const { attempt } = await stack.waitFor({ namespace, name }, (row) => row.attempt !== undefined);
    await vi.waitUntil(async () => (await stack.count({ ...start, status: 400 })) === 1, { timeout: 20_000 });
    const execution = new DescribeExecutionCommand({ executionArn: attempt?.executionArn });
    await expect(stack.clients.steps.send(execution)).rejects.toMatchObject({ name: "ExecutionDoesNotExist" });
  });
});
