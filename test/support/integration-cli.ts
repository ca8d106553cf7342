import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { root } from "../../local/paths.ts";
import type { TestStack } from "./integration-bed.ts";

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `npx certwright ...` against the stack, as a user with AWS credentials does; `stdin` is what it reads from `-`. */
export function certwright(stack: TestStack, args: string[], stdin = ""): Promise<Ran> {
  const env = environmentOf(stack);
  return new Promise((resolve) => {
    const child = execFile("npx", ["certwright", ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
    child.stdin?.end(stdin);
  });
}

/** Starts one, by the name that npm gives it, that runs until it is stopped; `stop` sends SIGTERM and answers how it ended. */
export function startCertwright(stack: TestStack, args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), "certwright-command-"));
  const command = join(folder, "certwright");
  symlinkSync(join(root, "local", "start.mjs"), command);
  const child = spawn(command, args, { env: environmentOf(stack), stdio: ["ignore", "pipe", "pipe"] });
  const exit = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
  const ended = Promise.all([exit, text(child.stdout), text(child.stderr)]);
  let said = "";
  child.stderr.on("data", (part: Buffer) => {
    said += part.toString();
  });
  return {
    pid: child.pid ?? 0,
    stderrSoFar: () => said,
    stop: async (): Promise<Ran> => {
      child.kill("SIGTERM");
      const [code, stdout, stderr] = await ended;
      rmSync(folder, { recursive: true });
      return { code, stdout, stderr };
    },
  };
}

function environmentOf({ facts }: TestStack): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    AWS_ENDPOINT_URL: facts.emulatorEndpoint,
    AWS_REGION: facts.region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    npm_config_update_notifier: "false",
  };
}
