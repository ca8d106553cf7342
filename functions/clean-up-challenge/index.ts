import { cleanUpChallenge } from "../../core/steps/clean-up-challenge.ts";
import { cleanUpInput } from "../runtime/inputs.ts";
import { handler as trigger } from "../runtime.ts";

/** Removes what ended attempts left: at the end of an execution, and when the sweep finds leftovers. */
export const handler = trigger("clean-up-challenge", cleanUpInput, (deps, input) =>
  cleanUpChallenge(deps, { ...input, failed: input.failed ?? undefined }),
);
