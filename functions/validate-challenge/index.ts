import { validateChallenge } from "../../core/steps/validate-challenge.ts";
import { step } from "../runtime.ts";

/** Tells the CA to validate, and asks for its verdict (RFC 8555 7.5.1). */
export const handler = step("validate-challenge", validateChallenge);
