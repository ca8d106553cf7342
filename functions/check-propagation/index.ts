import { checkPropagation } from "../../core/steps/check-propagation.ts";
import { batchStep } from "../runtime.ts";

/** Asks whether the changes have reached all name servers. */
export const handler = batchStep("check-propagation", checkPropagation);
