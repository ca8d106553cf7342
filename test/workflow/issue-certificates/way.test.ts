import { describe, expect, it } from "vitest";
import { cleanUp, loops, machine, stepStates } from "./machine.ts";
import { fails, keeps, nextIn, payloadsOf, refs, run, says, start, waits } from "./stub-tasks.ts";

const oneRound = { "Publish challenge": [nextIn(2)], "Validate challenge": [waits(2)], "Finalize order": [waits(2)] };

describe("one certificate", () => {
  it("goes through the protocol in 19 states with one round of each wait", async () => {
    const done = await run(oneRound);
    expect(done.status).toBe("SUCCEEDED");
    expect(done.entered).toEqual([
      ...["Prepare", "Signs at once?", "Create order", "Publish challenge"],
      ...["Wait for propagation", "Check propagation", "Propagated?"],
      ...["Validate challenge", "Validated?", "Wait for validation", "Validate challenge", "Validated?"],
      ...["Finalize order", "Finalized?", "Wait for certificate", "Finalize order", "Finalized?"],
      ...["Write secret", "Clean up challenge"],
    ]);
    expect(done.entered.length + done.retries).toBeLessThanOrEqual(24);
  });

  it("needs 13 states when there is nothing to wait for, and no time", async () => {
    const done = await run();
    expect(done.entered).toEqual([
      ...["Prepare", "Signs at once?", "Create order", "Publish challenge"],
      ...["Wait for propagation", "Check propagation", "Propagated?"],
      ...["Validate challenge", "Validated?", "Finalize order", "Finalized?", "Write secret", "Clean up challenge"],
    ]);
    expect(done.end).toEqual(start);
  });

  it("starts at Prepare and ends at Clean up, the only end", () => {
    expect(machine.StartAt).toBe("Prepare");
    const ends = Object.entries(machine.States).filter(([, state]) => state.End);
    expect(ends.map(([name]) => name)).toEqual([cleanUp]);
  });
});

describe("an issuer that signs at once", () => {
  it("takes 5 states for a batch of any size, and no time", async () => {
    const done = await run({}, refs(50), "sign");
    expect(done.entered).toEqual(["Prepare", "Signs at once?", "Sign", "Write secret", "Clean up challenge"]);
    expect(payloadsOf(done, "Write secret")[0]?.live).toEqual(refs(50));
    expect(done.end).toEqual(start);
  });

  it("hands a step only what goes on, and Clean up everything", async () => {
    const done = await run({ Sign: [keeps(({ attemptId }) => attemptId === "a1")] }, refs(3), "sign");
    expect(payloadsOf(done, "Write secret")[0]?.live).toEqual([refs(3)[1]]);
    expect(done.calls.at(-1)?.payload).toMatchObject({ attempts: refs(3), failed: null });
  });

  it("is not what an execution of before there was a route has", async () => {
    expect((await run()).entered).toEqual((await run({}, refs(1), "order")).entered);
  });
});

describe("a batch of 50 that wait together", () => {
  it("takes 19 states, which is at most 0.6 for each certificate", async () => {
    const done = await run(oneRound, refs(50));
    expect(done.entered).toHaveLength(19);
    expect(done.entered.length / 50).toBeLessThanOrEqual(0.6);
    expect(payloadsOf(done, "Write secret")[0]?.live).toEqual(refs(50));
  });
});

describe("what was published", () => {
  it("is looked at when Publish said, for the whole batch, and that was the first round", async () => {
    const done = await run({ "Publish challenge": [nextIn(2)] }, refs(3));
    expect(done.waits).toEqual([{ from: "2026-11-22T12:00:00.000Z", until: "2026-11-22T12:00:02.000Z" }]);
    const looks = payloadsOf(done, "Check propagation");
    expect(looks).toMatchObject([{ live: refs(3), waiting: [], round: 1, since: start.getTime() }]);
    expect(payloadsOf(done, "Validate challenge")[0]).toMatchObject({ live: refs(3), round: 0, since: null });
  });

  it("is looked at again as long as something waits, from that round on", async () => {
    const done = await run({ "Publish challenge": [nextIn(2)], "Check propagation": [waits(4)] });
    expect(payloadsOf(done, "Check propagation").map(({ round }) => round)).toEqual([1, 2]);
    expect(payloadsOf(done, "Check propagation").map(({ since }) => since)).toEqual(Array(2).fill(start.getTime()));
    expect(done.end).toEqual(new Date(start.getTime() + 6_000));
  });

  it("is looked at at once when Publish says no time", async () => {
    const done = await run();
    expect(done.entered).toContain("Wait for propagation");
    expect(done.waits).toEqual([]);
    expect(payloadsOf(done, "Check propagation")).toMatchObject([{ live: refs(1), round: 0, since: null }]);
  });
});

describe("a wait", () => {
  it.each(loops)(
    "after $task comes back to it round after round, until nothing waits",
    async ({ task, choice, wait, next }) => {
      const done = await run({ [task]: [waits(2), waits(4), waits(8)] });
      const loop = done.entered.slice(done.entered.indexOf(task), done.entered.indexOf(next));
      expect(loop).toEqual([task, choice, wait, task, choice, wait, task, choice, wait, task, choice]);
      expect(payloadsOf(done, task).map(({ round }) => round)).toEqual([0, 1, 2, 3]);
      expect(payloadsOf(done, task).map(({ since }) => since)).toEqual([null, ...Array(3).fill(start.getTime())]);
      expect(payloadsOf(done, task).map(({ waiting }) => waiting.length)).toEqual([0, 1, 1, 1]);
    },
  );

  it.each(loops)("after $task begins anew for the next step", async ({ task, next }) => {
    const done = await run({ [task]: [waits(2)] });
    expect(payloadsOf(done, next)[0]).toMatchObject({ round: 0, since: null, waiting: [] });
  });

  it.each(loops)("after $task ends exactly at the timestamp, to the millisecond", async ({ task }) => {
    const done = await run({ [task]: [waits(7.123), waits(3_600)] });
    expect(done.waits).toEqual([
      { from: "2026-11-22T12:00:00.000Z", until: "2026-11-22T12:00:07.123Z" },
      { from: "2026-11-22T12:00:07.123Z", until: "2026-11-22T13:00:07.123Z" },
    ]);
  });

  it("takes a timestamp without fractions, as a step prints it", async () => {
    const whole = { live: refs(1), waiting: refs(1), waitUntil: "2026-11-22T12:00:05Z", round: 1, since: 0 };
    const done = await run({ "Check propagation": [says(whole)] });
    expect(done.end.toISOString()).toBe("2026-11-22T12:00:05.000Z");
  });

  it("of some holds the others of the batch", async () => {
    const [first, second, third] = refs(3);
    const slow = { live: refs(3), waiting: [second], waitUntil: "2026-11-22T12:00:05Z", round: 1, since: 0 };
    const done = await run({ "Validate challenge": [says(slow as never)] }, refs(3));
    expect(payloadsOf(done, "Validate challenge")[1]).toMatchObject({
      live: [first, second, third],
      waiting: [second],
    });
    expect(payloadsOf(done, "Finalize order")[0]?.live).toEqual(refs(3));
  });
});

describe("attempts that leave the batch", () => {
  it.each(stepStates)("at %s are not in the next step's live", async (state) => {
    const done = await run({ [state]: [keeps(({ attemptId }) => attemptId !== "a1")] }, refs(3));
    const later = done.calls.slice(done.calls.findIndex((call) => call.state === state) + 1, -1);
    for (const { payload } of later) expect(payload).toMatchObject({ live: [refs(3)[0], refs(3)[2]] });
    expect(later).toHaveLength(stepStates.length - 1 - stepStates.indexOf(state));
  });

  it.each(stepStates)(
    "at %s are cleaned up all the same: Clean up gets every attempt of the execution",
    async (state) => {
      const done = await run({ [state]: [keeps(() => false)] }, refs(3));
      expect(done.calls.at(-1)).toEqual({
        state: cleanUp,
        payload: { leaseId: "lease-1", issuer: "_cluster/ClusterIssuer/le", attempts: refs(3), failed: null },
      });
    },
  );

  it.each(stepStates)("all at %s leave an empty list, which later steps can read", async (state) => {
    const done = await run({ [state]: [keeps(() => false)] });
    expect(done.status).toBe("SUCCEEDED");
    expect(done.entered).toHaveLength(13);
    const later = done.calls.slice(stepStates.indexOf(state) + 1, -1);
    for (const { payload } of later) expect(payload).toMatchObject({ live: [], waiting: [] });
  });

  it("and come back to a single one leave a list of one, not its content", async () => {
    const done = await run({ Prepare: [keeps(({ attemptId }) => attemptId === "a2")] }, refs(3));
    expect(payloadsOf(done, "Create order")[0]?.live).toEqual([refs(3)[2]]);
  });

  it("during a wait are neither live nor waiting when it goes on", async () => {
    const done = await run({ "Check propagation": [waits(2), keeps(({ attemptId }) => attemptId === "a0")] }, refs(2));
    expect(payloadsOf(done, "Validate challenge")[0]).toMatchObject({ live: [refs(2)[0]], waiting: [] });
  });

  it("by the death of a step's function are in Clean up too, those that left before as well", async () => {
    const dead = Array(2).fill(fails("Runtime.ExitError"));
    const done = await run({ Prepare: [keeps(({ attemptId }) => attemptId === "a0")], "Create order": dead }, refs(3));
    expect(done.calls.at(-1)?.payload).toMatchObject({ attempts: refs(3), failed: "Runtime.ExitError" });
  });
});
