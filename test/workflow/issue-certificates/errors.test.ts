import { describe, expect, it } from "vitest";
import { cleanUp, stepStates } from "./machine.ts";
import { type Answer, fails, payloadsOf, refs, run, says, waits } from "./stub-tasks.ts";

const allTasks = [...stepStates, cleanUp];
const ever = (name: string): Answer[] => Array(10).fill(fails(name));
const retryCountsOf = (payloads: { retryCount: number }[]) => payloads.map(({ retryCount }) => retryCount);

describe("a service that is away (UnavailableError)", () => {
  it.each(stepStates)("has %s repeated twice, and the step sees which time it is", async (state) => {
    const done = await run({ [state]: ever("UnavailableError") });
    expect(retryCountsOf(payloadsOf(done, state))).toEqual([0, 1, 2]);
    expect(done.waits.map(({ from, until }) => Date.parse(until) - Date.parse(from))).toEqual([1_000, 2_000]);
  });

  it.each(stepStates)("for a moment does not end %s", async (state) => {
    const done = await run({ [state]: [fails("UnavailableError"), fails("UnavailableError")] });
    expect(done).toMatchObject({ status: "SUCCEEDED", retries: 2 });
    expect(done.entered).toHaveLength(13);
    expect(done.calls.at(-1)?.payload).toMatchObject({ failed: null });
  });

  it("has Clean up repeated twice; then the execution fails and the sweep comes back for the records", async () => {
    const done = await run({ [cleanUp]: ever("UnavailableError") });
    expect(done.calls.filter(({ state }) => state === cleanUp)).toHaveLength(3);
    expect(done).toMatchObject({ status: "FAILED", error: "UnavailableError" });
  });

  it.each([
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
  ])("is also Lambda itself: %s is tried three times", async (name) => {
    const done = await run({ "Create order": ever(name) });
    expect(payloadsOf(done, "Create order")).toHaveLength(3);
  });
});

describe("an error nobody expected", () => {
  it.each(stepStates)("has %s repeated once", async (state) => {
    const done = await run({ [state]: ever("TypeError") });
    expect(retryCountsOf(payloadsOf(done, state))).toEqual([0, 1]);
  });

  it.each(["States.Timeout", "Sandbox.Timedout", "Lambda.Unknown", "Runtime.OutOfMemory", "RefusedError"])(
    "is %s too: tried twice, then cleaned up",
    async (name) => {
      const done = await run({ "Publish challenge": ever(name) });
      expect(payloadsOf(done, "Publish challenge")).toHaveLength(2);
      expect(done.calls.at(-1)?.payload).toMatchObject({ failed: name });
    },
  );

  it("and one of a service have a count of their own, while the step sees their sum", async () => {
    const mixed = ["TypeError", "UnavailableError", "UnavailableError", "UnavailableError"].map(fails);
    const done = await run({ "Create order": mixed });
    expect(retryCountsOf(payloadsOf(done, "Create order"))).toEqual([0, 1, 2, 3]);
    expect(done.calls.at(-1)?.payload).toMatchObject({ failed: "UnavailableError" });
  });

  it("does not count against the next step", async () => {
    const done = await run({ "Create order": [fails("TypeError")], "Publish challenge": [fails("TypeError")] });
    expect(done.status).toBe("SUCCEEDED");
    expect(retryCountsOf(payloadsOf(done, "Publish challenge"))).toEqual([0, 1]);
  });

  it("does not count against the next round of the same step", async () => {
    const script = { "Validate challenge": [fails("TypeError"), waits(2), fails("TypeError")] };
    const done = await run(script);
    expect(done.status).toBe("SUCCEEDED");
    expect(retryCountsOf(payloadsOf(done, "Validate challenge"))).toEqual([0, 1, 0, 1]);
  });

  it("repeats a step with what it had", async () => {
    const done = await run({ "Check propagation": [waits(2), fails("TypeError")] }, refs(2));
    const [, before, again] = payloadsOf(done, "Check propagation");
    expect(again).toEqual({ ...before, retryCount: 1 });
  });
});

describe("a step whose Lambda failed to the end", () => {
  it.each(stepStates)("%s: goes to Clean up with the error's name and nothing in between", async (state) => {
    const done = await run({ [state]: ever("Sandbox.Timedout") }, refs(2));
    expect(done.status).toBe("SUCCEEDED");
    expect(done.entered.slice(-2)).toEqual([state, cleanUp]);
    expect(done.calls.at(-1)).toEqual({
      state: cleanUp,
      payload: {
        leaseId: "lease-1",
        issuer: "_cluster/ClusterIssuer/le",
        attempts: refs(2),
        failed: "Sandbox.Timedout",
      },
    });
  });

  it("says only the error's name: a message may hold what no history should", async () => {
    const done = await run({ "Write secret": ever("TypeError") });
    expect(JSON.stringify([done.variables, done.calls])).not.toContain("a stub failed");
  });

  it("after rounds of waiting goes to Clean up from there", async () => {
    const done = await run({ "Finalize order": [waits(1), ...ever("TypeError")] });
    expect(done.entered.slice(-4)).toEqual(["Finalized?", "Wait for certificate", "Finalize order", cleanUp]);
  });

  it.each(["live", "waiting", "waitUntil", "round", "since"] as const)(
    "answers without %s: that is an error of the task, not a variable that is not there",
    async (field) => {
      const whole = { live: refs(1), waiting: [], waitUntil: null, round: 0, since: null };
      const { [field]: _, ...rest } = whole;
      const done = await run({ Prepare: Array(3).fill(says(rest)) });
      expect(done.calls.at(-1)?.payload).toMatchObject({ failed: "States.QueryEvaluationError" });
    },
  );
});

describe("what no Catch can catch", () => {
  it.each(["States.Runtime", "States.DataLimitExceeded"])(
    "%s ends the execution; the lease is the recovery",
    async (name) => {
      const done = await run({ "Create order": ever(name) });
      expect(done).toMatchObject({ status: "FAILED", error: name });
      expect(done.entered).toEqual(["Prepare", "Signs at once?", "Create order"]);
    },
  );

  it.each(["tomorrow", "2026-11-22", "2026-11-22T12:00:00+01:00"])(
    "a Wait until %s, which is no timestamp, ends it",
    async (waitUntil) => {
      const done = await run({ "Check propagation": [says({ live: [], waiting: [], waitUntil, round: 1, since: 0 })] });
      expect(done).toMatchObject({ status: "FAILED", error: "States.Runtime" });
    },
  );

  it.each(allTasks)("is not the ordinary failure of %s", async (state) => {
    const done = await run({ [state]: ever("TypeError") });
    expect(done.status).toBe(state === cleanUp ? "FAILED" : "SUCCEEDED");
  });
});
