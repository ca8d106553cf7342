import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Each violation is planted as one file in a copy of the house; Biome must refuse it by this rule. */
const planted: [why: string, file: string, code: string, rule: string][] = [
  ["core imports an adapter", "core/a.ts", use("../adapters/dns/index.ts"), "noRestrictedImports"],
  [
    "core imports an adapter from a subfolder",
    "core/steps/a.ts",
    use("../../adapters/dns/x.ts"),
    "noRestrictedImports",
  ],
  ["core imports an adapter's type", "core/b.ts", useType("../adapters/dns/x.ts"), "noRestrictedImports"],
  ["core imports an adapter lazily", "core/c.ts", lazy("../adapters/dns/x.ts"), "noRestrictedImports"],
  ["core re-exports an adapter", "core/d.ts", reExport("../adapters/dns/x.ts"), "noRestrictedImports"],
  ["core imports a function", "core/e.ts", use("../functions/runtime.ts"), "noRestrictedImports"],
  ["core imports cdk", "core/f.ts", use("../cdk/index.ts"), "noRestrictedImports"],
  ["core imports the command line", "core/g.ts", use("../cli/main.ts"), "noRestrictedImports"],
  ["core imports a test", "core/h.ts", use("../test/support/x.ts"), "noRestrictedImports"],
  ["core imports an SDK", "core/i.ts", use("@aws-sdk/client-s3"), "noRestrictedImports"],
  ["core imports a package that is not listed", "core/j.ts", use("acme-client"), "noRestrictedImports"],
  ["core reads files", "core/k.ts", use("node:fs"), "noRestrictedImports"],
  ["core reads the clock", "core/l.ts", "export const now = Date.now();\n", "noJsRestrictedProperties"],
  ["core throws dice", "core/m.ts", "export const x = Math.random();\n", "noJsRestrictedProperties"],
  ["core reads the environment", "core/n.ts", "export const x = process.env.X;\n", "noProcessEnv"],
  ["core fetches", "core/o.ts", 'export const x = () => fetch("https://example.com");\n', "noRestrictedGlobals"],
  ["an adapter imports another system's", "adapters/dns/a.ts", use("../stores/x.ts"), "noRestrictedImports"],
  ["an adapter imports adapters/aws", "adapters/dns/b.ts", use("../aws/x.ts"), "noRestrictedImports"],
  ["an adapter imports adapters/kubernetes", "adapters/aws/i.ts", use("../kubernetes/x.ts"), "noRestrictedImports"],
  ["a nested adapter imports another", "adapters/issuers/acme/a.ts", use("../../dns/x.ts"), "noRestrictedImports"],
  ["an adapter imports a function", "adapters/dns/c.ts", use("../../functions/runtime.ts"), "noRestrictedImports"],
  ["an adapter imports the CDK", "adapters/dns/d.ts", use("aws-cdk-lib/aws-iam"), "noRestrictedImports"],
  ["an adapter imports a test", "adapters/dns/e.ts", use("../../test/support/x.ts"), "noRestrictedImports"],
  ["an adapter reads the environment", "adapters/dns/f.ts", "export const x = process.env.X;\n", "noProcessEnv"],
  ["an adapter takes env from node:process", "adapters/dns/g.ts", use("node:process"), "noRestrictedImports"],
  ["a function imports another function", "functions/sweep/a.ts", use("../dispatch/index.ts"), "noRestrictedImports"],
  ["the runtime imports a function", "functions/runtime.ts", use("./dispatch/index.ts"), "noRestrictedImports"],
  ["a function imports cdk", "functions/sweep/b.ts", use("../../cdk/index.ts"), "noRestrictedImports"],
  ["a function imports a test", "functions/sweep/c.ts", use("../../test/support/x.ts"), "noRestrictedImports"],
  ["a function reads the environment", "functions/sweep/d.ts", "export const x = process.env.X;\n", "noProcessEnv"],
  ["cdk imports an adapter past its registry", "cdk/a.ts", use("../adapters/dns/x.ts"), "noRestrictedImports"],
  ["cdk imports a function", "cdk/constructs/a.ts", use("../../functions/runtime.ts"), "noRestrictedImports"],
  ["cdk calls AWS", "cdk/constructs/b.ts", use("@aws-sdk/client-s3"), "noRestrictedImports"],
  ["cdk imports a test", "cdk/b.ts", use("../test/support/x.ts"), "noRestrictedImports"],
  ["cdk reads the environment outside app.ts", "cdk/c.ts", "export const x = process.env.X;\n", "noProcessEnv"],
  ["the command line imports an issuer", "cli/a.ts", use("../adapters/issuers/index.ts"), "noRestrictedImports"],
  ["the command line imports a function", "cli/b.ts", use("../functions/runtime.ts"), "noRestrictedImports"],
  ["the command line imports a test", "cli/c.ts", use("../test/support/x.ts"), "noRestrictedImports"],
  ["the console imports a DNS provider", "console/a.ts", use("../adapters/dns/route53.ts"), "noRestrictedImports"],
  ["the local stack imports cdk", "local/a.ts", use("../cdk/index.ts"), "noRestrictedImports"],
  ["the local stack imports a test", "local/b.ts", use("../test/support/x.ts"), "noRestrictedImports"],
  ["a module has a default export", "core/p.ts", "const x = 1;\nexport default x;\n", "noDefaultExport"],
  ["a promise is left alone", "core/q.ts", "export const f = async () => 1;\nf();\n", "noFloatingPromises"],
  ["an example imports a test", "examples/a/index.ts", use("../../test/support/x.ts"), "noRestrictedImports"],
];

/** What the arrows allow; none of these may be refused. */
const allowed: [file: string, code: string][] = [
  ["core/ok.ts", use("zod/mini") + use("node:crypto", "Hash") + use("./x.ts", "y")],
  ["core/steps/ok.ts", use("../x.ts") + use("../checks/y.ts", "y")],
  ["adapters/dns/ok.ts", use("../../core/x.ts") + use("./x.ts", "y") + use("@aws-sdk/client-route-53", "R")],
  ["adapters/kubernetes/ok.ts", use("../../core/kubernetes/port.ts") + use("./x.ts", "y")],
  ["adapters/issuers/acme/ok.ts", use("../../../core/x.ts") + use("./transport.ts", "y") + use("node:http", "h")],
  ["functions/sweep/ok.ts", use("../runtime.ts") + use("../../core/x.ts", "y") + use("../../adapters/aws/x.ts", "z")],
  ["functions/runtime/ok.ts", `${use("../../core/x.ts")}export const env = process.env.X;\n`],
  ["cdk/ok.ts", use("../core/tables.ts") + use("../adapters/dns/index.ts", "y") + use("aws-cdk-lib", "z")],
  ["cdk/constructs/ok.ts", use("../../adapters/dns/index.ts") + use("../rights.ts", "y")],
  ["cdk/app.ts", "export const env = process.env.CDK_DEFAULT_REGION;\n"],
  [
    "cli/commands/ok.ts",
    use("../../core/x.ts") + use("../../adapters/stores/x.ts", "y") + use("../../adapters/dns/index.ts", "z"),
  ],
  ["cli/keys-ok.ts", use("../adapters/keys/csr.ts") + use("../adapters/keys/private-key.ts", "y")],
  ["local/ok.ts", `${use("../adapters/aws/x.ts")}export const env = process.env.X;\n`],
  ["test/unit/ok.ts", use("../../core/x.ts") + use("../../functions/sweep/index.ts", "y")],
];

const root = mkdtempSync(join(tmpdir(), "certwright-arrows-"));
let refused: Map<string, Set<string>>;

beforeAll(() => {
  for (const file of ["biome.json", "package.json"]) cpSync(file, join(root, file));
  for (const [, file, code] of planted) plant(file, code);
  for (const [file, code] of allowed) plant(file, code);
  refused = lint();
});
afterAll(() => rmSync(root, { recursive: true }));

describe("arrows of the house", () => {
  it.each(planted)("refuses that %s", (_why, file, _code, rule) => {
    expect([...(refused.get(file) ?? [])]).toContain(rule);
  });

  it.each(allowed)("lets %s pass", (file) => {
    const arrows = ["noRestrictedImports", "noProcessEnv", "noRestrictedGlobals", "noJsRestrictedProperties"];
    expect([...(refused.get(file) ?? [])].filter((rule) => arrows.includes(rule))).toEqual([]);
  });

  it("never asks the clock in core: `new Date()` and `Date()` without an instant", () => {
    const asking = globSync("core/**/*.ts").filter((file) => /\bDate\(\s*\)/.test(readFileSync(file, "utf8")));
    expect(asking).toEqual([]);
  });
});

function lint(): Map<string, Set<string>> {
  const args = ["lint", "--reporter=json", "--max-diagnostics=none", "."];
  const rules = new Map<string, Set<string>>();
  for (const { category, location } of JSON.parse(run(args)).diagnostics) {
    const file = location.path.file ?? location.path;
    const known = rules.get(file) ?? new Set<string>();
    rules.set(file, known.add(category.split("/").at(-1)));
  }
  return rules;
}

/** Biome ends with 1 when it finds something: its answer is then in the error. */
function run(args: string[]): string {
  try {
    return execFileSync(join(process.cwd(), "node_modules/.bin/biome"), args, {
      cwd: root,
      encoding: "utf8",
      stdio: "pipe",
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

function plant(file: string, code: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), code);
}

function use(path: string, name = "x"): string {
  return `import { ${name} } from "${path}";\nexport const use_${name} = ${name};\n`;
}

function useType(path: string): string {
  return `import type { X } from "${path}";\nexport type Y = X;\n`;
}

function lazy(path: string): string {
  return `export const load = () => import("${path}");\n`;
}

function reExport(path: string): string {
  return `export { x } from "${path}";\n`;
}
