import type { ResourceKey } from "../../core/resource.ts";
import { UsageError } from "../failure.ts";
import { paint } from "../io.ts";
import { certificateName, inNamespace, keyIn, printedKey } from "../kinds.ts";
import { listObjects, renewAnnotation, scopeOf } from "../objects.ts";
import { parseSelector } from "../selector.ts";
import type { Call, Installation, Verb } from "../verb.ts";

/** Asks for a new certificate now, by an annotation on the request. */
export const renew: Verb = {
  name: "renew",
  summary: "Issue certificates anew now, without waiting for their renewal",
  usage: ["renew NAME... [-n NAMESPACE]", "renew --all [-n NAMESPACE|-A]", "renew -l SELECTOR [-n NAMESPACE|-A]"],
  notes: [
    "The stored secret stays in use until the new certificate is written. A certificate that waits",
    "after a failure is tried again at once; rate limits still hold.",
  ],
  options: ["all", "selector", "namespace", "all-namespaces"],
  examples: [
    ["Renew one and wait for it", "certwright renew web && certwright wait certificate/web"],
    ["Renew all of a namespace", "certwright renew --all -n web"],
    ["Renew a team's everywhere", "certwright renew -l team=payments -A"],
  ],
  run: runRenew,
};

async function runRenew({ values, args, io, connect }: Call): Promise<number> {
  const ways = [args.length > 0, values.all === true, values.selector !== undefined].filter(Boolean).length;
  if (ways !== 1) throw new UsageError("name the Certificates, or give one of --all and -l");
  const names = args.map((arg) => certificateName(arg, "renewed"));
  const scope = scopeOf(values);
  if (names.length > 0 && scope.all) throw new UsageError("names do not go with -A: a name lives in one namespace");
  const selects = parseSelector(values.selector);
  const installation = await connect();
  const chosen =
    names.length > 0
      ? names.map((name) => keyIn(scope.namespace, "Certificate", name))
      : (await listObjects(installation, "Certificate", scope))
          .filter(({ written }) => selects(written.labels))
          .map(({ key }) => key);
  if (chosen.length === 0) io.err(`No Certificates found${scope.all ? "" : ` in ${scope.namespace} namespace`}.`);
  let missing = 0;
  for (const key of chosen) {
    if (await ask(installation, key))
      io.out(`${printedKey(key)} renewal requested${scope.all ? inNamespace(key) : ""}`);
    else {
      missing++;
      io.err(`${paint(io.colour.err, "red", "error:")} ${printedKey(key)} not found${inNamespace(key)}`);
    }
  }
  return missing > 0 ? 1 : 0;
}

/** Milliseconds count: two requests within a second are two. */
function ask({ annotate, clock }: Installation, key: ResourceKey): Promise<boolean> {
  return annotate(key, renewAnnotation, clock.now().toISOString());
}
