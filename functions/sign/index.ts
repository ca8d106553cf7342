import { sign } from "../../core/steps/sign.ts";
import { batchStep } from "../runtime.ts";

/** Signs the requests of a batch with the issuer's CA, or each with its own key. */
export const handler = batchStep("sign", sign);
