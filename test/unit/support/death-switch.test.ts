import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deathHeader } from "../../../local/exchange.ts";
import type { Listener } from "../../../local/proxy.ts";
import { startProxy } from "../../../local/proxy.ts";
import { deathSwitch } from "../../support/death-switch.ts";

let server: Listener;
beforeAll(async () => {
  const body = Buffer.from("fine");
  server = await startProxy(async ({ path }) => ({
    status: 200,
    headers: path === "/die" ? { [deathHeader.name]: deathHeader.value } : {},
    body,
  }));
});
afterAll(() => server.close());

/** What a Node process prints that makes one request, as the SDKs and our ACME client make theirs. */
async function ask(path: string, env: Record<string, string>): Promise<string> {
  const source = `require("node:http").get("http://127.0.0.1:${server.port}${path}", async (answer) => {
    for await (const chunk of answer) console.log(String(chunk));
  });`;
  return (await promisify(execFile)(process.execPath, ["--eval", source], { env })).stdout.trim();
}

describe("the death switch", () => {
  it("ends the worker before its code sees the answer", async () => {
    await expect(ask("/die", deathSwitch())).rejects.toMatchObject({ signal: "SIGKILL", stdout: "" });
  });

  it("lets every other answer pass", async () => {
    expect(await ask("/live", deathSwitch())).toBe("fine");
  });

  it("is nowhere where it was not planted", async () => {
    expect(await ask("/die", {})).toBe("fine");
  });
});
