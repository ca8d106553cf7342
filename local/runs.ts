import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runsFolder } from "./paths.ts";

/** What others need to find a running stack: `.local/run/current.json`. */
export interface RunFacts {
  pid: number;
  folder: string;
  /** AWS, through the recording proxy. */
  endpoint: string;
  region: string;
  account: string;
  instance: string;
  /** The recorder and the faults, for other processes. */
  controlUrl: string;
}

const currentFile = join(runsFolder, "current.json");
const keptRuns = 5;

/** A folder for the logs of one run; what dead runs left behind is removed first. */
export async function createRunFolder(): Promise<string> {
  mkdirSync(runsFolder, { recursive: true });
  const started = new Date().toISOString().replaceAll(/[-:]|\..*/g, "");
  const folder = join(runsFolder, `${started}-${process.pid}-${Math.random().toString(36).slice(2, 6)}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "pid"), String(process.pid));
  const dead = readdirSync(runsFolder).filter((name) => isDeadRun(join(runsFolder, name)));
  for (const name of dead) await removeLeftovers(join(runsFolder, name));
  for (const name of dead.sort().slice(0, -keptRuns)) rmSync(join(runsFolder, name), { recursive: true, force: true });
  return folder;
}

/** Ends processes that still use the run's temporary folder, then removes it; logs stay. */
export async function removeLeftovers(folder: string): Promise<void> {
  const end = Date.now() + 2_000;
  for (let left = processesNaming(join(folder, "tmp")); left.length > 0 && Date.now() < end; ) {
    for (const pid of left) endNow(pid);
    await sleep(10);
    left = processesNaming(join(folder, "tmp"));
  }
  for (const name of ["tmp", "state", "s3", "cdk.out"]) rmSync(join(folder, name), { recursive: true, force: true });
}

/** Publishes a running stack for the command line; the first that runs stays the one that is found. */
export function publishRun(facts: RunFacts): void {
  if (currentRun()) return;
  writeFileSync(currentFile, `${JSON.stringify(facts, undefined, 2)}\n`);
}

/** Takes our own publication away. */
export function withdrawRun(pid: number): void {
  if (currentRun()?.pid === pid) rmSync(currentFile, { force: true });
}

/** The running stack of this checkout; one whose process is dead does not count. */
function currentRun(): RunFacts | undefined {
  if (!existsSync(currentFile)) return undefined;
  const facts = JSON.parse(readFileSync(currentFile, "utf8")) as RunFacts;
  return isAlive(facts.pid) ? facts : undefined;
}

function isDeadRun(folder: string): boolean {
  const file = join(folder, "pid");
  return existsSync(file) && !isAlive(Number(readFileSync(file, "utf8")));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function endNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

function processesNaming(path: string): number[] {
  const lines = existsSync("/proc/self/cmdline") ? linuxProcesses() : otherProcesses();
  return lines.filter(({ command }) => command.includes(path)).map(({ pid }) => pid);
}

function linuxProcesses(): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: readOrEmpty(`/proc/${name}/cmdline`).replaceAll("\0", " ") }));
}

function otherProcesses(): { pid: number; command: string }[] {
  const lines = execFileSync("ps", ["-A", "-ww", "-o", "pid=,args="], { encoding: "utf8" }).split("\n");
  return lines.map((line) => {
    const [, pid = "0", command = ""] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return { pid: Number(pid), command };
  });
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
