import type * as z from "zod/mini";
import type { Deps } from "../core/deps.ts";
import { classOf, isNamed } from "../core/errors.ts";
import type { Step } from "../core/status.ts";
import {
  type BatchFunction,
  runBatchStep,
  runStep,
  type StepFunction,
  type StepInput,
  type StepResult,
} from "../core/steps/run.ts";
import { openDeps } from "./runtime/deps.ts";
import { readEnvironment } from "./runtime/environment.ts";
import { stepInput } from "./runtime/inputs.ts";
import { logBug, logFailed, logLine } from "./runtime/log.ts";

/** A Lambda handler; of Lambda's context it looks at the time that is left. */
export type Handler<Out> = (event: unknown, context?: { getRemainingTimeInMillis(): number }) => Promise<Out>;

/** A step of issue-certificates written for one attempt, mapped over the batch with bounded concurrency. */
export function step(name: Step, run: StepFunction, concurrency?: number): Handler<StepResult> {
  return task(name, (deps, input) => runStep(deps, name, input, run, concurrency));
}

/** A step of issue-certificates that takes the whole batch. */
export function batchStep(name: Step, run: BatchFunction): Handler<StepResult> {
  return task(name, (deps, input) => runBatchStep(deps, name, input, run));
}

/**
 * Any other function: parse the event, run, one line of log. `told`: what the line says of this call. `end`: when Lambda
 * stops it.
 */
export function handler<In, Out>(
  name: string,
  schema: z.ZodMiniType<In>,
  run: (deps: Deps, input: In, end: Date) => Promise<Out>,
  told: (input: In, result: Out) => Record<string, unknown> = () => ({}),
): Handler<Out> {
  return async (event, context) => {
    const deps = depsOf(name);
    const from = deps.clock.now();
    try {
      const input = schema.parse(event);
      const end = context ? new Date(from.getTime() + context.getRemainingTimeInMillis()) : farAway;
      const result = await run(deps, input, end);
      const ms = deps.clock.now().getTime() - from.getTime();
      logLine({ function: name, outcome: "done", ...told(input, result), ms });
      return result;
    } catch (error) {
      logFailed(name, { instance: deps.instance, at: deps.clock.now() }, error);
      throw error;
    }
  };
}

/** The end of a call that is not Lambda's: the last instant that a Date can name. */
const farAway = new Date(8.64e15);

function task(name: Step, run: (deps: Deps, input: StepInput) => Promise<StepResult>): Handler<StepResult> {
  const named = (deps: Deps, input: StepInput) =>
    run(deps, input).catch((error: unknown) => Promise.reject(withReason(error)));
  return handler(name, stepInput, named, (input, result) => {
    const { leaseId, round, live } = input;
    const [only] = live.length === 1 ? live : [];
    const one = only && { certificate: `${only.namespace}/${only.name}`, attemptId: only.attemptId };
    return { leaseId, round, asked: live.length, live: result.live.length, waiting: result.waiting.length, ...one };
  });
}

/** Step Functions hands on an error's name only: `RefusedError.StateAccessDenied` tells clean-up, and so the status, why. */
function withReason(error: unknown): unknown {
  if (!(error instanceof Error) || !isNamed(error) || classOf(error) !== "RefusedError") return error;
  return Object.assign(new Error(error.message, { cause: error }), { name: `${error.name}.${error.reason}` });
}

/** Made at the first call of a warm function. */
const opened = new Map<string, Deps>();

function depsOf(name: string): Deps {
  const known = opened.get(name);
  if (known) return known;
  const deps = openDeps(readEnvironment(process.env), name);
  const counting: Deps = {
    ...deps,
    log: (line) => {
      deps.log(line);
      const bug = line.errorClass === "Bug" || line.event === "bug";
      if (bug) logBug({ instance: deps.instance, at: deps.clock.now() });
    },
  };
  opened.set(name, counting);
  return counting;
}
