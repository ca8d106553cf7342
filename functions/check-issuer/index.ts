import { checkIssuer } from "../../core/check-issuer.ts";
import { concurrently } from "../../core/concurrently.ts";
import { issuersOfSecret } from "../../core/issuers-of-secret.ts";
import { idOf } from "../../core/resource.ts";
import { issuerInput } from "../runtime/inputs.ts";
import { handler as trigger } from "../runtime.ts";

/** Makes an issuer ready and wakes the Certificates that wait for it; of a new CA certificate, all issuers that sign with it. */
export const handler = trigger("check-issuer", issuerInput, async (deps, input) => {
  const keys = "key" in input ? [input.key] : await issuersOfSecret(deps, input.detail);
  return concurrently(4, keys, async (key) => {
    const result = await checkIssuer(deps, key);
    deps.log({ event: "issuer-checked", issuer: idOf(key), ...result });
    return result;
  });
});
