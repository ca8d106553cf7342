import { annotationNames } from "../../core/annotations.ts";
import { Failure, UsageError } from "../failure.ts";
import { parseNamed, printedKey } from "../kinds.ts";
import { oneObject, type Seen } from "../objects.ts";
import type { Call, Installation, Verb } from "../verb.ts";

/** Asks for what is done with an issuer's ACME account, by annotations on the issuer. */
export const account: Verb = {
  name: "account",
  summary: "Give an issuer's ACME account a new key, or close it",
  usage: ["account rotate-key KIND/NAME [-n NAMESPACE]", "account deactivate KIND/NAME [-n NAMESPACE] --yes"],
  notes: [
    "rotate-key: the account stays, and so do its limits; the old key is worth nothing afterwards.",
    "deactivate: the CA serves the account never again. The issuer is not ready from then on; for another account",
    "name another spec.acme.privateKeySecretRef. Certificates that were issued stay valid.",
  ],
  options: ["namespace", "yes"],
  examples: [
    [
      "Change the account's key and wait",
      "certwright account rotate-key clusterissuer/le && certwright wait clusterissuer/le",
    ],
    ["Close the account of a tenant's issuer", "certwright account deactivate issuer/le -n web --yes"],
  ],
  run: runAccount,
};

async function runAccount({ values, args, io, connect }: Call): Promise<number> {
  const [what, ...named] = args;
  if (what !== "rotate-key" && what !== "deactivate") {
    const refused = what === undefined ? "" : `there is no "account ${what}"; `;
    throw new UsageError(`${refused}write account rotate-key KIND/NAME or account deactivate KIND/NAME`);
  }
  const target = issuerNamed(named);
  const installation = await connect();
  const seen = await oneObject(installation, target, values.namespace ?? "default");
  const url = accountOf(seen);
  const name = printedKey(seen.key);
  if (what === "rotate-key") {
    await ask(installation, seen, annotationNames.rotateAccountKeyRequestedAt, installation.clock.now().toISOString());
    io.out(`${name} new account key requested for ${url}`);
    return 0;
  }
  if (!values.yes) {
    io.err(`${name}: this closes ${url} for ever; nothing is issued by this issuer afterwards.`);
    throw new UsageError("deactivate needs --yes");
  }
  await ask(installation, seen, annotationNames.deactivateAccount, url);
  io.out(`${name} deactivation requested for ${url}`);
  return 0;
}

function issuerNamed(named: string[]): { kind: "Issuer" | "ClusterIssuer"; name: string } {
  if (named.length === 0) throw new UsageError("whose account? give KIND/NAME, such as clusterissuer/letsencrypt");
  const [target, ...more] = parseNamed(named);
  if (!target || more.length > 0) throw new UsageError("account takes one issuer at a time");
  const { kind, name } = target;
  if (kind !== "Issuer" && kind !== "ClusterIssuer") throw new UsageError(`only issuers have accounts, not ${kind}`);
  return { kind, name };
}

/** The URL of its account that State knows. */
function accountOf({ key, issuer }: Seen): string {
  const known = issuer?.acme;
  const name = printedKey(key);
  if (!known) throw new Failure(`${name} has no account`, `See: certwright describe ${name.replace("/", " ")}`);
  if (known.deactivatedAt === undefined) return known.accountUrl;
  const fix = "Name another spec.acme.privateKeySecretRef for a new account.";
  throw new Failure(`the account ${known.accountUrl} of ${name} was deactivated at ${known.deactivatedAt}`, fix);
}

async function ask({ annotate }: Installation, { key }: Seen, annotation: string, value: string): Promise<void> {
  if (!(await annotate(key, annotation, value))) throw new Failure(`${printedKey(key)} was deleted`);
}
