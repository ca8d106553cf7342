import { describe, expect, it } from "vitest";
import { monthlyBill, total } from "../../bench/fleet/bill.ts";
import type { Usage } from "../../bench/fleet/usage.ts";

const nothing: Usage = {
  calls: {},
  lambda: {},
  ...{ readUnits: 0, writeUnits: 0, indexWriteUnits: 0, transitions: 0, executions: 0, waits: 0 },
  ...{ logBytes: 0, events: 0, throttled: 0 },
};
const idle = { days: 30.4, secrets: 0, tableBytes: 0, bucketBytes: 0 };
const lambda = { calls: 1e6, coldStarts: 0, gigabyteSeconds: 1e6, longestMs: 0, overtime: 0 };

describe("the bill of a month at list prices", () => {
  it("of nothing at all is two keys, three metrics, seven alarms and one secret", () => {
    expect(total(monthlyBill({ used: nothing, ...idle }))).toBeCloseTo(2 + 0.9 + 0.7 + 0.4, 9);
  });

  it.each<[string, Partial<Usage>, Partial<typeof idle>, string, number]>([
    ["a million transitions", { transitions: 1e6 }, {}, "Step Functions", 25],
    ["a million write units, the indexes' too", { writeUnits: 6e5, indexWriteUnits: 4e5 }, {}, "DynamoDB", 0.625],
    ["a million read units", { readUnits: 1e6 }, {}, "DynamoDB", 0.125],
    ["a gigabyte of rows with its copy", {}, { tableBytes: 1e9 }, "DynamoDB", 0.45],
    ["a million calls and GB-seconds", { lambda: { sweep: lambda } }, {}, "Lambda", 0.2 + 13.3334],
    ["a million data keys", { calls: { "kms GenerateDataKey": 1e6 } }, {}, "KMS", 3 + 2],
    [
      "a million objects put, a million looked at",
      { calls: { "s3 PutObject": 1e6, "s3 HeadObject": 1e6 } },
      {},
      "S3",
      5.4,
    ],
    [
      "a million calls of Secrets Manager",
      { calls: { "secretsmanager PutSecretValue": 1e6 } },
      {},
      "Secrets Manager",
      5.4,
    ],
    ["a thousand secrets", {}, { secrets: 1_000 }, "Secrets Manager", 400.4],
    ["a million events", { events: 1e6 }, {}, "EventBridge", 1],
    ["two gigabytes of logs", { logBytes: 2e9 }, {}, "CloudWatch", 1 + 1.6],
  ])("counts %s", (_what, used, more, service, dollars) => {
    expect(monthlyBill({ used: { ...nothing, ...used }, ...idle, ...more })[service]).toBeCloseTo(dollars, 6);
  });

  it("makes a month of a week", () => {
    const bill = monthlyBill({ used: { ...nothing, transitions: 7_000 }, ...idle, days: 7 });
    expect(bill["Step Functions"]).toBeCloseTo(30_400 * 25e-6, 9);
  });
});
