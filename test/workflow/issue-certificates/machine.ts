import { readFileSync } from "node:fs";
import type { Machine } from "../../support/asl.ts";

/** The state machine as it is deployed, with its placeholders. */
export const machine = JSON.parse(
  readFileSync(new URL("../../../state-machines/issue-certificates.asl.json", import.meta.url), "utf8"),
) as Machine;

/** The tasks of an order that take a StepInput, in the machine's order; the last state is Clean up challenge. */
export const stepStates = [
  "Prepare",
  "Create order",
  "Publish challenge",
  "Check propagation",
  "Validate challenge",
  "Finalize order",
  "Write secret",
] as const;

/** The same of an issuer that signs at once. */
export const signStates = ["Prepare", "Sign", "Write secret"] as const;

export const cleanUp = "Clean up challenge";

/** The steps that may wait, with the states of their loop. */
export const loops = [
  { task: "Check propagation", choice: "Propagated?", wait: "Wait for propagation", next: "Validate challenge" },
  { task: "Validate challenge", choice: "Validated?", wait: "Wait for validation", next: "Finalize order" },
  { task: "Finalize order", choice: "Finalized?", wait: "Wait for certificate", next: "Write secret" },
] as const;
