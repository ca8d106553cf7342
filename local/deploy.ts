import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { account, region } from "./emulator.ts";
import { installed, root } from "./paths.ts";
import type { Stack } from "./stack.ts";

/** What is deployed, and how it is told. */
export interface DeployOptions {
  instance: string;
  /** The CDK app; default is what cdk.json says. */
  app?: string;
  /** More context, over the local stack's own. */
  context?: Record<string, string>;
  tell?: (line: string) => void;
  /** Ends it early. */
  signal?: AbortSignal;
}

/** Runs the real `cdk bootstrap` and `cdk deploy` against the emulator; the synth goes on beside the bootstrap. */
export async function deploy(stack: Stack, options: DeployOptions): Promise<void> {
  const { tell = () => undefined, signal } = options;
  const failed = new AbortController();
  const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const cdk = async (cwd: string, ...args: string[]) => {
    const began = performance.now();
    await runCdk(stack, cwd, args, either);
    tell(`cdk ${args[0]} took ${((performance.now() - began) / 1000).toFixed(1)} s`);
  };
  const assembly = join(stack.folder, "cdk.out");
  const app = options.app === undefined ? [] : ["--app", options.app];
  const context = Object.entries({ ...localContext(options.instance), ...options.context });
  const settings = context.flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  try {
    tell("running cdk bootstrap and cdk synth ...");
    await Promise.all([
      // In a folder without cdk.json it does not synth as well.
      cdk(stack.folder, "bootstrap", `aws://${account}/${region}`),
      cdk(root, "synth", "--quiet", "--output", assembly, ...app, ...settings),
    ]);
    tell("running cdk deploy ...");
    const unattended = ["--require-approval", "never", "--method", "direct", "--progress", "events"];
    await cdk(stack.folder, "deploy", "--app", assembly, "--all", ...unattended);
  } catch (error) {
    failed.abort();
    throw error;
  }
}

/** What a client or a command needs to call the emulator at this endpoint. */
export function awsEnvironment(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
}

function localContext(instance: string): Record<string, string> {
  const settings = {
    allowedPrivateHosts: "127.0.0.1,localhost",
    removalPolicy: "destroy",
    zones: "*",
    dnsPersist: "true",
  };
  return { instance, ...settings, http01: '{"functionUrl":"public"}' };
}

function runCdk(stack: Stack, cwd: string, args: string[], signal: AbortSignal): Promise<void> {
  const log = join(stack.folder, "cdk.log");
  const child = spawn(join(installed.commands, "cdk"), [...args, "--no-notices", "--no-color"], {
    cwd,
    env: environment(stack),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  for (const output of [child.stdout, child.stderr]) output.on("data", (chunk: Buffer) => appendFileSync(log, chunk));
  // The app that it runs is in its group.
  const end = () => void (child.pid !== undefined && child.exitCode === null && process.kill(-child.pid, "SIGTERM"));
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      signal.removeEventListener("abort", end);
      if (code === 0) resolve();
      else reject(new Error(`cdk ${args[0]} failed; the end of ${log}:\n${tail(log)}`));
    });
  });
}

// Nothing of the user's AWS settings may reach a deploy that is meant for the emulator.
function environment(stack: Stack): Record<string, string> {
  return {
    ...awsEnvironment(stack.emulatorEndpoint),
    PATH: [installed.commands, process.env.PATH ?? ""].join(delimiter),
    HOME: stack.folder,
    TMPDIR: join(stack.folder, "tmp"),
    CDK_DISABLE_VERSION_CHECK: "1",
    CDK_DISABLE_CLI_TELEMETRY: "true",
    CI: "1",
  };
}

function tail(file: string): string {
  if (!existsSync(file)) return "nothing was written";
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-25).join("\n");
}
