import { publishChallenge } from "../../core/steps/publish-challenge.ts";
import { batchStep } from "../runtime.ts";

/** Publishes the TXT records of the whole batch, one change per zone. */
export const handler = batchStep("publish-challenge", publishChallenge);
