import { createOrder } from "../../core/steps/create-order.ts";
import { step } from "../runtime.ts";

/** Orders the certificate, or finds the order an attempt has (RFC 8555 7.4). */
export const handler = step("create-order", createOrder);
