import { parseArgs } from "node:util";
import type { Clients } from "./clients.ts";
import { createClients } from "./clients.ts";
import { awsEnvironment, deploy } from "./deploy.ts";
import { readExamples } from "./examples.ts";
import { follow } from "./follow.ts";
import type { DemoCluster } from "./kubernetes/demo.ts";
import { joinCluster, kubectl, kubectlGetSecrets, startDemoCluster, untilMirrored } from "./kubernetes/demo.ts";
import type { Manifest } from "./requests.ts";
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
    /** A Kubernetes cluster, too, to which the examples are mirrored. */
    kubernetes: { type: "boolean", default: false },
    /** Seconds between sweeps beside the one of every minute; 0 leaves it at that. */
    "sweep-every": { type: "string", default: "10" },
    /** Seconds the examples may take. */
    within: { type: "string", default: "180" },
  },
});
const withinSeconds = Number(options.within);
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
  let demo: DemoCluster | undefined;
  try {
    screen.line(`emulator, Pebble, DNS server and proxy took ${seconds(began)}; logs are in ${stack.folder}`);
    if (options.kubernetes) demo = await startKubernetes(stack);
    const clients = createClients(stack.emulatorEndpoint, stack.region);
    await deploy(stack, { instance, tell: screen.line, signal: stopping });
    await seed(stack, clients, instance);
    screen.line(`made the zone ${zoneName} and the ClusterIssuers pebble and pebble-two-minutes`);
    publish(stack);
    return await serve({ stack, clients, demo, stopping });
  } catch (error) {
    if (stopping.aborted) return interrupted;
    throw error;
  } finally {
    withdrawRun(process.pid);
    await demo?.cluster.stop();
    await stack.stop();
  }
}

async function startKubernetes(stack: Stack): Promise<DemoCluster> {
  const began = performance.now();
  const demo = await startDemoCluster(stack);
  screen.line(`etcd and kube-apiserver took ${seconds(began)}; the cluster is at ${demo.cluster.admin.server}`);
  return demo;
}

interface Serving {
  stack: Stack;
  clients: Clients;
  demo: DemoCluster | undefined;
  stopping: AbortSignal;
}

async function serve({ stack, clients, demo, stopping }: Serving): Promise<number> {
  const everySeconds = Number(options["sweep-every"]);
  const stopSweeping = everySeconds > 0 ? keepSweeping(clients, instance, everySeconds) : () => undefined;
  try {
    screen.title("Applying examples/");
    const examples = readExamples();
    for (const manifest of examples) await putRequest(clients.dynamo, `${instance}-requests`, manifest);
    if (demo) await joinCluster(demo, stack, clients, instance);
    const certificates = examples.filter(({ kind }) => kind === "Certificate");
    const { account, region } = stack;
    const asked = { clients, account, region, instance, certificates, withinSeconds, screen, signal: stopping };
    const notReady = await follow(asked);
    for (const line of stopping.aborted ? [] : notReady) {
      screen.trouble(`not Ready after ${withinSeconds} s: ${line}`);
    }
    const notMirrored = demo ? await showMirrored(demo, certificates, stopping) : [];
    if (stopping.aborted) return interrupted;
    if (options.once) return notReady.length + notMirrored.length === 0 ? 0 : 1;
    showCommands(stack, demo);
    await new Promise<void>((resolve) => stopping.addEventListener("abort", () => resolve()));
    return 0;
  } finally {
    stopSweeping();
  }
}

async function showMirrored(demo: DemoCluster, certificates: Manifest[], stopping: AbortSignal): Promise<string[]> {
  const began = performance.now();
  const missing = await untilMirrored(demo, certificates, { withinSeconds, signal: stopping });
  if (stopping.aborted) return missing;
  for (const id of missing) screen.trouble(`not mirrored after ${withinSeconds} s: ${id}`);
  const mirrored = certificates.length - missing.length;
  screen.title(`${mirrored} Secrets were in the cluster ${seconds(began)} later; kubectl get secrets -A`);
  for (const line of (await kubectlGetSecrets(demo)).trimEnd().split("\n")) screen.line(line);
  return missing;
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

function showCommands(stack: Stack, demo: DemoCluster | undefined): void {
  screen.title("The stack stays up until Ctrl-C. Try, in another terminal:");
  for (const line of [
    "npx certwright get certificates -A",
    "npx certwright describe certificate minimal",
    "npx certwright renew minimal",
    "npx certwright export minimal --out /tmp/minimal",
  ]) {
    screen.line(line);
  }
  if (demo) {
    screen.title("In the cluster, as its administrator:");
    for (const line of [
      `export KUBECONFIG=${demo.kubeconfigFile}`,
      `${kubectl} get secrets -A`,
      `${kubectl} describe secret minimal-tls`,
      "npx certwright get clusters -o wide",
    ]) {
      screen.line(line);
    }
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
