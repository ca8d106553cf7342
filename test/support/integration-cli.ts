import { execFile } from "node:child_process";
import type { TestStack } from "./integration-bed.ts";

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `npx certwright ...` against the stack, as a user with AWS credentials does; `stdin` is what it reads from `-`. */
export function certwright({ facts }: TestStack, args: string[], stdin = ""): Promise<Ran> {
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    AWS_ENDPOINT_URL: facts.emulatorEndpoint,
    AWS_REGION: facts.region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    npm_config_update_notifier: "false",
  };
  return new Promise((resolve) => {
    const child = execFile("npx", ["certwright", ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
    child.stdin?.end(stdin);
  });
}
