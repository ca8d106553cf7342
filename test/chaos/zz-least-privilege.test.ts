import { beforeAll, describe, expect, it } from "vitest";
import { functionNames } from "../../cdk/functions.ts";
import type { Weighed } from "../support/iam-weigh.ts";
import { weighCalls } from "../support/iam-weigh.ts";
import { connectStack } from "../support/stack.ts";

/** Called only by an order, and every six hours: a run of the fault table alone may do without. */
const seldom = ["accept-request", "resync"];

const stack = connectStack();
let weighed: Weighed;

beforeAll(async () => {
  weighed = await weighCalls(stack);
});

describe("the calls under faults, and all before them", () => {
  it("were made by every function, and recorded from the first on; this file alone shows nothing", async () => {
    expect([...functionNames].filter((name) => !weighed.asked.has(name) && !seldom.includes(name))).toEqual([]);
    expect(weighed.firstId).toBe(1);
    expect(weighed.disturbed).toBeGreaterThan(0);
  });

  it.each(functionNames)("of %s are all allowed by its role", (name) => {
    expect(weighed.reviewed.get(name)?.denied.slice(0, 5) ?? []).toEqual([]);
  });

  it("with a tenant's role are to Route 53 only", () => {
    expect(weighed.byTenantRole.filter(({ service }) => service !== "route53")).toEqual([]);
  });
});
