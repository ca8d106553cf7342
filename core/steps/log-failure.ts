import type { Deps } from "../deps.ts";
import { classOf } from "../errors.ts";
import type { AttemptRef } from "../rows.ts";
import type { Step } from "../status.ts";

/** One line for an attempt that failed in a step. A line of class Bug is counted by the alarm `bugs` (functions/runtime.ts). */
export function logFailure(deps: Pick<Deps, "log">, ref: AttemptRef, step: Step, error: Error): void {
  const errorClass = classOf(error);
  const bug = errorClass === "Bug" ? { stack: error.stack } : {};
  const reason = "reason" in error ? error.reason : error.name;
  const { namespace, name, attemptId } = ref;
  deps.log({
    step,
    outcome: "failed",
    certificate: `${namespace}/${name}`,
    attemptId,
    errorClass,
    reason,
    message: error.message,
    ...bug,
  });
}
