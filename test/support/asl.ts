import { type Machine as AslMachine, type AslState, edge, matches, refuseUnknown } from "./asl-machine.ts";
import { evaluate, type States, statesError } from "./asl-values.ts";

export type Machine = AslMachine;

export interface World {
  /** Called for each task with FunctionName and Payload. */
  invoke(functionName: string, payload: unknown): Promise<unknown>;
  /** Called for each Wait and each pause before a retry (the longest that its jitter allows). */
  waitUntil(time: Date): Promise<void>;
  now(): Date;
  executionName?: string;
}

export interface Execution {
  status: "SUCCEEDED" | "FAILED";
  /** Names of the states entered, in order; AWS bills these, and each retry. */
  entered: string[];
  /** The transitions taken, in order, named as edgesOf() names them. */
  edges: string[];
  retries: number;
  variables: Record<string, unknown>;
  error?: string;
}

/**
 * A small interpreter of Amazon States Language with JSONata: plays what our state machines use, and an error for all else.
 * Runs an execution to its end.
 */
export async function execute(machine: Machine, input: unknown, world: World): Promise<Execution> {
  const run: Execution = { status: "SUCCEEDED", entered: [], edges: [], retries: 0, variables: {} };
  let stateInput = input;
  let name: string | undefined = machine.StartAt;
  while (name !== undefined) {
    const state: AslState | undefined = machine.States[name];
    if (!state) throw new Error(`no state "${name}"`);
    refuseUnknown(name, state);
    run.entered.push(name);
    const step: Step = await enter(run, name, state, stateInput, world).catch(failedByStates);
    if (step.failed !== undefined) return { ...run, status: "FAILED", error: step.failed };
    run.edges.push(edge(name, step.by, step.to));
    stateInput = step.output;
    name = step.to;
  }
  return run;
}

interface Step {
  /** Which of the state's ways out: next, default, choice 0, catch 0. */
  by: string;
  to: string | undefined;
  output: unknown;
  failed?: string;
}

/** Choice and Wait have no Catch: an expression that fails there ends the execution. */
function failedByStates(error: unknown): Step {
  if (error instanceof Error && error.name.startsWith("States.")) return failedWith(error.name);
  throw error;
}

function failedWith(failed: string): Step {
  return { by: "fail", to: undefined, output: undefined, failed };
}

async function enter(run: Execution, name: string, state: AslState, input: unknown, world: World): Promise<Step> {
  const scope: Scope = { input, name, retryCount: 0, enteredAt: world.now() };
  switch (state.Type) {
    case "Task":
      return task(run, state, scope, world);
    case "Choice":
      return choose(run, state, scope, world);
    case "Wait": {
      await world.waitUntil(await until(run, state, scope, world));
      return { by: "next", to: next(state), output: input };
    }
    case "Pass":
      return finish(run, state, scope, world, input);
    case "Succeed":
      return { by: "next", to: undefined, output: input };
    case "Fail":
      return failedWith(name);
  }
}

interface Scope {
  input: unknown;
  name: string;
  retryCount: number;
  enteredAt: Date;
  result?: unknown;
  errorOutput?: { Error: string; Cause: string };
}

async function task(run: Execution, state: AslState, scope: Scope, world: World): Promise<Step> {
  const used = new Map<number, number>();
  for (;;) {
    try {
      const { FunctionName, Payload } = (await value(run, state.Arguments, scope, world)) as Record<string, unknown>;
      const payload = await world.invoke(String(FunctionName), JSON.parse(JSON.stringify(Payload)));
      const result = { ExecutedVersion: "$LATEST", Payload: payload, StatusCode: 200 };
      return await finish(run, state, { ...scope, result }, world, result);
    } catch (error) {
      const retry = retryOf(state, errorName(error), used);
      if (!retry) return caught(run, state, scope, world, error);
      run.edges.push(edge(scope.name, `retry ${retry.index}`, scope.name));
      run.retries += 1;
      scope.retryCount += 1;
      await world.waitUntil(new Date(world.now().getTime() + retry.pauseSeconds * 1_000));
    }
  }
}

/** Each retrier counts for itself; RetryCount counts all of them. */
function retryOf(state: AslState, error: string, used: Map<number, number>) {
  const index = (state.Retry ?? []).findIndex((retry) => matches(retry.ErrorEquals, error));
  const retry = state.Retry?.[index];
  const times = used.get(index) ?? 0;
  if (!retry || times >= (retry.MaxAttempts ?? 3)) return undefined;
  used.set(index, times + 1);
  const pause = (retry.IntervalSeconds ?? 1) * (retry.BackoffRate ?? 2) ** times;
  return { index, pauseSeconds: Math.min(pause, retry.MaxDelaySeconds ?? pause) };
}

async function caught(run: Execution, state: AslState, scope: Scope, world: World, error: unknown): Promise<Step> {
  const index = (state.Catch ?? []).findIndex((one) => matches(one.ErrorEquals, errorName(error)));
  const handler = state.Catch?.[index];
  if (!handler) return failedWith(errorName(error));
  const Cause = error instanceof Error ? error.message : String(error);
  const errorOutput = { Error: errorName(error), Cause };
  const output = await value(run, handler.Output ?? errorOutput, { ...scope, errorOutput }, world);
  await assign(run, handler.Assign, { ...scope, errorOutput }, world);
  return { by: `catch ${index}`, to: handler.Next, output };
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : "Error";
}

async function choose(run: Execution, state: AslState, scope: Scope, world: World): Promise<Step> {
  for (const [index, choice] of (state.Choices ?? []).entries()) {
    const answer = await value(run, choice.Condition, scope, world);
    if (typeof answer !== "boolean") throw statesError("States.QueryEvaluationError", `${scope.name}: no boolean`);
    if (answer) {
      await assign(run, choice.Assign, scope, world);
      return { by: `choice ${index}`, to: choice.Next, output: scope.input };
    }
  }
  if (state.Default === undefined) throw statesError("States.NoChoiceMatched", scope.name);
  return { by: "default", to: state.Default, output: scope.input };
}

async function finish(run: Execution, state: AslState, scope: Scope, world: World, result: unknown): Promise<Step> {
  const output = state.Output === undefined ? result : await value(run, state.Output, scope, world);
  await assign(run, state.Assign, scope, world);
  return { by: "next", to: next(state), output };
}

function next(state: AslState): string | undefined {
  if (!state.End && state.Next === undefined) throw new Error("a state has neither Next nor End");
  return state.Next;
}

async function until(run: Execution, state: AslState, scope: Scope, world: World): Promise<Date> {
  if (state.Timestamp === undefined) {
    return new Date(world.now().getTime() + Number(await value(run, state.Seconds, scope, world)) * 1_000);
  }
  const text = String(await value(run, state.Timestamp, scope, world));
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text)) return new Date(text);
  throw statesError("States.Runtime", `${scope.name}: not a timestamp: ${text}`);
}

/** All values are computed from the old variables, then set at once, as on AWS. */
async function assign(
  run: Execution,
  values: Record<string, unknown> | undefined,
  scope: Scope,
  world: World,
): Promise<void> {
  if (values) Object.assign(run.variables, await value(run, values, scope, world));
}

function value(run: Execution, template: unknown, scope: Scope, world: World): Promise<unknown> {
  const { input, name, retryCount, enteredAt, result, errorOutput } = scope;
  const states: States = {
    input,
    ...(result === undefined ? {} : { result }),
    ...(errorOutput === undefined ? {} : { errorOutput }),
    context: {
      Execution: { Name: world.executionName ?? "test" },
      State: { Name: name, EnteredTime: enteredAt.toISOString(), RetryCount: retryCount },
    },
  };
  return evaluate(template, states, run.variables);
}
