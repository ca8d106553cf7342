import { writeSecret } from "../../core/steps/write-secret.ts";
import { batchStep } from "../runtime.ts";

/** Checks the certificate, writes the secret, tells the bus, then the status. */
export const handler = batchStep("write-secret", writeSecret);
