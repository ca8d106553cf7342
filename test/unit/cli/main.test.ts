import { execFile } from "node:child_process";
import { describe, expect, it } from "vitest";

/** Runs the entry as its users do. */
function main(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile("node_modules/.bin/tsx", ["cli/main.ts", ...argv], (error, out, err) => {
      resolve({ code: Number(error?.code ?? 0), out, err });
    });
  });
}

describe("the entry", () => {
  it("prints to stdout, without colours into a pipe, and ends with 0", async () => {
    const ran = await main("version");
    expect(ran).toEqual({ code: 0, out: expect.stringMatching(/^certwright \d+\.\d+\.\d+\n$/), err: "" });
  });

  it("prints errors to stderr and ends with 2 for bad usage", async () => {
    const ran = await main("get", "certs", "-o", "xml");
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toBe("error: -o xml is not known: it is one of wide, json, yaml\nSee: certwright help get\n");
  });
});
