/** A state machine in Amazon States Language with JSONata. */
export interface Machine {
  Comment?: string;
  QueryLanguage?: string;
  StartAt: string;
  States: Record<string, AslState>;
}

export interface AslState {
  Type: keyof typeof fieldsOf;
  Comment?: string;
  Next?: string;
  End?: boolean;
  Resource?: string;
  TimeoutSeconds?: number;
  Arguments?: unknown;
  Assign?: Record<string, unknown>;
  Output?: unknown;
  Choices?: { Condition: string; Next: string; Assign?: Record<string, unknown> }[];
  Default?: string;
  Timestamp?: string;
  Seconds?: number | string;
  Retry?: Retrier[];
  Catch?: { ErrorEquals: string[]; Next: string; Assign?: Record<string, unknown>; Output?: unknown }[];
}

export interface Retrier {
  ErrorEquals: string[];
  MaxAttempts?: number;
  IntervalSeconds?: number;
  BackoffRate?: number;
  MaxDelaySeconds?: number;
  JitterStrategy?: "FULL" | "NONE";
}

/** The fields this interpreter plays; another one would be passed over in silence. */
const fieldsOf = {
  Task: ["Resource", "TimeoutSeconds", "Arguments", "Assign", "Output", "Retry", "Catch", "Next", "End"],
  Choice: ["Choices", "Default"],
  Wait: ["Timestamp", "Seconds", "Next", "End"],
  Pass: ["Assign", "Output", "Next", "End"],
  Succeed: [],
  Fail: [],
} as const;

/** Every transition that a machine has: `Validated? -default-> Wait for validation`. */
export function edgesOf(machine: Machine): string[] {
  return Object.entries(machine.States).flatMap(([name, state]) => [
    ...(state.Choices ?? []).map((choice, index) => edge(name, `choice ${index}`, choice.Next)),
    ...(state.Default === undefined ? [] : [edge(name, "default", state.Default)]),
    ...(state.Retry ?? []).map((_, index) => edge(name, `retry ${index}`, name)),
    ...(state.Catch ?? []).map((one, index) => edge(name, `catch ${index}`, one.Next)),
    ...(state.Next !== undefined || state.End ? [edge(name, "next", state.Next)] : []),
  ]);
}

/** The name of a transition: `by` is next, default, choice 0, retry 1, catch 0. */
export function edge(from: string, by: string, to: string | undefined): string {
  return `${from} -${by}-> ${to ?? "end"}`;
}

/** Whether one of these error names stands for this error; States.ALL is not quite all (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html). */
export function matches(names: string[], error: string): boolean {
  const catchable = !["States.DataLimitExceeded", "States.Runtime"].includes(error);
  const failedTask = error !== "States.Timeout" && names.includes("States.TaskFailed");
  return names.includes(error) || (catchable && (names.includes("States.ALL") || failedTask));
}

/** Throws for a field that the interpreter would pass over in silence. */
export function refuseUnknown(name: string, state: AslState): void {
  const known: string[] = ["Type", "Comment", ...fieldsOf[state.Type]];
  const unknown = Object.keys(state).filter((field) => !known.includes(field));
  if (unknown.length > 0) throw new Error(`${name}: this interpreter does not play ${unknown.join(", ")}`);
}
