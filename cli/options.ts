import { parseArgs } from "node:util";
import { UsageError } from "./failure.ts";

interface OptionHelp {
  type: "string" | "boolean";
  short?: string;
  multiple?: true;
  /** What stands after it in the help. */
  value?: string;
  help: string;
}

/** Every option of every verb: one name means one thing. */
const options = {
  namespace: { type: "string", short: "n", value: "NAMESPACE", help: "the namespace (default: default)" },
  "all-namespaces": { type: "boolean", short: "A", help: "every namespace" },
  output: { type: "string", short: "o", value: "FORMAT", help: "wide, json or yaml" },
  selector: { type: "string", short: "l", value: "SELECTOR", help: "only objects with these labels: a=b,c!=d,e" },
  filename: { type: "string", short: "f", multiple: true, value: "PATH", help: "a file, a directory, or - for stdin" },
  recursive: { type: "boolean", short: "R", help: "look into the directory's folders too" },
  "dry-run": { type: "boolean", help: "say what would be done, write nothing" },
  all: { type: "boolean", help: "every Certificate of the namespace" },
  for: {
    type: "string",
    value: "WHAT",
    help: "condition=Ready, condition=Synced, condition=Issuing=False ... or delete",
  },
  timeout: { type: "string", value: "DURATION", help: "give up after 60s, 5m ... (default: 60s)" },
  out: { type: "string", value: "DIR", help: "where the files go; made if it does not exist" },
  user: { type: "string", value: "NAME", help: "the user that a cluster knows certwright's credentials by" },
  group: { type: "string", value: "NAME", help: "the group that a cluster knows them by (EKS: certwright by default)" },
  watch: { type: "boolean", help: "stay, and write the files again whenever the secret has a new version" },
  "on-change": { type: "string", value: "CMD", help: "with --watch: what /bin/sh runs after each change" },
  interval: { type: "string", value: "DURATION", help: "with --watch: how often to look (default: 30s, at least 1s)" },
  reason: { type: "string", value: "REASON", help: "why it is revoked, as in RFC 5280 (default: unspecified)" },
  with: { type: "string", value: "SIGNER", help: "who asks the CA: account or certificateKey" },
  "private-host": {
    type: "string",
    multiple: true,
    value: "HOST",
    help: "a host with a private address that may be asked about revocation",
  },
  yes: { type: "boolean", help: "do what cannot be undone" },
  "ignore-not-found": { type: "boolean", help: "what is not there is no failure" },
  "from-certificate-file": { type: "string", value: "FILE", help: "the Certificate whose key and request are made" },
  "fetch-certificate": { type: "boolean", help: "wait until it is signed, and write the certificate" },
  "output-key-file": { type: "string", value: "FILE", help: "where the private key goes (default: NAME.key)" },
  "output-certificate-file": { type: "string", value: "FILE", help: "where the certificate goes (default: NAME.crt)" },
  instance: { type: "string", value: "NAME", help: "the installation (default: certwright, or CERTWRIGHT_INSTANCE)" },
  help: { type: "boolean", short: "h", help: "show help" },
} as const satisfies Record<string, OptionHelp>;

export type OptionName = keyof typeof options;

/** Options that every verb takes. */
export const everywhere: OptionName[] = ["instance", "help"];

/** The options given, by their long name. */
export type Values = ReturnType<typeof parseStrictly>["values"];

/** Splits a command line into options and the rest. Throws UsageError for an option that no verb has. */
export function parseOptions(argv: string[]): { values: Values; positionals: string[] } {
  try {
    return parseStrictly(argv.map((arg) => (/^--dry-run=(client|server)$/.test(arg) ? "--dry-run" : arg)));
  } catch (error) {
    throw new UsageError((error as Error).message.split(/\. (To|Did)/)[0] ?? "bad option");
  }
}

/** Two columns for the help of a verb: `-n, --namespace=NAMESPACE` and what it does. */
export function optionRows(names: OptionName[]): [string, string][] {
  return names.map((name) => {
    const { short, value, help }: OptionHelp = options[name];
    return [`${short ? `-${short}, ` : "    "}--${name}${value ? `=${value}` : ""}`, help];
  });
}

function parseStrictly(args: string[]) {
  return parseArgs({ args, options, allowPositionals: true, strict: true });
}
