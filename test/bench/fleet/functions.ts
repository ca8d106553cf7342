import type { FunctionName } from "../../../cdk/functions.ts";
import { checkIssuer } from "../../../core/check-issuer.ts";
import type { Deps } from "../../../core/deps.ts";
import { dispatch } from "../../../core/dispatch/dispatch.ts";
import { idOf, type ResourceKey } from "../../../core/resource.ts";
import { resync } from "../../../core/resync.ts";
import { checkPropagation } from "../../../core/steps/check-propagation.ts";
import { type CleanUpInput, cleanUpChallenge } from "../../../core/steps/clean-up-challenge.ts";
import { createOrder } from "../../../core/steps/create-order.ts";
import { finalizeOrder } from "../../../core/steps/finalize-order.ts";
import { prepare } from "../../../core/steps/prepare.ts";
import { publishChallenge } from "../../../core/steps/publish-challenge.ts";
import { runBatchStep, runStep, type StepInput } from "../../../core/steps/run.ts";
import { validateChallenge } from "../../../core/steps/validate-challenge.ts";
import { writeSecret } from "../../../core/steps/write-secret.ts";
import { sweep } from "../../../core/sweep.ts";

type Run = (deps: Deps, payload: unknown) => Promise<unknown>;

/** What functions/<name>/index.ts runs, without the parsing of its event. */
export const functions: Partial<Record<FunctionName, Run>> = {
  dispatch: (deps, payload) => dispatchAll(deps, (payload as { keys: ResourceKey[] }).keys),
  sweep: (deps) => sweepOnce(deps),
  resync: (deps) => resync(deps),
  "check-issuer": (deps, payload) => checkIssuer(deps, (payload as { key: ResourceKey }).key),
  prepare: step((deps, input) => runStep(deps, "prepare", input, prepare, 4)),
  "create-order": step((deps, input) => runStep(deps, "create-order", input, createOrder)),
  "publish-challenge": step((deps, input) => runBatchStep(deps, "publish-challenge", input, publishChallenge)),
  "check-propagation": step((deps, input) => runBatchStep(deps, "check-propagation", input, checkPropagation)),
  "validate-challenge": step((deps, input) => runStep(deps, "validate-challenge", input, validateChallenge)),
  "finalize-order": step((deps, input) => runStep(deps, "finalize-order", input, finalizeOrder)),
  "write-secret": step((deps, input) => runBatchStep(deps, "write-secret", input, writeSecret)),
  "clean-up-challenge": (deps, payload) => {
    const input = payload as CleanUpInput & { failed?: string | null };
    return cleanUpChallenge(deps, { ...input, failed: input.failed ?? undefined });
  },
};

/** Each step logs one line about as long as this one. */
const doneLine = {
  function: "publish-challenge",
  outcome: "done",
  leaseId: "".padEnd(36),
  round: 0,
  asked: 50,
  live: 50,
};

function step(run: (deps: Deps, input: StepInput) => Promise<unknown>): Run {
  return async (deps, payload) => {
    const result = await run(deps, payload as StepInput);
    deps.log(doneLine);
    return result;
  };
}

async function dispatchAll(deps: Deps, keys: ResourceKey[]): Promise<void> {
  for (const { key, action, reason } of await dispatch(deps, keys)) {
    deps.log({ certificate: idOf(key), action, reason });
  }
}

/** With its report and the two metrics. */
async function sweepOnce(deps: Deps): Promise<void> {
  const { verdicts, ...report } = await sweep(deps);
  deps.log({ function: "sweep", outcome: "done", ...report });
  deps.log({ metrics: "".padEnd(metricsBytes) });
}

const metricsBytes = 300;
