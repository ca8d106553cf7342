import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { CreateFunctionCommand, InvokeCommand } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClients } from "../../local/clients.ts";
import { installed, root } from "../../local/paths.ts";
import { startStack } from "../../local/stack.ts";
import { listenersOf, withDescendants } from "../support/listeners.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "certwright-ends-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const isAlive = (pid: number) => existsSync(`/proc/${pid}/cmdline`) && withCommand(pid);
// A process that ended and was not yet waited for has no command line.
const withCommand = async (pid: number) => (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")) !== "";

async function alive(pids: number[]): Promise<number[]> {
  const answers = await Promise.all(pids.map(isAlive));
  return pids.filter((_, index) => answers[index]);
}

async function zipped(source: string): Promise<Uint8Array> {
  await writeFile(join(folder, "index.mjs"), source);
  await promisify(execFile)(installed.python, ["-m", "zipfile", "-c", "code.zip", "index.mjs"], { cwd: folder });
  return readFile(join(folder, "code.zip"));
}

describe("a stack that ends", () => {
  it("leaves no process, no port and no temporary folder behind, its Lambda workers included", async () => {
    const before = listenersOf([process.pid]);
    const stack = await startStack();
    const { lambda } = createClients(stack.emulatorEndpoint, stack.region);
    const Code = { ZipFile: await zipped("export const handler = async () => process.pid;") };
    const Role = "arn:aws:iam::000000000000:role/any";
    await lambda.send(
      new CreateFunctionCommand({ FunctionName: "any", Runtime: "nodejs24.x", Handler: "index.handler", Role, Code }),
    );
    const invoked = await lambda.send(new InvokeCommand({ FunctionName: "any" }));
    const worker = Number(invoked.Payload?.transformToString());
    const started = [...withDescendants(stack.pids)].filter((pid) => pid !== process.pid);
    expect(started).toContain(worker);
    await stack.stop();
    expect(await alive([...stack.pids.slice(1), worker])).toEqual([]);
    expect(listenersOf([process.pid])).toEqual(before);
    expect(existsSync(join(stack.folder, "tmp"))).toBe(false);
    expect(existsSync(join(stack.folder, "emulator.log"))).toBe(true);
  });

  it("takes its processes along when it is killed", async () => {
    const script = `import { startStack } from ${JSON.stringify(join(root, "local", "stack.ts"))};
      console.log(JSON.stringify((await startStack()).pids));`;
    await writeFile(join(folder, "killed.ts"), script);
    const owner = spawn(process.execPath, [join(folder, "killed.ts")], { stdio: ["ignore", "pipe", "inherit"] });
    const pids = await new Promise<number[]>((resolve) =>
      owner.stdout.once("data", (line) => resolve(JSON.parse(String(line)))),
    );
    expect(await alive(pids)).toEqual(pids);
    owner.kill("SIGKILL");
    for (let round = 0; round < 100 && (await alive(pids)).length > 0; round += 1) await sleep(50);
    expect(await alive(pids)).toEqual([]);
  });
});
