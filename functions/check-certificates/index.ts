import * as z from "zod/mini";
import { checkCertificates } from "../../core/check-certificates.ts";
import { resourceKey } from "../runtime/inputs.ts";
import { handler as trigger } from "../runtime.ts";

/** Asks CAs when working certificates are to be renewed (RFC 9773): for the sweep. */
export const handler = trigger(
  "check-certificates",
  z.object({ keys: z.array(resourceKey) }),
  (deps, { keys }) => checkCertificates(deps, keys),
  ({ keys }, report) => ({ asked: keys.length, ...report }),
);
