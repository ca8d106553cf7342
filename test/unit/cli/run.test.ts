import { describe, expect, it } from "vitest";
import { takesColour } from "../../../cli/io.ts";
import { run } from "../../../cli/run.ts";
import { RefusedError } from "../../../core/errors.ts";
import { makeWorld, request } from "./world.ts";

const verbs = ["apply", "get", "describe", "wait", "renew", "delete", "export", "version"];

describe("help", () => {
  it.each([["--help"], ["-h"], ["help"], [""]])("`certwright %s` lists every verb", async (line) => {
    const { code, out, err } = await makeWorld().run(line);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const verb of verbs) expect(out).toMatch(new RegExp(`^ {2}${verb} +\\S`, "m"));
  });

  it.each(verbs)("shows usage, options and examples of %s, both ways", async (verb) => {
    const { code, out } = await makeWorld().run(`help ${verb}`);
    expect(code).toBe(0);
    expect(out).toContain(`Usage:\n  certwright ${verb}`);
    expect(out).toMatch(/--instance=NAME/);
    expect(out).toMatch(/Examples:\n {2}# \S.+\n {2}(certwright|kubectl) /);
    for (const other of [`${verb} --help`, `${verb} -h`]) expect((await makeWorld().run(other)).out).toBe(out);
  });

  it("is not longer than a terminal is wide", async () => {
    for (const verb of verbs)
      for (const line of (await makeWorld().run(`help ${verb}`)).out.split("\n")) expect(line.length).toBeLessThan(112);
  });
});

describe("bad usage ends with 2, on stderr", () => {
  it.each([
    ["frobnicate", 'there is no verb "frobnicate"'],
    ["help frobnicate", 'there is no verb "frobnicate"'],
    ["get certs --frobnicate", "Unknown option '--frobnicate'"],
    ["get certs -n", "argument missing"],
    ["get certs --all-namespaces=yes", "does not take an argument"],
    ["version --out x", "version has no option --out"],
    ["version 1", "version takes no arguments"],
  ])("%s", async (line, message) => {
    const ran = await makeWorld().run(line);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toMatch(/^error: /);
    expect(ran.err).toContain(message);
  });
});

describe("run", () => {
  it("takes options before and after the verb", async () => {
    const world = makeWorld();
    await request(world, "web", { namespace: "shop" });
    const { out } = await world.run("get certs -n shop");
    expect((await world.run("-n shop get certs")).out).toBe(out);
    expect((await world.run("get -nshop certs")).out).toBe(out);
    expect((await world.run("get certs --namespace=shop")).out).toBe(out);
  });

  it.each([["version"], ["--version"]])("prints its version for %s without an installation", async (line) => {
    const io = makeIo();
    const connect = async () => {
      throw new Error("nobody needs it");
    };
    expect(await run([line], { io, connect, untilStopped })).toBe(0);
    expect(io.lines).toEqual([expect.stringMatching(/^out certwright \d+\.\d+\.\d+$/)]);
  });

  it("hands on which installation was asked for", async () => {
    const asked: (string | undefined)[] = [];
    const connect = async (instance: string | undefined) => {
      asked.push(instance);
      return makeWorld().installation;
    };
    await run(["get", "certs", "--instance", "blue"], { io: makeIo(), connect, untilStopped });
    await run(["get", "certs"], { io: makeIo(), connect, untilStopped });
    expect(asked).toEqual(["blue", undefined]);
  });

  it.each([
    [
      new RefusedError({ reason: "RequestsAccessDenied", message: "not allowed", fix: "Ask for the right." }),
      ["RequestsAccessDenied: not allowed", "Ask for the right."],
    ],
    [new TypeError("it broke"), ["TypeError: it broke"]],
    ["a text", ["a text"]],
  ])("ends with 1 and says why when something fails", async (error, [message, ...fix]) => {
    const io = makeIo();
    const connect = async () => {
      throw error;
    };
    expect(await run(["get", "certs"], { io, connect, untilStopped })).toBe(1);
    expect(io.lines).toEqual([`err error: ${message}`, ...fix.map((line) => `err ${line}`)]);
  });

  it("colours `error:` on a terminal", async () => {
    expect((await makeWorld().run("get", { colour: true })).err).toContain("\u001b[31merror:\u001b[39m");
  });
});

describe("colours", () => {
  it.each([
    ["on a terminal", true, {}, true],
    ["not in a pipe", false, {}, false],
    ["not with NO_COLOR", true, { NO_COLOR: "1" }, false],
    ["with an empty NO_COLOR, which says nothing", true, { NO_COLOR: "" }, true],
    ["not on a dumb terminal", true, { TERM: "dumb" }, false],
  ])("are %s", (_, isTerminal, env, on) => {
    expect(takesColour(isTerminal, env)).toBe(on);
  });
});

const untilStopped = () => new AbortController().signal;

function makeIo() {
  const lines: string[] = [];
  return {
    lines,
    out: (text: string) => void lines.push(`out ${text}`),
    err: (text: string) => void lines.push(`err ${text}`),
    readStdin: async () => "",
    colour: { out: false, err: false },
  };
}
