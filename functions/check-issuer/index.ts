import * as z from "zod/mini";
import { checkIssuer } from "../../core/check-issuer.ts";
import { resourceKey } from "../runtime/inputs.ts";
import { handler as trigger } from "../runtime.ts";

/** Makes an issuer ready and wakes the Certificates that wait for it. */
export const handler = trigger("check-issuer", z.object({ key: resourceKey }), async (deps, { key }) => {
  const result = await checkIssuer(deps, key);
  deps.log({ event: "issuer-checked", issuer: `${key.namespace}/${key.kind}/${key.name}`, ...result });
  return result;
});
