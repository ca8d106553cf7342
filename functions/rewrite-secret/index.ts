import * as z from "zod/mini";
import { idOf } from "../../core/resource.ts";
import { rewriteSecrets } from "../../core/rewrite/rewrite-secret.ts";
import { resourceKey } from "../runtime/inputs.ts";
import { handler as trigger } from "../runtime.ts";

/** Writes stored secrets anew without an issuance, and looks at those that somebody else wrote. */
export const handler = trigger("rewrite-secret", z.object({ keys: z.array(resourceKey) }), async (deps, { keys }) => {
  const rewritten = await rewriteSecrets(deps, keys);
  for (const { key, did, reason } of rewritten) {
    deps.log({ event: "secret-looked-at", certificate: idOf(key), did, ...(reason === undefined ? {} : { reason }) });
  }
  return { looked: rewritten.length };
});
