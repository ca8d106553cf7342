import { writeSecret } from "../../core/steps/write-secret.ts";
import { step } from "../runtime.ts";

/** Checks the certificate, writes the secret, tells the bus, then the status. */
export const handler = step("write-secret", writeSecret);
