import { Failure } from "../failure.ts";
import { paint } from "../io.ts";
import { parseNamed, printedKey } from "../kinds.ts";
import { oneObject, type Seen } from "../objects.ts";
import { policyOf } from "../summary.ts";
import type { Call, Installation, Verb } from "../verb.ts";

/** Deletes requests; what then happens with the secret is the request's own word. */
export const deleteVerb: Verb = {
  name: "delete",
  summary: "Delete objects; the stored secret is kept unless the object asks otherwise",
  usage: ["delete KIND NAME... [-n NAMESPACE]", "delete KIND/NAME..."],
  notes: [
    "Renewal stops. With the annotation certwright.dev/deletion-policy: delete the stored secret goes too,",
    "after a recovery window (certwright.dev/recovery-window-days, 7 to 30). What was mirrored to Kubernetes",
    "goes or stays as the Cluster's deletionPolicy says.",
  ],
  options: ["namespace", "ignore-not-found"],
  examples: [
    ["Stop renewing a certificate", "certwright delete certificate web"],
    ["Remove an issuer of a namespace", "certwright delete issuer own-zone -n shop"],
    ["Mirror to a Kubernetes cluster no longer", "certwright delete cluster shop"],
  ],
  run: runDelete,
};

async function runDelete({ values, args, io, connect }: Call): Promise<number> {
  const targets = parseNamed(args);
  const installation = await connect();
  let failed = 0;
  for (const target of targets) {
    try {
      const seen = await oneObject(installation, target, values.namespace ?? "default");
      await installation.requests.delete(seen.key);
      io.out(`${printedKey(seen.key)} deleted${afterwards(seen, installation)}`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (values["ignore-not-found"]) continue;
      failed++;
      io.err(`${paint(io.colour.err, "red", "error:")} ${error.message}`);
    }
  }
  return failed > 0 ? 1 : 0;
}

function afterwards(seen: Seen, { instance }: Installation): string {
  const { certificate, cluster, bundle, written } = seen;
  if (bundle) return "; what it placed in clusters is deleted there";
  if (cluster) return `; its mirrored Secrets ${policyOf(seen) === "delete" ? "are deleted there" : "stay there"}`;
  const issued = certificate?.issued;
  if (!certificate || !issued) return "";
  const name = `${instance}/${certificate.key.namespace}/${issued.secretName}`;
  const { annotations } = written;
  if (annotations["certwright.dev/deletion-policy"] !== "delete") return `; the stored secret ${name} is kept`;
  const days = certificate.recoveryDays ?? annotations["certwright.dev/recovery-window-days"];
  return `; the stored secret ${name} goes too${days ? `, recoverable for ${days} days` : ", after its recovery window"}`;
}
