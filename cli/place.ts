import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { Failure } from "./failure.ts";

export type Environment = Record<string, string | undefined>;

/** Where an installation is asked: AWS by its usual environment, or the local stack of this checkout. */
export type Place = { where: "aws"; instance: string } | ({ where: "local" } & LocalStack);

/** What `npm start` writes into `.local/run/current.json`. */
type LocalStack = z.infer<typeof localStack>;

const localStack = z.object({
  endpoint: z.string(),
  region: z.string(),
  instance: z.string(),
  pid: z.int().check(z.positive()),
});

/** Each of them says that AWS, and no local stack, is meant. A region alone says nothing: many machines set one. */
const saysAws = [
  "AWS_ACCESS_KEY_ID",
  "AWS_PROFILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_ENDPOINT_URL",
];

/**
 * Decides which installation is meant: AWS when the environment speaks of it, else a local stack that runs in the checkout
 * at `root` and has the asked name, else AWS by its configuration files or, for an asked name, by whatever the SDK finds.
 * Throws Failure when nothing is left.
 */
export function findPlace(env: Environment, asked: string | undefined, root: string): Place {
  const name = asked || env.CERTWRIGHT_INSTANCE || undefined;
  const aws: Place = { where: "aws", instance: name ?? "certwright" };
  if (saysAws.some((variable) => env[variable])) return aws;
  const local = runningStack(root);
  if (local && (name === undefined || name === local.instance)) return { where: "local", ...local };
  if (name !== undefined || hasAwsFiles(env)) return aws;
  throw new Failure(
    "no local stack runs in this checkout, and there are no AWS credentials in the environment",
    "Start the local stack with `npm start`, or set AWS_PROFILE (or AWS_ACCESS_KEY_ID ...) and AWS_REGION.",
  );
}

/** The stack that current.json speaks of, if its process lives. */
function runningStack(root: string): LocalStack | undefined {
  try {
    const stack = localStack.parse(JSON.parse(readFileSync(join(root, ".local", "run", "current.json"), "utf8")));
    return isAlive(stack.pid) ? stack : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

function hasAwsFiles(env: Environment): boolean {
  const folder = join(env.HOME || homedir(), ".aws");
  const files = [
    env.AWS_SHARED_CREDENTIALS_FILE || join(folder, "credentials"),
    env.AWS_CONFIG_FILE || join(folder, "config"),
  ];
  return files.some((file) => existsSync(file));
}
