import { spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { account, region } from "./emulator.ts";
import { installed, root } from "./paths.ts";
import type { Stack } from "./stack.ts";

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
  const { tell = () => undefined } = options;
  const assembly = join(stack.folder, "cdk.out");
  const context = Object.entries({ ...localContext(options.instance), ...options.context });
  const app = options.app === undefined ? [] : ["--app", options.app];
  const cdk = (...args: string[]) => runCdk(stack, args, options.signal);
  await Promise.all([
    timed("cdk bootstrap", tell, () => cdk("bootstrap", `aws://${account}/${region}`)),
    timed("cdk synth", tell, () =>
      cdk(
        "synth",
        "--quiet",
        "--output",
        assembly,
        ...app,
        ...context.flatMap(([key, value]) => ["-c", `${key}=${value}`]),
      ),
    ),
  ]);
  await timed("cdk deploy", tell, () =>
    cdk(
      "deploy",
      "--app",
      assembly,
      "--all",
      "--require-approval",
      "never",
      "--method",
      "direct",
      "--progress",
      "events",
    ),
  );
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
  return { instance, allowedPrivateHosts: "127.0.0.1,localhost", removalPolicy: "destroy", zones: "*" };
}

async function timed(what: string, tell: (line: string) => void, work: () => Promise<void>): Promise<void> {
  const began = performance.now();
  await work();
  tell(`${what} took ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

function runCdk(stack: Stack, args: string[], signal: AbortSignal | undefined): Promise<void> {
  const log = join(stack.folder, "cdk.log");
  const child = spawn(join(installed.commands, "cdk"), [...args, "--no-notices", "--no-color"], {
    cwd: root,
    env: environment(stack),
    stdio: ["ignore", "pipe", "pipe"],
    ...(signal ? { signal } : {}),
  });
  for (const output of [child.stdout, child.stderr]) output.on("data", (chunk: Buffer) => appendFileSync(log, chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
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
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-25).join("\n");
}
