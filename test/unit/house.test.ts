import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as dnsProviders from "../../adapters/dns/index.ts";
import { issuers } from "../../adapters/issuers/index.ts";
import { stores } from "../../adapters/stores/index.ts";
import { functionNames, pascalCase, stepNames } from "../../cdk/functions.ts";
import { steps } from "../../core/status.ts";

/** The shape of the house (house.md, docs/where-things-go.md). */

const rooms = ["adapters", "cdk", "cli", "core", "functions", "local", "test"];
const sources = rooms.flatMap((room) => globSync(`${room}/**/*.{ts,mjs}`)).sort();
const asl = "state-machines/issue-certificates.asl.json";
const states: [name: string, state: State][] = Object.entries(JSON.parse(read(asl)).States);

interface State {
  Type: string;
  Comment?: string;
  Arguments?: { FunctionName: string };
}

describe("every adapter", () => {
  const registered: [room: string, names: string[], ...suites: string[]][] = [
    ["dns", Object.keys(dnsProviders), "testDnsProvider"],
    ["issuers", Object.keys(issuers), "testAcmeIssuer", "testSigner"],
    ["stores", Object.keys(stores), "testSecretStore"],
  ];

  it.each(registered)("of %s is registered, and every registered one is there", (room, names) => {
    const files = globSync(`adapters/${room}/*.ts`).filter((file) => exportsAdapter(file));
    expect(files.map((file) => nameOf(file)).sort()).toEqual(names.map(kebabCase).sort());
  });

  it.each(registered)("of %s has a test, and passes its contract suite", (room, names, ...suites) => {
    const tests = globSync(`test/unit/adapters/${room}/*.test.ts`);
    const calling = tests.map(read).filter((text) => suites.some((suite) => text.includes(`${suite}(`)));
    for (const name of names.map(kebabCase)) {
      expect(existsSync(`test/unit/adapters/${room}/${name}.test.ts`)).toBe(true);
      expect(calling.some((text) => text.toLowerCase().includes(name))).toBe(true);
    }
  });

  it("is in a room with a registry", () => {
    const tested = [...registered.map(([room]) => room), "aws", "http01", "keys", "kubernetes", "trust"];
    expect(foldersIn("adapters").filter((room) => !tested.includes(room))).toEqual([]);
  });
});

describe("every function", () => {
  const folders = globSync("functions/*/index.ts").map((file) => file.split("/")[1] ?? "");

  it("is deployed, and every deployed one is there", () => {
    expect(folders.sort()).toEqual([...functionNames].sort());
  });

  it("is called by the state machine, by a trigger in cdk, or by another function", () => {
    const wired = globSync("cdk/constructs/*.ts").map(read).join("");
    const invoked = read("adapters/aws/starter.ts");
    const callers = (name: string) =>
      states.some(([, state]) => state.Arguments?.FunctionName === `\${${pascalCase(name)}}`) ||
      wired.includes(`functions.get("${name}")`) ||
      invoked.includes(`invoke(deps, "${name}"`);
    expect(folders.filter((name) => !callers(name))).toEqual([]);
  });

  it.each(folders)("%s is a handler of at most 40 lines", (name) => {
    const text = read(`functions/${name}/index.ts`);
    expect(linesOf(text)).toBeLessThanOrEqual(40);
    expect(text).toMatch(/export const handler = /);
  });
});

describe("the state machine", () => {
  const tasks = states.flatMap(([name, { Arguments }]) =>
    Arguments ? [{ name, called: Arguments.FunctionName }] : [],
  );

  it("names each step once: folder, state, placeholder, construct, and the name in its rows and log lines", () => {
    expect(tasks).toEqual(stepNames.map((name) => ({ name: sentence(name), called: `\${${pascalCase(name)}}` })));
    expect(stepNames).toEqual(steps);
    for (const name of stepNames) expect(read(`functions/${name}/index.ts`)).toContain(`("${name}", `);
  });

  it("gets its functions by the same name as construct id", () => {
    expect(read("cdk/constructs/functions.ts")).toContain("new LambdaHandler(this, pascalCase(folder)");
    expect(read("cdk/constructs/certwright.ts")).toContain("[pascalCase(folder), functions.get(folder)]");
    expect(pascalCase("create-order")).toBe("CreateOrder");
  });

  it("has no placeholder without a function, and no function without a placeholder", () => {
    const placeholders = [...read(asl).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
    expect([...new Set(placeholders)].sort()).toEqual(stepNames.map(pascalCase).sort());
  });

  it.each(states)("%s says in one line what it is", (_name, { Comment }) => {
    expect(Comment).toMatch(/^\w[^\n]{10,119}$/);
  });
});

describe("the README", () => {
  it("maps the folders that are there", () => {
    const mapped = [...read("README.md").matchAll(/^\| `([\w.-]+)\/` \|/gm)].map(([, folder]) => folder);
    expect(mapped.sort()).toEqual(foldersIn(".").sort());
  });

  it("is read in one sitting", () => {
    expect(linesOf(read("README.md"))).toBeLessThanOrEqual(150);
  });
});

describe("the files", () => {
  const budgets: [what: string, pattern: string, lines: number][] = [
    ["TypeScript", "{adapters,cdk,cli,core,functions,local,test}/**/*.ts", 300],
    ["plain JavaScript", "local/*.mjs", 300],
    ["constructs", "cdk/constructs/*.ts", 150],
    ["stacks", "cdk/stacks/*.ts", 70],
    ["examples", "examples/**/*.{yaml,ts}", 30],
  ];

  it.each(budgets)("%s of %s have at most %d lines", (_what, pattern, lines) => {
    const found = globSync(pattern);
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((file) => linesOf(read(file)) > lines)).toEqual([]);
  });

  it("have names that say what they hold", () => {
    const empty = ["manager", "helper", "helpers", "util", "utils", "common", "process", "data", "misc"];
    const products = /secrets-manager|cert-manager/;
    const words = (path: string) => path.toLowerCase().replace(products, "").split(/[/.-]/);
    const all = [...sources, ...globSync("{docs,examples,state-machines}/**/*")];
    expect(all.filter((path) => words(path).some((word) => empty.includes(word)))).toEqual([]);
  });

  it("are finished: no marks of work to come", () => {
    const marks = new RegExp(`\\b(${["TO", "FIX"].map((word, index) => word + ["DO", "ME"][index]).join("|")})\\b`);
    const all = [...sources, asl, ...globSync("{docs,examples}/**/*.*"), ...globSync("*.md")];
    expect(all.filter((file) => marks.test(read(file)))).toEqual([]);
  });

  it("skip no test and single none out", () => {
    const tests = globSync("test/**/*.ts").filter((file) => !file.endsWith("house.test.ts"));
    const marks = /\b(?:it|describe|test)\.(?:skip|only|todo|fails)\b/;
    expect(tests.filter((file) => marks.test(read(file)))).toEqual([]);
  });
});

function read(file: string): string {
  return readFileSync(file, "utf8");
}

function linesOf(text: string): number {
  return text.trimEnd().split("\n").length;
}

/** Folders that are part of the repository. */
function foldersIn(path: string): string[] {
  const ignored = read(".gitignore")
    .split("\n")
    .map((line) => line.replace(/\/$/, ""));
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== ".git" && !ignored.includes(entry.name))
    .map(({ name }) => name);
}

/** An adapter is a file that exports one object named like it. */
function exportsAdapter(file: string): boolean {
  const name = nameOf(file).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  // `acme-dns` exports `acmeDNS`.
  return new RegExp(`^export const ${name}(: DnsAdapter<\\w+>)? = \\{`, "mi").test(read(file));
}

function nameOf(file: string): string {
  return /([^/]+)\.ts$/.exec(file)?.[1] ?? "";
}

function kebabCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
}

/** `create-order` is the state "Create order". */
function sentence(folder: string): string {
  const words = folder.replaceAll("-", " ");
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}
