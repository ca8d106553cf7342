import jsonata from "jsonata";

/** What an expression sees beside the variables: `$states` (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html). */
export interface States {
  input: unknown;
  result?: unknown;
  errorOutput?: { Error: string; Cause: string };
  context: {
    Execution: { Name: string };
    State: { Name: string; EnteredTime: string; RetryCount: number };
  };
}

/** Evaluates every `{% %}` in a template. An expression that gives nothing is an error, as on AWS. */
export async function evaluate(
  template: unknown,
  states: States,
  variables: Record<string, unknown>,
): Promise<unknown> {
  if (typeof template === "string") return evaluateText(template, states, variables);
  if (Array.isArray(template)) return Promise.all(template.map((one) => evaluate(one, states, variables)));
  if (typeof template !== "object" || template === null) return template;
  const entries = Object.entries(template).map(
    async ([name, one]) => [name, await evaluate(one, states, variables)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** An error of Step Functions itself, by its name. */
export function statesError(name: `States.${string}`, message: string): Error {
  return Object.assign(new Error(message), { name });
}

const parsed = new Map<string, ReturnType<typeof jsonata>>();

/** Parsed once; each evaluation has its own variables. */
function expressionOf(text: string): ReturnType<typeof jsonata> {
  const known = parsed.get(text);
  if (known) return known;
  const fresh = jsonata(text);
  fresh.registerFunction("eval", () => {
    throw new Error("$eval is not there in Step Functions");
  });
  parsed.set(text, fresh);
  return fresh;
}

async function evaluateText(text: string, states: States, variables: Record<string, unknown>): Promise<unknown> {
  const inner = /^\{%(.*)%\}$/s.exec(text)?.[1];
  if (inner === undefined && !/\{%|%\}/.test(text)) return text;
  const where = `${text} in ${states.context.State.Name}`;
  if (inner === undefined) throw new Error(`an expression must be the whole text: ${where}`);
  const value: unknown = await expressionOf(inner)
    .evaluate(undefined, { ...variables, states })
    .catch((error: unknown) => {
      const why = error instanceof Error ? error.message : (error as { message?: string }).message;
      throw statesError("States.QueryEvaluationError", `${where}: ${why}`);
    });
  if (value === undefined) throw statesError("States.QueryEvaluationError", `${where}: gives nothing`);
  return JSON.parse(JSON.stringify(value));
}
