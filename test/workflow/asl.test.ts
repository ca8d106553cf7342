import { describe, expect, it } from "vitest";
import { execute, type Machine } from "../support/asl.ts";

const task = { Type: "Task", Resource: "arn:aws:states:::lambda:invoke", End: true } as const;

async function play(states: Machine["States"], input: unknown = {}, invoke = async (): Promise<unknown> => ({})) {
  let now = new Date("2026-11-22T12:00:00Z");
  const pauses: number[] = [];
  const waitUntil = async (time: Date) => {
    pauses.push((time.getTime() - now.getTime()) / 1_000);
    now = time;
  };
  const machine = { StartAt: Object.keys(states)[0] ?? "", States: states };
  return { ...(await execute(machine, input, { invoke, waitUntil, now: () => now })), pauses };
}

/** Calls a task with one expression as its payload and answers what the Lambda got. */
async function payloadOf(expression: string, input: unknown = {}): Promise<unknown> {
  let got: unknown;
  const Arguments = { FunctionName: "f", Payload: { got: `{% ${expression} %}` } };
  const done = await play({ A: { ...task, Arguments } }, input, (async (_name: string, payload: { got: unknown }) => {
    got = payload.got;
  }) as never);
  return done.status === "SUCCEEDED" ? got : done.error;
}

describe("the interpreter of the tests holds what AWS holds", () => {
  it.each([
    ["$eval is forbidden", '$eval("1 + 1")'],
    ["nothing is an error", "$states.input.absent"],
    ["a variable nobody assigned is an error", "$absent"],
    ["what cannot be computed is an error", '$number("x")'],
    ["the input is not the root", "a"],
  ])("%s", async (_sentence, expression) => {
    expect(await payloadOf(expression, { a: 1 })).toBe("States.QueryEvaluationError");
  });

  it.each([
    ["null stays null", "$states.input.a", { a: null }, null],
    ["an empty list stays a list", "$states.input.a", { a: [] }, []],
    ["a list of one stays a list", "$states.input.a", { a: [1] }, [1]],
    ["false is a value", "$states.input.a", { a: false }, false],
    ["the count of repeats is 0 at first", "$states.context.State.RetryCount", {}, 0],
  ])("%s", async (_sentence, expression, input, expected) => {
    expect(await payloadOf(expression, input)).toEqual(expected);
  });

  it("an expression is the whole text or none", async () => {
    const Arguments = { FunctionName: "f", Payload: "a {% 1 %}" };
    const done = await play({ A: { ...task, Arguments } });
    expect(done.status).toBe("FAILED");
  });

  it("variables are set together, from the old ones", async () => {
    const first = { a: "{% 1 %}", b: "{% 2 %}" };
    const swap = { a: "{% $b %}", b: "{% $a %}" };
    const { variables } = await play({
      A: { Type: "Pass", Assign: first, Next: "B" },
      B: { Type: "Pass", Assign: swap, End: true },
    });
    expect(variables).toEqual({ a: 2, b: 1 });
  });

  it("pauses grow by the rate up to the longest one", async () => {
    const Retry = [{ ErrorEquals: ["States.ALL"], IntervalSeconds: 4, MaxAttempts: 3, MaxDelaySeconds: 10 }];
    const failing = async () => Promise.reject(new Error("no"));
    const Arguments = { FunctionName: "f", Payload: {} };
    const done = await play({ A: { ...task, Arguments, Retry } }, {}, failing);
    expect(done.pauses).toEqual([4, 8, 10]);
  });

  it("a field that it does not play is an error, not passed over", async () => {
    const state = { ...task, Arguments: { FunctionName: "f", Payload: {} }, ResultPath: "$.a" };
    await expect(play({ A: state } as never)).rejects.toThrow("ResultPath");
  });

  it("a state that is not there is an error", async () => {
    await expect(play({ A: { Type: "Pass", Next: "B" } })).rejects.toThrow('no state "B"');
  });

  it("a choice without an answer and without a default fails", async () => {
    const done = await play({ A: { Type: "Choice", Choices: [{ Condition: "{% false %}", Next: "A" }] } });
    expect(done).toMatchObject({ status: "FAILED", error: "States.NoChoiceMatched" });
  });

  it("a condition is a boolean", async () => {
    const done = await play({ A: { Type: "Choice", Choices: [{ Condition: "{% 1 %}", Next: "A" }], Default: "A" } });
    expect(done).toMatchObject({ status: "FAILED", error: "States.QueryEvaluationError" });
  });
});
