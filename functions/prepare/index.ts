import { prepare } from "../../core/steps/prepare.ts";
import { step } from "../runtime.ts";

/** RSA keys are made by the CPU: a few at once. */
const keysAtOnce = 4;

/** Makes the key and the CSR of each attempt and seals the key. */
export const handler = step("prepare", prepare, keysAtOnce);
