import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { installed } from "./paths.ts";

/** A process of the stack. */
export interface Launched {
  pid: number;
  /** True once it ended. */
  hasExited(): boolean;
  /** SIGTERM, after `graceMs` (3 seconds) SIGKILL; resolves when it is gone. */
  stop(graceMs?: number): Promise<void>;
}

/** How a process of the stack is started. */
export interface LaunchOptions {
  command: string;
  args: string[];
  /** The whole environment: nothing of ours is inherited. */
  env: Record<string, string>;
  cwd: string;
  logFile: string;
  /** What the kernel sends it when we die without stopping it; SIGTERM when absent. */
  orphanSignal?: "SIGTERM" | "SIGKILL";
}

/**
 * Starts a process in its own group, so that Ctrl-C reaches only us. On Linux the kernel ends it when we die without
 * stopping it: prctl's parent-death signal outlives exec.
 */
export function launch(options: LaunchOptions): Launched {
  const log = openSync(options.logFile, "a");
  const orphaned = String(constants.signals[options.orphanSignal ?? "SIGTERM"]);
  const child = spawn(installed.python, ["-I", "-S", "-c", dieWithParent, orphaned, options.command, ...options.args], {
    cwd: options.cwd,
    detached: true,
    env: options.env,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${options.command}`);
  let gone = false;
  const exited = new Promise<void>((resolve) =>
    child.once("exit", () => {
      gone = true;
      resolve();
    }),
  );
  const stop = async (graceMs = 3_000) => {
    if (gone) return;
    child.kill("SIGTERM");
    const forced = setTimeout(() => child.kill("SIGKILL"), graceMs);
    await exited;
    clearTimeout(forced);
  };
  return { pid, hasExited: () => gone, stop };
}

const dieWithParent = `
import os, sys
try:
    import ctypes
    ctypes.CDLL(None).prctl(1, int(sys.argv[1]))
except (AttributeError, OSError):
    pass
os.execv(sys.argv[2], sys.argv[2:])
`;

/** Asks until the answer is true; fails with the end of the log when the process ends or the time is over. */
export async function untilReady(
  name: string,
  process: Launched,
  options: { ask: () => Promise<boolean>; logFile: string; withinMs: number },
): Promise<void> {
  const end = Date.now() + options.withinMs;
  while (!(await options.ask().catch(() => false))) {
    if (process.hasExited()) throw new Error(`${name} ended while it started:\n${tail(options.logFile)}`);
    if (Date.now() > end) {
      throw new Error(`${name} is not ready after ${options.withinMs / 1000} s:\n${tail(options.logFile)}`);
    }
    await sleep(40);
  }
}

function tail(file: string): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-15).join("\n");
}
