import type { AttemptRef } from "../../../core/rows.ts";
import type { StepInput, StepResult } from "../../../core/steps/run.ts";
import { cleanUpInput, stepInput } from "../../../functions/runtime/inputs.ts";
import { type Execution, execute } from "../../support/asl.ts";
import { machine } from "./machine.ts";

/** What a stub says once; the next call of its task gets the next answer, or `on` when there is none. */
export type Answer = (input: StepInput, now: Date) => unknown;
/** Answers by the name of the state. */
export type Script = Record<string, Answer[]>;

export interface Run extends Execution {
  /** Every call, its payload as the functions parse it. */
  calls: { state: string; payload: unknown }[];
  /** The instants of all Waits and pauses that took time, in order, with the time at which each began. */
  waits: { from: string; until: string }[];
  end: Date;
}

export const start = new Date("2026-11-22T12:00:00Z");

/** All that are live go on, nothing waits. */
const on: Answer = ({ live }) => ({ live, waiting: [], waitUntil: null, round: 0, since: null });

/** Everybody waits one more round until so many seconds from now. */
export function waits(seconds: number): Answer {
  return ({ live, round, since }, now) => ({
    live,
    waiting: live,
    waitUntil: new Date(now.getTime() + seconds * 1_000).toISOString(),
    round: round + 1,
    since: since ?? now.getTime(),
  });
}

/** All go on, to a step that has nothing to see before so many seconds from now. */
export function nextIn(seconds: number): Answer {
  return ({ live }, now) => ({
    live,
    waiting: [],
    waitUntil: new Date(now.getTime() + seconds * 1_000).toISOString(),
    round: 1,
    since: now.getTime(),
  });
}

/** Only these attempts go on. */
export function keeps(which: (ref: AttemptRef) => boolean): Answer {
  return ({ live }) => ({ live: live.filter(which), waiting: [], waitUntil: null, round: 0, since: null });
}

/** The whole Lambda fails with an error of this name. */
export function fails(name: string): Answer {
  return () => {
    throw Object.assign(new Error("a stub failed"), { name });
  };
}

export function says(result: Partial<StepResult>): Answer {
  return () => result;
}

export function refs(count: number): AttemptRef[] {
  return Array.from({ length: count }, (_, index) => ({ namespace: "web", name: `c${index}`, attemptId: `a${index}` }));
}

/** Runs the real state machine over stubs and a clock that only Waits move. */
export async function run(script: Script = {}, attempts = refs(1), route?: "sign" | "order"): Promise<Run> {
  const seen: Pick<Run, "calls" | "waits"> = { calls: [], waits: [] };
  let now = start;
  const execution = await execute(
    machine,
    { leaseId: "lease-1", issuer: "_cluster/ClusterIssuer/le", attempts, ...(route && { route }) },
    {
      now: () => now,
      waitUntil: async (time) => {
        if (time <= now) return;
        seen.waits.push({ from: now.toISOString(), until: time.toISOString() });
        now = time;
      },
      invoke: async (functionName, payload) => {
        const state = stateOf(functionName);
        const nth = seen.calls.filter((call) => call.state === state).length;
        const parsed = state === "Clean up challenge" ? cleanUpInput.parse(payload) : stepInput.parse(payload);
        seen.calls.push({ state, payload });
        const answer = script[state]?.[nth];
        if (state === "Clean up challenge") return answer ? answer(parsed as never, now) : { cleaned: 0, kept: 0 };
        return (answer ?? on)(parsed as StepInput, now);
      },
    },
  );
  return { ...execution, ...seen, end: now };
}

/** The payloads that a task was called with. */
export function payloadsOf(done: Run, state: string): StepInput[] {
  return done.calls.filter((call) => call.state === state).map(({ payload }) => payload as StepInput);
}

/** `${CreateOrder}` is the placeholder of the state "Create order". */
function stateOf(placeholder: string): string {
  const name = /^\$\{(\w+)\}$/.exec(placeholder)?.[1] ?? "";
  const words = name.replace(
    /([a-z])([A-Z])/g,
    (_match, end: string, begin: string) => `${end} ${begin.toLowerCase()}`,
  );
  if (!machine.States[words]) throw new Error(`no state for ${placeholder}`);
  return words;
}
