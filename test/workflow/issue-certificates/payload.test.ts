import { describe, expect, it } from "vitest";
import { cleanUpInput, stepInput } from "../../../functions/runtime/inputs.ts";
import { cleanUp, stepStates } from "./machine.ts";
import { fails, keeps, refs, run, says, start, waits } from "./stub-tasks.ts";

const messy = {
  Prepare: [keeps(({ attemptId }) => attemptId !== "a1")],
  "Check propagation": [waits(2), waits(2)],
  "Validate challenge": [fails("UnavailableError"), waits(1)],
};

describe("what a function is called with", () => {
  it("is exactly what it parses, in every call", async () => {
    const { calls } = await run(messy, refs(3));
    for (const { state, payload } of calls) {
      expect(payload).toEqual((state === cleanUp ? cleanUpInput : stepInput).parse(payload));
    }
    expect(calls).toHaveLength(8 + 2 + 2);
  });

  it("is ids only", async () => {
    const { calls } = await run(messy, refs(3));
    const known = [...refs(3).flatMap((ref) => Object.values(ref)), "lease-1", "_cluster/ClusterIssuer/le"];
    for (const { payload } of calls) {
      const { entered: _, ...ids } = payload as { entered?: string };
      expect(known).toEqual(expect.arrayContaining(textsIn(ids)));
    }
  });

  it("has the lease, the issuer, the count of repeats and the time in each step", async () => {
    const { calls } = await run();
    const place = { leaseId: "lease-1", issuer: "_cluster/ClusterIssuer/le", round: 0, since: null };
    const shared = { ...place, retryCount: 0, entered: start.toISOString() };
    for (const state of stepStates) {
      expect(calls.find((call) => call.state === state)?.payload).toEqual({ ...shared, live: refs(1), waiting: [] });
    }
  });

  it("does not depend on more fields in an answer", async () => {
    const more = { live: refs(1), waiting: [], waitUntil: null, round: 0, since: null, note: "x", chain: "PEM" };
    const { calls, variables } = await run({ Prepare: [says(more)] });
    expect(JSON.stringify([calls, variables])).not.toMatch(/note|PEM/);
  });

  it("stays far below 256 KB for the largest batch", async () => {
    const longest = (index: number) => ({
      namespace: `n${"x".repeat(62)}`,
      name: `c${"x".repeat(252)}`,
      attemptId: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
    });
    const attempts = Array.from({ length: 50 }, (_, index) => longest(index));
    const { calls, variables } = await run({ "Check propagation": [waits(2)] }, attempts);
    const sizes = [...calls.map(({ payload }) => payload), variables].map((value) => JSON.stringify(value).length);
    expect(Math.max(...sizes)).toBeLessThan(128 * 1_024);
  });
});

describe("the variables of an execution", () => {
  const names = ["attempts", "failed", "issuer", "leaseId", "live", "round", "route", "since", "waitUntil", "waiting"];

  it("are all there after the first step and are all the same ones at the end", async () => {
    const { variables } = await run(messy, refs(2));
    expect(Object.keys(variables).sort()).toEqual(names);
    expect(Object.values(variables)).not.toContain(undefined);
  });

  it("are what Clean up needs when even Prepare failed", async () => {
    const { variables, calls } = await run({ Prepare: [fails("TypeError"), fails("TypeError")] }, refs(2));
    expect(variables).toEqual({
      leaseId: "lease-1",
      issuer: "_cluster/ClusterIssuer/le",
      attempts: refs(2),
      failed: "TypeError",
    });
    expect(calls.at(-1)?.payload).toEqual(variables);
  });

  it("keep the first list of attempts, whatever happens to the live ones", async () => {
    const { variables } = await run({ "Create order": [keeps(() => false)] }, refs(4));
    expect(variables).toMatchObject({ attempts: refs(4), live: [] });
  });
});

/** Every text in a value, but not its keys. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
