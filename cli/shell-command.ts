import { spawn } from "node:child_process";

const limitMs = 600_000;

/**
 * Runs a command by /bin/sh with these variables beside the environment of this program; what it prints goes to stderr.
 * Answers how it failed, or undefined. One that runs for ten minutes, or still does when the watch is stopped, gets SIGTERM.
 */
export function runShell(
  command: string,
  variables: Record<string, string>,
  stop: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn("/bin/sh", ["-c", command], {
      env: { ...process.env, ...variables },
      stdio: ["ignore", 2, 2],
      signal: stop,
      timeout: limitMs,
    });
    child.once("error", (error) => {
      // An aborted child still exits.
      if (error.name !== "AbortError") resolve(`could not be started: ${error.message}`);
    });
    child.once("exit", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal ? `was ended by ${signal}` : `ended with exit status ${code}`);
    });
  });
}
