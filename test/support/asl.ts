import jsonata from "jsonata";

/** A small interpreter of Amazon States Language with JSONata: what our state machines use, and an error for all else. */
export interface Machine {
  StartAt: string;
  States: Record<string, AslState>;
}

interface AslState {
  Type: "Task" | "Choice" | "Wait" | "Succeed" | "Fail" | "Pass";
  Comment?: string;
  Next?: string;
  End?: boolean;
  Arguments?: unknown;
  Assign?: Record<string, unknown>;
  Output?: unknown;
  Choices?: { Condition: string; Next: string; Assign?: Record<string, unknown> }[];
  Default?: string;
  Timestamp?: string;
  Seconds?: number | string;
  Retry?: { ErrorEquals: string[]; MaxAttempts?: number; IntervalSeconds?: number; BackoffRate?: number }[];
  Catch?: { ErrorEquals: string[]; Next: string; Assign?: Record<string, unknown> }[];
}

export interface World {
  /** Called for each task with FunctionName and Payload. */
  invoke(functionName: string, payload: unknown): Promise<unknown>;
  /** Called for each Wait and each pause before a retry. */
  waitUntil(time: Date): Promise<void>;
  now(): Date;
  executionName?: string;
}

export interface Execution {
  status: "SUCCEEDED" | "FAILED";
  /** Names of the states entered, in order; AWS bills these, and each retry. */
  entered: string[];
  retries: number;
  variables: Record<string, unknown>;
  error?: string;
}

/** Runs an execution to its end. */
export async function execute(machine: Machine, input: unknown, world: World): Promise<Execution> {
  const run: Execution = { status: "SUCCEEDED", entered: [], retries: 0, variables: {} };
  let stateInput = input;
  let name: string | undefined = machine.StartAt;
  while (name !== undefined) {
    const state: AslState | undefined = machine.States[name];
    if (!state) throw new Error(`no state "${name}"`);
    run.entered.push(name);
    const next: Step = await enter(run, name, state, stateInput, world);
    if (next.failed) return { ...run, status: "FAILED", error: next.failed };
    stateInput = next.output;
    name = next.to;
  }
  return run;
}

interface Step {
  to: string | undefined;
  output: unknown;
  failed?: string;
}

async function enter(run: Execution, name: string, state: AslState, input: unknown, world: World): Promise<Step> {
  const scope = { input, name, retryCount: 0 };
  switch (state.Type) {
    case "Task":
      return task(run, state, scope, world);
    case "Choice":
      return choose(run, state, scope, world);
    case "Wait": {
      await world.waitUntil(await until(run, state, scope, world));
      return { to: next(state), output: input };
    }
    case "Pass":
      return finish(run, state, scope, world, input);
    case "Succeed":
      return { to: undefined, output: input };
    case "Fail":
      return { to: undefined, output: input, failed: name };
  }
}

interface Scope {
  input: unknown;
  name: string;
  retryCount: number;
  result?: unknown;
  errorOutput?: unknown;
}

async function task(run: Execution, state: AslState, scope: Scope, world: World): Promise<Step> {
  const used = new Map<number, number>();
  for (;;) {
    try {
      const { FunctionName, Payload } = (await evaluate(run, state.Arguments, scope, world)) as Record<string, unknown>;
      const payload = await world.invoke(String(FunctionName), JSON.parse(JSON.stringify(Payload)));
      return await finish(run, state, { ...scope, result: { Payload: payload } }, world, { Payload: payload });
    } catch (error) {
      const pause = retryOf(state, errorName(error), used);
      if (pause !== undefined) {
        scope.retryCount += 1;
        run.retries += 1;
        await world.waitUntil(new Date(world.now().getTime() + pause * 1_000));
        continue;
      }
      return caught(run, state, scope, world, error);
    }
  }
}

function retryOf(state: AslState, error: string, used: Map<number, number>): number | undefined {
  const index = (state.Retry ?? []).findIndex((retry) => matches(retry.ErrorEquals, error));
  const retry = state.Retry?.[index];
  const times = used.get(index) ?? 0;
  if (!retry || times >= (retry.MaxAttempts ?? 3)) return undefined;
  used.set(index, times + 1);
  return (retry.IntervalSeconds ?? 1) * (retry.BackoffRate ?? 2) ** times;
}

async function caught(run: Execution, state: AslState, scope: Scope, world: World, error: unknown): Promise<Step> {
  const handler = (state.Catch ?? []).find((one) => matches(one.ErrorEquals, errorName(error)));
  if (!handler) return { to: undefined, output: undefined, failed: errorName(error) };
  const errorOutput = { Error: errorName(error), Cause: error instanceof Error ? error.message : String(error) };
  await assign(run, handler.Assign, { ...scope, errorOutput }, world);
  return { to: handler.Next, output: {} };
}

function matches(names: string[], error: string): boolean {
  return names.includes("States.ALL") || names.includes(error);
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : "Error";
}

async function choose(run: Execution, state: AslState, scope: Scope, world: World): Promise<Step> {
  for (const choice of state.Choices ?? []) {
    const answer = await evaluate(run, choice.Condition, scope, world);
    if (typeof answer !== "boolean") throw new Error(`${scope.name}: a Condition must be a boolean`);
    if (answer) {
      await assign(run, choice.Assign, scope, world);
      return { to: choice.Next, output: scope.input };
    }
  }
  if (state.Default === undefined) throw new Error("States.NoChoiceMatched");
  return { to: state.Default, output: scope.input };
}

async function finish(run: Execution, state: AslState, scope: Scope, world: World, result: unknown): Promise<Step> {
  const output = state.Output === undefined ? result : await evaluate(run, state.Output, scope, world);
  await assign(run, state.Assign, scope, world);
  return { to: next(state), output };
}

function next(state: AslState): string | undefined {
  if (!state.End && state.Next === undefined) throw new Error("a state has neither Next nor End");
  return state.Next;
}

async function until(run: Execution, state: AslState, scope: Scope, world: World): Promise<Date> {
  if (state.Timestamp !== undefined) {
    const text = String(await evaluate(run, state.Timestamp, scope, world));
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text)) throw new Error(`Wait: not a timestamp: ${text}`);
    return new Date(text);
  }
  return new Date(world.now().getTime() + Number(await evaluate(run, state.Seconds, scope, world)) * 1_000);
}

/** All values are computed from the old variables, then set at once, as on AWS. */
async function assign(
  run: Execution,
  values: Record<string, unknown> | undefined,
  scope: Scope,
  world: World,
): Promise<void> {
  if (!values) return;
  const computed = (await evaluate(run, values, scope, world)) as Record<string, unknown>;
  Object.assign(run.variables, JSON.parse(JSON.stringify(computed)));
}

async function evaluate(run: Execution, template: unknown, scope: Scope, world: World): Promise<unknown> {
  if (typeof template === "string") {
    const expression = /^\{%(.*)%\}$/s.exec(template)?.[1];
    return expression === undefined ? template : evaluateExpression(run, expression, scope, world);
  }
  if (Array.isArray(template)) return Promise.all(template.map((one) => evaluate(run, one, scope, world)));
  if (typeof template !== "object" || template === null) return template;
  const entries = Object.entries(template).map(
    async ([name, one]) => [name, await evaluate(run, one, scope, world)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** On AWS an expression that gives nothing is an error (States.QueryEvaluationError). */
async function evaluateExpression(run: Execution, text: string, scope: Scope, world: World): Promise<unknown> {
  const expression = jsonata(text);
  const states = {
    input: scope.input,
    ...(scope.result === undefined ? {} : { result: scope.result }),
    ...(scope.errorOutput === undefined ? {} : { errorOutput: scope.errorOutput }),
    context: {
      Execution: { Name: world.executionName ?? "test" },
      State: { Name: scope.name, RetryCount: scope.retryCount, EnteredTime: world.now().toISOString() },
    },
  };
  const value: unknown = await expression.evaluate(undefined, { ...run.variables, states });
  if (value === undefined)
    throw Object.assign(new Error(`nothing from {%${text}%} in ${scope.name}`), {
      name: "States.QueryEvaluationError",
    });
  return JSON.parse(JSON.stringify(value));
}
