/** What an expression of the state machine sees. */
export interface Scope {
  variables: Record<string, unknown>;
  input: unknown;
  result?: unknown;
  errorOutput?: { Error: string };
  retryCount: number;
  /** RFC 3339, of the state that runs. */
  enteredTime: string;
}

export type Value = (scope: Scope) => unknown;

/**
 * Compiles a template of the state machine. Of JSONata it knows what that file uses: a path from a variable or `$states`, `= null`
 * or `= 'text'` after one, another path in place of null, and a text where a path leads nowhere. Anything else is refused, so that
 * the two cannot part unseen.
 */
export function compile(template: unknown): Value {
  if (typeof template === "string") return compileText(template);
  if (Array.isArray(template)) {
    const parts = template.map(compile);
    return (scope) => parts.map((part) => part(scope));
  }
  if (typeof template !== "object" || template === null) return () => template;
  const parts = Object.entries(template).map(([name, one]) => [name, compile(one)] as const);
  return (scope) => {
    const value: Record<string, unknown> = {};
    for (const [name, part] of parts) value[name] = part(scope);
    return value;
  };
}

function compileText(text: string): Value {
  const inner = /^\{% (.*) %\}$/s.exec(text)?.[1];
  if (inner === undefined) return () => text;
  const [, compared, literal] = /^(\S+) = (?:null|'(\w+)')$/.exec(inner) ?? [];
  if (compared !== undefined) {
    const value = path(compared);
    return (scope) => value(scope) === (literal ?? null);
  }
  const [, nullable, instead, same] = /^(\S+) = null \? (\S+) : (\S+)$/.exec(inner) ?? [];
  if (instead !== undefined && nullable === same) return inPlaceOfNull(path(nullable ?? ""), path(instead));
  const [, asked, found, otherwise] = /^\$exists\((\S+)\) \? (\S+) : '(\w+)'$/.exec(inner) ?? [];
  return asked !== undefined && asked === found ? orElse(path(asked), otherwise) : path(inner);
}

function inPlaceOfNull(value: Value, instead: Value): Value {
  return (scope) => value(scope) ?? instead(scope);
}

function orElse(value: Value, otherwise: unknown): Value {
  return (scope) => {
    try {
      return value(scope);
    } catch {
      return otherwise;
    }
  };
}

function path(text: string): Value {
  if (!/^\$[A-Za-z]+(\.[A-Za-z]+)*$/.test(text)) throw new Error(`the fleet's machine does not understand: ${text}`);
  const [root = "", ...names] = text.slice(1).split(".");
  const from = root === "states" ? statesOf : ({ variables }: Scope) => variables[root];
  return (scope) => {
    let value = from(scope);
    for (const name of names) value = (value as Record<string, unknown> | undefined)?.[name];
    if (value === undefined) throw Object.assign(new Error(text), { name: "States.QueryEvaluationError" });
    return value;
  };
}

function statesOf({ input, result, errorOutput, retryCount, enteredTime }: Scope): unknown {
  return { input, result, errorOutput, context: { State: { RetryCount: retryCount, EnteredTime: enteredTime } } };
}
