import { account } from "./commands/account.ts";
import { apply } from "./commands/apply.ts";
import { create } from "./commands/create.ts";
import { deleteVerb } from "./commands/delete.ts";
import { describeVerb } from "./commands/describe.ts";
import { explainVerb } from "./commands/explain.ts";
import { exportVerb } from "./commands/export.ts";
import { get } from "./commands/get.ts";
import { historyVerb } from "./commands/history.ts";
import { inspectVerb } from "./commands/inspect.ts";
import { kubernetes } from "./commands/kubernetes.ts";
import { renew } from "./commands/renew.ts";
import { revoke } from "./commands/revoke.ts";
import { version } from "./commands/version.ts";
import { wait } from "./commands/wait.ts";
import { explain, UsageError } from "./failure.ts";
import { overview, verbHelp } from "./help.ts";
import { type Io, paint } from "./io.ts";
import { everywhere, parseOptions, type Values } from "./options.ts";
import type { Installation, Verb } from "./verb.ts";

const verbs: Verb[] = [
  ...[apply, create, get, describeVerb, explainVerb, historyVerb, wait, renew, revoke, deleteVerb, exportVerb],
  ...[inspectVerb, account],
  kubernetes,
  version,
];

/** What a command line needs from outside. */
export interface World {
  io: Io;
  /** Finds the installation of that name, or the one that the environment names. */
  connect(instance: string | undefined): Promise<Installation>;
  /** Aborts when the user or the system asks the program to end; asking for it is what makes it end by itself then. */
  untilStopped(): AbortSignal;
}

/** Runs one command line (without `certwright`) and answers its exit code: 0 done, 1 failed, 2 bad usage. */
export async function run(argv: string[], world: World): Promise<number> {
  try {
    return await runVerb(argv, world);
  } catch (error) {
    return report(error, world.io);
  }
}

async function runVerb(argv: string[], { io, connect, untilStopped }: World): Promise<number> {
  const { values, positionals } = parseOptions(argv.map((arg) => (arg === "--version" ? "version" : arg)));
  const [word, ...args] = positionals;
  if (word === undefined || word === "help") {
    io.out(args[0] === undefined ? overview(verbs) : verbHelp(verbNamed(args[0])));
    return 0;
  }
  const verb = verbNamed(word);
  if (values.help) {
    io.out(verbHelp(verb));
    return 0;
  }
  refuseForeignOptions(verb, values);
  try {
    return await verb.run({ values, args, io, connect: () => connect(values.instance), untilStopped });
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(error.message, verb.name) : error;
  }
}

function verbNamed(word: string): Verb {
  const verb = verbs.find(({ name }) => name === word);
  if (!verb)
    throw new UsageError(`there is no verb "${word}": it is one of ${verbs.map(({ name }) => name).join(", ")}`);
  return verb;
}

function refuseForeignOptions(verb: Verb, values: Values): void {
  const taken = new Set<string>([...verb.options, ...everywhere]);
  for (const name of Object.keys(values))
    if (!taken.has(name)) throw new UsageError(`${verb.name} has no option --${name}`, verb.name);
}

function report(error: unknown, io: Io): number {
  const label = paint(io.colour.err, "red", "error:");
  if (error instanceof UsageError) {
    io.err(`${label} ${error.message}`);
    io.err(`See: certwright help${error.verb ? ` ${error.verb}` : ""}`);
    return 2;
  }
  const { message, fix } = explain(error);
  io.err(`${label} ${message}`);
  if (fix) io.err(fix);
  return 1;
}
