import { X509Certificate } from "node:crypto";
import { storedName } from "../../core/deps.ts";
import type { StoreName } from "../../core/rows.ts";
import { Failure, UsageError } from "../failure.ts";
import { download } from "../inspect/download.ts";
import { inspect } from "../inspect/inspection.ts";
import { inspectionText } from "../inspect/text.ts";
import { rootsOfThisComputer } from "../inspect/trust.ts";
import { document, parseFormat } from "../output.ts";
import type { Call, Installation, Verb } from "../verb.ts";

/** Tells what the certificate in a stored secret says, and whether it is trusted and not revoked; prints no key. */
export const inspectVerb: Verb = {
  name: "inspect",
  summary: "Look into a stored secret: names, validity, issuer, chain, trust and revocation; prints no key",
  usage: ["inspect secret NAME [-n NAMESPACE] [-o json|yaml] [--private-host HOST]..."],
  notes: [
    "NAME is spec.secretName. Needs the right to read the stored secret. Revocation lists and OCSP responders that the certificate",
    "names are asked by this computer; none at a private address, unless --private-host names its host (or host:port).",
  ],
  options: ["namespace", "output", "private-host"],
  examples: [
    ["What is in it, and would this computer trust it?", "certwright inspect secret web-tls"],
    ["Was it revoked?", "certwright inspect secret web-tls -o json | jq -r .crl.status"],
  ],
  run: runInspect,
};

async function runInspect({ values, args, io, connect }: Call): Promise<number> {
  const name = nameFrom(args);
  const format = parseFormat(values.output);
  if (format === "wide") throw new UsageError("inspect has no -o wide");
  const namespace = values.namespace ?? "default";
  const installation = await connect();
  const stored = storedName(installation.instance, namespace, name);
  const { value, store } = await readIn(installation, namespace, name, stored);
  const now = installation.clock.now();
  const allowedPrivateHosts = values["private-host"] ?? [];
  const seen = await inspect({
    ...{ value, stored, now },
    roots: rootsOfThisComputer().map((pem) => new X509Certificate(pem)),
    download: (request) => download({ ...request, allowedPrivateHosts }),
  });
  const head = { name: stored, store };
  io.out(
    format === "table"
      ? `Secret:  ${stored} (${store})\n\n${inspectionText(seen, now.getTime(), io.colour.out)}`
      : document({ ...head, ...seen }, format),
  );
  return 0;
}

/** From the store that State names, or from the one that has it. */
async function readIn(
  { state, readSecret }: Installation,
  namespace: string,
  name: string,
  stored: string,
): Promise<{ value: string; store: StoreName }> {
  const claim = await state.secretClaim(namespace, name);
  const stores: StoreName[] = claim ? [claim.store] : ["secretsManager", "s3"];
  for (const store of stores) {
    const value = await readSecret(store, stored);
    if (value !== undefined) return { value, store };
  }
  throw new Failure(`there is no stored secret ${stored}`, "NAME is spec.secretName; is it another namespace (-n)?");
}

function nameFrom(args: string[]): string {
  const [what, name, more] = args;
  if (what === undefined) throw new UsageError("inspect what? inspect secret NAME");
  const [kind, slashed] = what.split("/");
  if (!["secret", "secrets"].includes((kind ?? "").toLowerCase()))
    throw new UsageError(`only secrets can be inspected, not ${what}`);
  const found = slashed ?? name;
  if (!found) throw new UsageError("which secret? give its name");
  if (more !== undefined || (slashed !== undefined && name !== undefined))
    throw new UsageError("inspect takes one name");
  return found;
}
