import * as z from "zod/mini";
import { revokeCertificate } from "../../core/revocation/revoke.ts";
import { attemptRef } from "../runtime/inputs.ts";
import { handler as trigger } from "../runtime.ts";

/** Revokes what an attempt made, blocks its key if it leaked, and sees to it that nothing of it stays in use. */
export const handler = trigger("revoke-certificate", z.object({ ref: attemptRef }), async (deps, { ref }) => {
  const row = await revokeCertificate(deps, ref);
  const { revokedAt, refusal, message, ended } = row ?? {};
  deps.log({ event: "revocation", certificate: `${ref.namespace}/${ref.name}`, revokedAt, refusal, message, ended });
  return { ended: ended ?? null };
});
