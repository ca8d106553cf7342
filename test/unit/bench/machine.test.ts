import { describe, expect, it } from "vitest";
import { compile } from "../../bench/fleet/jsonata-paths.ts";
import { compiledMachine, type MachineWorld } from "../../bench/fleet/machine.ts";
import { evaluate } from "../../support/asl-values.ts";

const refs = [{ namespace: "web", name: "www", attemptId: "a" }];
const input = { leaseId: "lease", issuer: "_cluster/ClusterIssuer/le", attempts: refs };
const answer = (waitUntil: string | null) => ({ live: refs, waiting: [], waitUntil, round: 0, since: null });

/** Runs the product's machine; `answers` says what a function answers or throws, by name. */
async function run(answers: Record<string, (payload: Record<string, unknown>) => unknown> = {}) {
  const seen: string[] = [];
  let transitions = 0;
  const world: MachineWorld = {
    now: () => 0,
    waitUntil: async () => void seen.push("wait"),
    transition: async () => void transitions++,
    invoke: async (name, payload) => {
      seen.push(name.slice(2, -1));
      return answers[name.slice(2, -1)]?.(payload as Record<string, unknown>) ?? answer(null);
    },
  };
  const status = await compiledMachine()(input, world);
  return { status, seen, transitions };
}

describe("the product's state machine, compiled", () => {
  it("goes through all steps in 13 transitions when nothing waits", async () => {
    const { status, seen, transitions } = await run();
    expect(status).toBe("SUCCEEDED");
    expect(seen.join(" ")).toBe(
      "Prepare CreateOrder PublishChallenge wait CheckPropagation ValidateChallenge FinalizeOrder WriteSecret CleanUpChallenge",
    );
    expect(transitions).toBe(13);
  });

  it("takes three transitions more for a round of waiting", async () => {
    let rounds = 0;
    const { seen, transitions } = await run({
      ValidateChallenge: () => answer(rounds++ === 0 ? "2026-11-22T12:00:01Z" : null),
    });
    expect(seen.slice(5, 8)).toEqual(["ValidateChallenge", "wait", "ValidateChallenge"]);
    expect(transitions).toBe(16);
  });

  it("repeats a task while a service is away, then cleans up with the error's name", async () => {
    const failed: unknown[] = [];
    const { seen, transitions } = await run({
      CreateOrder: () => {
        throw Object.assign(new Error("away"), { name: "UnavailableError" });
      },
      CleanUpChallenge: (payload) => void failed.push(payload.failed),
    });
    expect(seen).toEqual(["Prepare", "CreateOrder", "wait", "CreateOrder", "wait", "CreateOrder", "CleanUpChallenge"]);
    expect(failed).toEqual(["UnavailableError"]);
    expect(transitions).toBe(6);
  });
});

describe("the expressions it knows", () => {
  const scope = {
    variables: { live: refs, waitUntil: null, route: "sign" },
    input,
    result: { Payload: answer("x") },
    retryCount: 2,
    enteredTime: "t",
  };
  const context = { Execution: { Name: "n" }, State: { Name: "s", EnteredTime: "t", RetryCount: 2 } };

  it.each([
    "{% $states.input.attempts %}",
    "{% $states.result.Payload.waitUntil %}",
    "{% $states.context.State.RetryCount %}",
    "{% $live %}",
    "{% $waitUntil = null %}",
    "{% $waitUntil = null ? $states.context.State.EnteredTime : $waitUntil %}",
    "{% $route = null ? $states.context.State.EnteredTime : $route %}",
    "{% $route = 'sign' %}",
    "{% $route = 'order' %}",
    "{% $exists($states.input.route) ? $states.input.route : 'order' %}",
    "{% $exists($states.input.issuer) ? $states.input.issuer : 'order' %}",
  ])("give what JSONata gives: %s", async (text) => {
    const states = { input, result: scope.result, context };
    expect(compile(text)(scope)).toEqual(await evaluate(text, states, scope.variables));
  });

  it("refuses any other, so that the two cannot part unseen", () => {
    expect(() => compile("{% $count($live) %}")).toThrow("does not understand");
  });
});
