import { ca } from "../../adapters/issuers/ca.ts";
import { selfSigned } from "../../adapters/issuers/self-signed.ts";
import { signTemporary } from "../../adapters/issuers/signing/temporary.ts";
import type { Signers } from "../../core/signing-port.ts";

/** The real ones: they reach nothing outside. */
export const signers: Signers = {
  ca: async (order, by) => ca.sign(order, by),
  selfSigned: async (order, by) => selfSigned.sign(order, by),
  temporary: signTemporary,
};
