import { describe, expect, it } from "vitest";
import { chaosPage, chaosResults, chaosTable } from "../../../local/chaos-table.ts";

const row = (fault: string, more: object = {}) => ({ heading: "Deaths", fault, expected: "one certificate", ...more });
const long = "one order, one attempt, one version and nothing else that anybody could count at the end of it";

describe("the rows of a run", () => {
  it("are the tests with a row, each with what was seen or why it failed", () => {
    const tests = [
      { status: "passed", meta: { chaos: row("a", { seen: "1 order" }) } },
      { status: "failed", meta: { chaos: row("b") }, failureMessages: ["Error: 2 orders\n    at file.ts:1"] },
      { status: "pending", meta: { chaos: row("c") }, failureMessages: null },
      { status: "passed", meta: {} },
      { status: "passed" },
    ];
    const later = [{ status: "passed", meta: { chaos: row("d", { seen: "1 order" }) } }];
    const files = [
      { name: "test/chaos/02-b.test.ts", assertionResults: later },
      { name: "test/chaos/01-a.test.ts", assertionResults: tests },
    ];
    expect(chaosResults({ testResults: files })).toEqual([
      row("a", { seen: "1 order" }),
      row("b", { failure: "Error: 2 orders\n    at file.ts:1" }),
      row("c", { failure: "it did not end" }),
      row("d", { seen: "1 order" }),
    ]);
  });
});

describe("the table in a terminal", () => {
  const results = [
    row("dies before", { seen: long }),
    row("dies after", { failure: "Error: 2 orders\n    at file.ts:1" }),
    { ...row("a reply is lost", { seen: "1 order" }), heading: "Replies" },
  ];

  it("has a block for each heading, aligned columns and no colours", () => {
    const lines = chaosTable(results).split("\n");
    expect(lines.filter((line) => !line.startsWith(" "))).toEqual(["Deaths", "", "Replies"]);
    const shown = lines.filter((line) => /^ {2}\w/.test(line));
    expect(new Set(shown.map((line) => line.search(/expected|one certificate/))).size).toBe(1);
    expect(lines.join("\n")).not.toContain("\x1b");
  });

  it("wraps what is long, and says why a row failed", () => {
    const text = chaosTable(results);
    expect(text.replaceAll(/\s+/g, " ")).toContain("FAILED: Error: 2 orders Replies");
    expect(Math.max(...text.split("\n").map(({ length }) => length))).toBeLessThan(180);
    expect(text).toMatch(/\n +could count at the end of it/);
  });

  it("is red where it failed when asked for colours", () => {
    expect(chaosTable(results, { colours: true })).toContain("\x1b[31m  dies after");
  });
});

describe("the page", () => {
  const page = "# Before\n\n<!-- results: written by npm run chaos -->\nold\n<!-- end of results -->\n\nAfter\n";

  it("keeps what stands around the results", () => {
    const written = chaosPage(page, [row("a | b", { seen: "1 order" }), row("c", { failure: "Error" })]);
    expect(written).toBe(`# Before

<!-- results: written by npm run chaos -->

### Deaths

| fault | expected | seen |
| --- | --- | --- |
| a \\| b | one certificate | 1 order |
| c | one certificate | **FAILED** |

<!-- end of results -->

After
`);
    expect(chaosPage(written, [row("a | b", { seen: "1 order" }), row("c", { failure: "Error" })])).toBe(written);
  });

  it("is refused without its marks", () => {
    expect(() => chaosPage("# Before\n", [])).toThrow('no "<!-- results');
  });
});
