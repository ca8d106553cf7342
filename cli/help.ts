import { everywhere, optionRows } from "./options.ts";
import type { Verb } from "./verb.ts";

/** What `certwright --help` prints. */
export function overview(verbs: Verb[]): string {
  return [
    "certwright: certificates as objects, issued and renewed for you.",
    "",
    "Usage:",
    "  certwright VERB [options]",
    "",
    "Verbs:",
    columns(verbs.map(({ name, summary }) => [name, summary])),
    "",
    "Kinds: certificate (cert), certificaterequest (cr), issuer, clusterissuer, cluster, bundle; singular or plural.",
    "",
    "Examples:",
    "  certwright apply -f examples/minimal",
    "  certwright wait certificate/minimal --for=condition=Ready",
    "  certwright describe certificate minimal",
    "",
    "`certwright help VERB` or `certwright VERB --help` shows more. Exit codes: 0 done, 1 failed, 2 bad usage.",
  ].join("\n");
}

/** What `certwright help VERB` prints. */
export function verbHelp(verb: Verb): string {
  return [
    `${verb.summary}.`,
    "",
    "Usage:",
    ...verb.usage.map((line) => `  certwright ${line}`),
    ...(verb.notes.length === 0 ? [] : ["", ...verb.notes]),
    "",
    "Options:",
    columns(optionRows([...verb.options, ...everywhere])),
    "",
    "Examples:",
    ...verb.examples.flatMap(([why, line]) => [`  # ${why}`, `  ${line}`]),
  ].join("\n");
}

function columns(rows: [string, string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`).join("\n");
}
