import { readFileSync } from "node:fs";
import { type AslState, type Machine, matches, type Retrier, refuseUnknown } from "../../support/asl-machine.ts";
import { compile, type Scope, type Value } from "./jsonata-paths.ts";

/** The world around an execution. */
export interface MachineWorld {
  /** Runs a task's function, `${CreateOrder}`; throws what it throws. */
  invoke(functionName: string, payload: unknown): Promise<unknown>;
  waitUntil(at: number): Promise<void>;
  now(): number;
  /** Each state entered, and each repeat of one, is a transition that AWS bills. */
  transition(): Promise<void>;
  /** A Wait was entered. */
  waited?(): void;
}

/** The product's state machine, with its expressions compiled: nothing of it is written down again here. */
export function compiledMachine() {
  const file = new URL("../../../state-machines/issue-certificates.asl.json", import.meta.url);
  const machine = JSON.parse(readFileSync(file, "utf8")) as Machine;
  const states = new Map(Object.entries(machine.States).map(([name, state]) => [name, compiledState(name, state)]));
  return async (input: unknown, world: MachineWorld): Promise<"SUCCEEDED" | "FAILED"> => {
    const scope: Scope = { variables: {}, input, retryCount: 0, enteredTime: "" };
    for (let name: string | undefined = machine.StartAt; name !== undefined; ) {
      const state = states.get(name);
      if (!state) throw new Error(`no state ${name}`);
      await world.transition();
      scope.enteredTime = new Date(world.now()).toISOString();
      const next: string | false | undefined = await state(scope, world);
      if (next === false) return "FAILED";
      name = next;
    }
    return "SUCCEEDED";
  };
}

/** Answers the next state, undefined at the end, false after an error that nobody caught. */
type State = (scope: Scope, world: MachineWorld) => Promise<string | false | undefined>;

function compiledState(name: string, state: AslState): State {
  refuseUnknown(name, state);
  switch (state.Type) {
    case "Task":
      return taskState(state);
    case "Choice":
      return choiceState(state);
    case "Wait":
      return waitState(state);
    default:
      throw new Error(`the fleet's machine does not play ${state.Type}`);
  }
}

function choiceState({ Choices = [], Default }: AslState): State {
  const choices = Choices.map(({ Condition, Next }) => ({ holds: compile(Condition), Next }));
  return async (scope) => choices.find(({ holds }) => holds(scope) === true)?.Next ?? Default;
}

function waitState({ Timestamp, Next }: AslState): State {
  const until = compile(Timestamp);
  return async (scope, world) => {
    world.waited?.();
    await world.waitUntil(Date.parse(String(until(scope))));
    return Next;
  };
}

function taskState(state: AslState): State {
  const given = compile(state.Arguments);
  const assigned = compile(state.Assign ?? {});
  const output = compile(state.Output);
  const catchers = (state.Catch ?? []).map((one) => ({ ...one, assigned: compile(one.Assign ?? {}) }));
  const attempt = async (scope: Scope, world: MachineWorld) => {
    const { FunctionName, Payload } = given(scope) as Record<string, unknown>;
    scope.result = { Payload: await world.invoke(String(FunctionName), Payload) };
    const next = output(scope);
    assign(scope, assigned);
    scope.input = next;
  };
  return async (scope, world) => {
    const used = new Map<Retrier, number>();
    for (scope.retryCount = 0; ; scope.retryCount += 1) {
      const failure = await attempt(scope, world).catch(errorName);
      if (failure === undefined) return state.Next;
      const pause = pauseOf(state, failure, used);
      if (pause === undefined) return caught(scope, catchers, failure);
      await world.waitUntil(world.now() + pause);
      await world.transition();
    }
  };
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : "Error";
}

function caught(
  scope: Scope,
  catchers: { ErrorEquals: string[]; Next: string; assigned: Value }[],
  error: string,
): string | false {
  const found = catchers.find(({ ErrorEquals }) => matches(ErrorEquals, error));
  if (!found) return false;
  scope.errorOutput = { Error: error };
  assign(scope, found.assigned);
  return found.Next;
}

/** All values are computed from the old variables, then set at once. */
function assign(scope: Scope, values: Value): void {
  scope.variables = { ...scope.variables, ...(values(scope) as Record<string, unknown>) };
}

/** Half of the pause: the jitter is FULL, this is its mean. */
function pauseOf(state: AslState, error: string, used: Map<Retrier, number>): number | undefined {
  const retrier = (state.Retry ?? []).find(({ ErrorEquals }) => matches(ErrorEquals, error));
  const times = retrier ? (used.get(retrier) ?? 0) : 0;
  if (!retrier || times >= (retrier.MaxAttempts ?? 3)) return undefined;
  used.set(retrier, times + 1);
  const seconds = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** times;
  return Math.min(seconds, retrier.MaxDelaySeconds ?? seconds) * 500;
}
