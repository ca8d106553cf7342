import { finalizeOrder } from "../../core/steps/finalize-order.ts";
import { step } from "../runtime.ts";

/** Sends the CSR and downloads the certificate (RFC 8555 7.4, 7.4.2). */
export const handler = step("finalize-order", finalizeOrder);
