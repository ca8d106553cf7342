import { parseArgs } from "node:util";
import type { Clients } from "./clients.ts";
import { createClients } from "./clients.ts";
import { awsEnvironment, deploy } from "./deploy.ts";
import { readExamples } from "./examples.ts";
import { follow } from "./follow.ts";
import { putRequest } from "./requests.ts";
import { publishRun, withdrawRun } from "./runs.ts";
import { createScreen } from "./screen.ts";
import { seed, zoneName } from "./seed.ts";
import type { Stack } from "./stack.ts";
import { startStack } from "./stack.ts";
import { keepSweeping } from "./sweeper.ts";

const instance = "certwright";
/** The exit code of a stop before everything was up. */
const interrupted = 130;

const { values: options } = parseArgs({
  options: {
    /** Stop when all examples are Ready. */
    once: { type: "boolean", default: false },
    /** Seconds between sweeps beside the one of every minute; 0 leaves it at that. */
    "sweep-every": { type: "string", default: "10" },
    /** Seconds the examples may take. */
    within: { type: "string", default: "180" },
  },
});
const screen = createScreen(process.stdout);
process.exitCode = await run().catch((error: unknown) => {
  screen.trouble(whatHappened(error));
  return 1;
});

async function run(): Promise<number> {
  const stopping = stopSignal();
  const began = performance.now();
  screen.title("Starting the local stack");
  const stack = await startStack({ onTrouble: screen.trouble });
  try {
    screen.line(`emulator, Pebble, DNS server and proxy took ${seconds(began)}; logs are in ${stack.folder}`);
    const clients = createClients(stack.emulatorEndpoint, stack.region);
    await deploy(stack, { instance, tell: screen.line, signal: stopping });
    await seed(stack, clients, instance);
    screen.line(`made the zone ${zoneName} and the ClusterIssuers pebble and pebble-two-minutes`);
    publish(stack);
    return await serve(stack, clients, stopping);
  } catch (error) {
    if (stopping.aborted) return interrupted;
    throw error;
  } finally {
    withdrawRun(process.pid);
    await stack.stop();
  }
}

async function serve(stack: Stack, clients: Clients, stopping: AbortSignal): Promise<number> {
  const everySeconds = Number(options["sweep-every"]);
  const stopSweeping = everySeconds > 0 ? keepSweeping(clients, instance, everySeconds) : () => undefined;
  try {
    screen.title("Applying examples/");
    const examples = readExamples();
    for (const manifest of examples) await putRequest(clients.dynamo, `${instance}-requests`, manifest);
    const certificates = examples.filter(({ kind }) => kind === "Certificate");
    const { account, region } = stack;
    const withinSeconds = Number(options.within);
    const asked = { clients, account, region, instance, certificates, withinSeconds, screen, signal: stopping };
    const notReady = await follow(asked);
    if (stopping.aborted) return interrupted;
    for (const line of notReady) screen.trouble(`not Ready after ${withinSeconds} s: ${line}`);
    if (options.once) return notReady.length === 0 ? 0 : 1;
    showCommands(stack);
    await new Promise<void>((resolve) => stopping.addEventListener("abort", () => resolve()));
    return 0;
  } finally {
    stopSweeping();
  }
}

// A terminal sends Ctrl-C to start.mjs and to us, which hands it on: two of them are one.
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => controller.abort());
  // Whoever started us is gone without a word, or nobody reads what we say.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && controller.abort(), 1_000).unref();
  process.stdout.on("error", () => controller.abort());
  return controller.signal;
}

function publish(stack: Stack): void {
  const { folder, endpoint, region, account, controlUrl } = stack;
  publishRun({ pid: process.pid, folder, endpoint, region, account, instance, controlUrl });
}

function showCommands(stack: Stack): void {
  screen.title("The stack stays up until Ctrl-C. Try, in another terminal:");
  for (const line of [
    "npx certwright get certificates -A",
    "npx certwright describe certificate minimal",
    "npx certwright renew minimal",
    "npx certwright export minimal --out /tmp/minimal",
  ]) {
    screen.line(line);
  }
  screen.title("Or with AWS's own tools:");
  for (const [name, value] of Object.entries(awsEnvironment(stack.endpoint))) screen.line(`export ${name}=${value}`);
  screen.line(`aws dynamodb scan --table-name ${instance}-requests`);
  screen.line(`aws secretsmanager get-secret-value --secret-id ${instance}/default/minimal-tls`);
}

// The stack's own errors say all in their message.
function whatHappened(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.constructor === Error ? error.message : (error.stack ?? error.message);
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}
