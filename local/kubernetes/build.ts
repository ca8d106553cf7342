import { spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { homedir, setPriority } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { installed } from "../paths.ts";

/** What start.mjs hands on, and for a test where to build. */
export interface BuildOptions {
  /** The command `go`, 1.26 or newer. */
  go: string;
  /** Of the go.mod and go.sum files: what the folder is called after. */
  hash: string;
  logFile: string;
  /** The user's cache; where the folder is found from then on; where the go.mod files are. */
  cache?: string;
  link?: string;
  modules?: string;
  tell: (line: string) => void;
}

/**
 * Builds etcd, kube-apiserver and kubectl with Go, as the go.mod files beside this one pin them, into the user's cache, where
 * other clones find them too. Errors say what to do.
 */
export async function buildKubernetes(options: BuildOptions): Promise<void> {
  const { hash, cache = userCache(), link = installed.kubernetes, modules = import.meta.dirname } = options;
  const version = pinned(join(modules, "apiserver"), "k8s.io/kubernetes");
  const folder = join(cache, `kubernetes-${version}-${process.platform}-${process.arch}-${hash.slice(0, 8)}`);
  if (!existsSync(folder)) {
    const building = `${folder}.${process.pid}.building`;
    removeAbandoned(cache);
    mkdirSync(building, { recursive: true });
    try {
      for (const { name, ...target } of targets(version)) {
        await compile(options, { ...target, name, folder: join(modules, target.module), out: join(building, name) });
      }
      renameUnlessThere(building, folder);
    } finally {
      rmSync(building, { recursive: true, force: true });
    }
  }
  rmSync(link, { recursive: true, force: true });
  symlinkSync(folder, link);
}

interface Target {
  /** Of the command. */
  name: string;
  /** The folder of its go.mod. */
  module: string;
  /** The Go package. */
  from: string;
  flags: string;
}

function targets(version: string): Target[] {
  const [major, minor] = version.slice(1).split(".");
  const said = Object.entries({ gitVersion: version, gitMajor: major, gitMinor: minor });
  const flags = ["-s -w", ...said.map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)].join(
    " ",
  );
  return [
    { name: "etcd", module: "etcd", from: "go.etcd.io/etcd/server/v3", flags: "-s -w" },
    { name: "kube-apiserver", module: "apiserver", from: "k8s.io/kubernetes/cmd/kube-apiserver", flags },
    { name: "kubectl", module: "apiserver", from: "k8s.io/kubernetes/cmd/kubectl", flags },
  ];
}

const tellEveryMs = 20_000;

async function compile(
  { go, logFile, tell }: BuildOptions,
  { name, from, flags, folder, out }: Target & { folder: string; out: string },
): Promise<void> {
  const began = Date.now();
  let compiled = 0;
  const seconds = () => ((Date.now() - began) / 1000).toFixed(0);
  const telling = setInterval(() => tell(`${name}: ${compiled} packages in ${seconds()} s ...`), tellEveryMs);
  // With -v it names each package that it compiles.
  const child = spawn(go, ["build", "-v", "-p", "2", "-mod=readonly", "-ldflags", flags, "-o", out, from], {
    cwd: folder,
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  createInterface(child.stderr).on("line", (line) => {
    appendFileSync(logFile, `${line}\n`);
    if (/^[\w./~-]+$/.test(line)) compiled += 1;
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code !== 0) throw new Error(`go build ended with ${code}`);
    tell(`built ${name} in ${seconds()} s`);
  } catch (error) {
    throw new Error(whatToDo(name, error instanceof Error ? error.message : String(error), logFile));
  } finally {
    clearInterval(telling);
  }
}

function whatToDo(name: string, why: string, logFile: string): string {
  const end = existsSync(logFile) ? readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-10).join("\n") : "";
  return [
    `could not build ${name} (${why}); the end of ${logFile}:`,
    end,
    "It takes Go >= 1.26, the Go module proxy (see `go env GOPROXY`), 5 GB of disk for Go's caches and 2 GB of memory.",
    "Run the same command again: what is compiled already is kept.",
  ].join("\n");
}

/** `v1.36.3`, out of the folder's go.mod. */
function pinned(folder: string, module: string): string {
  const found = new RegExp(`\\b${module} (v[\\d.]+)`).exec(readFileSync(join(folder, "go.mod"), "utf8"))?.[1];
  if (!found) throw new Error(`${folder}/go.mod does not require ${module}`);
  return found;
}

function userCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "certwright");
}

/** Another clone may have built the same meanwhile. */
function renameUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

/** What builds that were killed left behind. */
function removeAbandoned(cache: string): void {
  if (!existsSync(cache)) return;
  for (const name of readdirSync(cache)) {
    const pid = /\.(\d+)\.building$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(cache, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

if (import.meta.main) {
  const [go = "go", hash = "", logFile = ""] = process.argv.slice(2);
  const tell = (line: string) => void process.stderr.write(`certwright: ${line}\n`);
  setPriority(10);
  await buildKubernetes({ go, hash, logFile, tell }).catch((error: Error) => {
    tell(error.message);
    process.exitCode = 1;
  });
}
