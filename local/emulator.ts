import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Launched } from "./launch.ts";
import { launch, untilReady } from "./launch.ts";
import { installed } from "./paths.ts";
import { loopback } from "./ports.ts";

/** The AWS emulator, ministack. */
export interface Emulator {
  /** Its own endpoint; calls made here are neither recorded nor disturbed. */
  endpoint: string;
  pid: number;
  logFile: string;
  stop(): Promise<void>;
}

/** The account everything local lives in. */
export const account = "000000000000";
/** The region everything local lives in. */
export const region = "us-east-1";

/** Starts it; every Lambda it runs calls AWS through `lambdaEndpoint`. */
export async function startEmulator(options: {
  folder: string;
  port: number;
  lambdaEndpoint: string;
  lambdaEnvironment?: Record<string, string>;
}): Promise<Emulator> {
  const { folder, port } = options;
  const logFile = join(folder, "emulator.log");
  const process = launch({
    command: installed.emulator,
    args: [],
    cwd: folder,
    logFile,
    env: environment(options),
  });
  const endpoint = `http://${loopback}:${port}`;
  await ready(process, endpoint, logFile);
  return { endpoint, pid: process.pid, logFile, stop: process.stop };
}

// Lambdas inherit this environment, so it holds nothing of the user's.
function environment(options: Parameters<typeof startEmulator>[0]): Record<string, string> {
  return {
    ...options.lambdaEnvironment,
    PATH: [installed.commands, "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
    HOME: options.folder,
    LANG: "C.UTF-8",
    TMPDIR: temporary(options.folder),
    STATE_DIR: join(options.folder, "state"),
    S3_DATA_DIR: join(options.folder, "s3"),
    LAMBDA_EXECUTOR: "local",
    LAMBDA_WARM_TTL_SECONDS: "60",
    BIND_HOST: loopback,
    GATEWAY_PORT: String(options.port),
    IOT_MTLS_ENABLED: "0",
    SFTP_ENABLED: "0",
    LOG_LEVEL: "WARNING",
    MINISTACK_ACCOUNT_ID: account,
    MINISTACK_REGION: region,
    AWS_ENDPOINT_URL: options.lambdaEndpoint,
  };
}

// The emulator writes CommonJS workers here, and the package of the checkout says that .js files are ES modules.
function temporary(folder: string): string {
  const path = join(folder, "tmp");
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "package.json"), '{"type":"commonjs"}');
  return path;
}

function ready(process: Launched, endpoint: string, logFile: string): Promise<void> {
  const ask = async () => (await fetch(`${endpoint}/_ministack/health`)).ok;
  return untilReady("The AWS emulator", process, { ask, logFile, withinMs: 60_000 });
}
