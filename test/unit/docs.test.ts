import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { IGrantable, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { describe, expect, it } from "vitest";
import type { Certwright } from "../../cdk/constructs/certwright.ts";
import { grantNamespace, grantReadSecret } from "../../cdk/grants.ts";
import { namesOf } from "../../cdk/names.ts";
import { settingsOf } from "../../cdk/settings.ts";

const pages = [...globSync("*.md"), ...globSync("docs/**/*.md")].sort();
const code = ["core", "adapters", "functions"].flatMap((room) => globSync(`${room}/**/*.ts`));

describe("the pages", () => {
  const links = pages.flatMap((page) => linksOf(page).map((target): [string, string] => [page, target]));

  it.each(links)("%s: the link %s leads somewhere", (page, target) => {
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page : normalize(join(dirname(page), path));
    expect(existsSync(file)).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor);
  });

  it.each(pages)("%s names only files that are there", (page) => {
    const named = [...prose(page).matchAll(/`((?:[a-z.-]+\/)+[\w.-]*)(?:#[\w-]+)?`/g)].map(([, path]) => path ?? "");
    const ours = named.filter((path) => existsSync(path.split("/")[0] ?? ""));
    expect(ours.filter((path) => !existsSync(path))).toEqual([]);
  });

  it.each(pages)("%s prints only commands that exist", (page) => {
    const scripts = Object.keys(JSON.parse(read("package.json")).scripts);
    const run = [...read(page).matchAll(/\bnpm (?:run (?:-s |--silent )?)?(start|test|check|bench|chaos|[a-z]+)\b/g)];
    const unknown = run.map(([, script]) => script ?? "").filter((script) => !["ci", "install"].includes(script));
    expect(unknown.filter((script) => !scripts.includes(script))).toEqual([]);
  });
});

describe("docs/errors.md", () => {
  const inCode = reasonsInCode();
  const documented = [...read("docs/errors.md").matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason ?? "");

  it("explains every reason of the code", () => {
    expect([...inCode].filter((reason) => !documented.includes(reason)).sort()).toEqual([]);
  });

  it("explains none that the code does not have, and each once", () => {
    expect(documented.filter((reason) => !inCode.has(reason))).toEqual([]);
    expect(documented.filter((reason, index) => documented.indexOf(reason) !== index)).toEqual([]);
  });

  it("sees reasons however they are written", () => {
    const written = ["InvalidSpec", "Expired", "CATimeout", "LeaseLapsed", "InvalidConfig", "NameNotAllowed"];
    const made = ["SecretAccessDenied", "AccessDenied", "StateUnavailable", "RequestsTableMissing"];
    for (const reason of [...written, ...made]) expect(inCode).toContain(reason);
  });

  it("says of each what to do", () => {
    const rows = [...read("docs/errors.md").matchAll(/^\| `\w+` \|(.*)\|$/gm)].map(
      ([, rest]) => rest?.split("|") ?? [],
    );
    for (const cells of rows) for (const cell of cells) expect(cell.trim()).not.toBe("");
  });
});

describe("docs/runbook.md", () => {
  const anchors = anchorsOf("docs/runbook.md");
  const alarms = [...read("cdk/constructs/alarms.ts").matchAll(/this\.watch\("([a-z-]+)"/g)].map(([, name]) => name);

  it("has a section for each alarm, in its name", () => {
    expect(alarms.length).toBeGreaterThan(4);
    expect(alarms.filter((name) => !anchors.includes(name ?? ""))).toEqual([]);
  });

  it("has every place that the code sends its readers to", () => {
    const files = ["core", "adapters", "functions", "cdk", "cli", "local"].flatMap((room) =>
      globSync(`${room}/**/*.ts`),
    );
    const sent = files.flatMap((file) => [...read(file).matchAll(/(docs\/[a-z-]+\.md)#([a-z-]+)/g)]);
    expect(sent.filter(([, page, anchor]) => !anchorsOf(page ?? "").includes(anchor ?? ""))).toEqual([]);
  });
});

describe("docs/decisions", () => {
  const decisions = globSync("docs/decisions/*.md").sort();

  it("are numbered without a gap", () => {
    const numbers = decisions.map((file) => /\/(\d{4})-[a-z0-9-]+\.md$/.exec(file)?.[1]);
    expect(numbers).toEqual(numbers.map((_, index) => String(index + 1).padStart(4, "0")));
  });

  it.each(decisions)("%s is short: context, decision, consequence", (file) => {
    const lines = read(file).trimEnd().split("\n");
    expect(lines.length).toBeLessThan(40);
    expect(lines.filter((line) => line.startsWith("## "))).toEqual(["## Context", "## Decision", "## Consequence"]);
  });
});

describe("README.md", () => {
  it("lists the context keys that a deployment reads, all of them", () => {
    const listed = [...read("README.md").matchAll(/^\| `(\w+)` \|/gm)].map(([, key]) => key);
    const { retain: _, ...settings } = settingsOf({});
    expect(listed.sort()).toEqual([...Object.keys(settings), "removalPolicy"].sort());
  });

  it("shows the rights that the grants give, to the letter", () => {
    const names = namesOf({ instance: "certwright", partition: "aws", account: "ACCOUNT", region: "REGION" });
    const table = (name: string) => ({ tableArn: `arn:aws:dynamodb:REGION:ACCOUNT:table/${name}` });
    const certwright = {
      names,
      requestsTable: table(names.requestsTable),
      stateTable: table(names.stateTable),
      keyMaterialKey: { keyArn: "KEY_MATERIAL_KEY_ARN" },
    } as unknown as Certwright;
    const shown = [...read("README.md").matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => JSON.parse(text ?? ""));
    expect(shown.map(({ Statement }) => Statement)).toEqual([
      granted((tenant) => grantNamespace(certwright, tenant, "web")),
      granted((reader) => grantReadSecret(certwright, reader, "web", "www-tls")),
    ]);
  });
});

/** What a grant would write into a role, as IAM prints it. */
function granted(grant: (grantee: IGrantable) => void): unknown[] {
  const statements: unknown[] = [];
  const addToPrincipalPolicy = (statement: PolicyStatement) => statements.push(statement.toStatementJson());
  grant({ grantPrincipal: { addToPrincipalPolicy } } as unknown as IGrantable);
  return statements;
}

function read(file: string): string {
  return readFileSync(file, "utf8");
}

/** Without code blocks. */
function prose(page: string): string {
  return read(page).replaceAll(/^```[\s\S]*?^```/gm, "");
}

/** Links to places in this repository. */
function linksOf(page: string): string[] {
  return [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target ?? "")
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** As GitHub makes them from headings, and those set by hand. */
function anchorsOf(page: string): string[] {
  const text = prose(page);
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading ?? "");
  const slugs = headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return [...slugs, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id ?? "")];
}

/** `reason: "X"`, choices of two, what is handed to a function that shows it, and reasons made of a prefix. */
function reasonsInCode(): Set<string> {
  const text = code.map(read).join("\n");
  const classes = /^(Permanent|Refused|RateLimited|Unavailable)Error$/;
  const assigned = [...text.matchAll(/\breason(?::| =)\s([^,;{}]*)/g)].flatMap(([, value]) => [
    ...(value ?? "").matchAll(/"([A-Z]\w+)"/g),
  ]);
  const shown = [
    ...text.matchAll(
      /\b(?:issue|resumed|ready|issuing)\(\s*\w+,(?:\s*"(?:True|False|Unknown)",)?\s*"(?!(?:True|False|Unknown)")([A-Z]\w+)"/g,
    ),
  ];
  const literal = [...assigned, ...shown].map(([, reason]) => reason ?? "").filter((reason) => !classes.test(reason));
  const made = [...text.matchAll(/\breason: `\$\{(\w+)\}(\w+)`/g)].flatMap(([, name = "", rest = ""]) =>
    prefixes(name, text).map((prefix) => `${prefix}${rest}`),
  );
  return new Set([...literal, ...made]);
}

/** What a variable at the beginning of a reason may hold. */
function prefixes(name: string, text: string): string[] {
  if (name === "subject")
    return ["", ...[...text.matchAll(/\bsubject: "([A-Z]\w+)"/g)].map(([, subject]) => subject ?? "")];
  const tables = /type TableName = ([^;]+);/.exec(text)?.[1] ?? "";
  if (name === "table" || name === "called") return [...tables.matchAll(/"(\w+)"/g)].map(([, table]) => table ?? "");
  throw new Error(`a reason begins with \${${name}}: tell this test what that may be`);
}
