import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { startWithErrorNames } from "./emulator-errors.ts";
import type { Launched } from "./launch.ts";
import { launch, untilReady } from "./launch.ts";
import { installed } from "./paths.ts";
import { loopback } from "./ports.ts";

/** The AWS emulator, ministack. */
export interface Emulator {
  /** Its own endpoint; calls made here are neither recorded nor disturbed. */
  endpoint: string;
  /** Another one after a restart. */
  readonly pid: number;
  logFile: string;
  /** Stops it as SIGTERM does and starts it again on its port; resolves when it answers. Needs `persistState`. */
  restart(): Promise<void>;
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
  auth?: boolean;
  persistState?: boolean;
}): Promise<Emulator> {
  const { folder, port } = options;
  const logFile = join(folder, "emulator.log");
  const start = () =>
    launch({
      command: installed.python,
      args: ["-c", startWithErrorNames],
      cwd: folder,
      logFile,
      env: environment(options),
    });
  let process = start();
  const endpoint = `http://${loopback}:${port}`;
  await ready(process, endpoint, logFile);
  return {
    endpoint,
    get pid() {
      return process.pid;
    },
    logFile,
    async restart() {
      await process.stop(saveMs);
      process = start();
      await ready(process, endpoint, logFile);
    },
    stop: () => process.stop(),
  };
}

/** How long it may take to write its state down. */
const saveMs = 60_000;

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
    AUTH: String(options.auth ?? false),
    ...(options.persistState ? { PERSIST_STATE: "1", S3_PERSIST: "1" } : {}),
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
