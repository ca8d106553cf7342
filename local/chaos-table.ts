/** A row of the fault table (test/support/chaos/rows.ts), as it ended. */
export interface ChaosResult {
  heading: string;
  fault: string;
  expected: string;
  /** Absent when it failed. */
  seen?: string;
  /** Why it failed. */
  failure?: string;
}

/** Of Vitest's JSON report, what is read here. */
export interface TestReport {
  testResults: {
    /** The file. */
    name: string;
    assertionResults: { status: string; meta?: { chaos?: ChaosResult }; failureMessages?: string[] | null }[];
  }[];
}

/** The rows among the tests, in the order of their files. */
export function chaosResults(report: TestReport): ChaosResult[] {
  const files = [...report.testResults].sort((one, other) => (one.name < other.name ? -1 : 1));
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  return tests.flatMap<ChaosResult>(({ status, meta, failureMessages }) => {
    if (!meta?.chaos) return [];
    const { heading, fault, expected, seen } = meta.chaos;
    const row = { heading, fault, expected };
    if (status === "passed" && seen !== undefined) return [{ ...row, seen }];
    return [{ ...row, failure: failureMessages?.[0] ?? "it did not end" }];
  });
}

const columns = ["fault", "expected", "seen"];
const widths = [46, 58, 66];

/** What was tried and what followed, for a terminal: one block for each heading, long texts wrapped in their columns. */
export function chaosTable(results: ChaosResult[], { colours = false } = {}): string {
  const blocks = grouped(results).map(([heading, rows]) => {
    const lines = rows.map((row) => {
      const text = lined([row.fault, row.expected, row.seen ?? `FAILED: ${firstLines(row.failure ?? "")}`]);
      return colours && row.failure !== undefined ? `\x1b[31m${text}\x1b[39m` : text;
    });
    return [heading, lined(columns), ...lines].join("\n");
  });
  return blocks.join("\n\n");
}

const marks = { from: "<!-- results: written by npm run chaos -->", to: "<!-- end of results -->" };

/** docs/reliability.md with these results between its marks; what stands around them stays. */
export function chaosPage(page: string, results: ChaosResult[]): string {
  const [before, rest] = page.split(marks.from);
  const after = rest?.split(marks.to)[1];
  if (before === undefined || after === undefined) throw new Error(`no "${marks.from}" ... "${marks.to}" in the page`);
  const tables = grouped(results).map(([heading, rows]) => {
    const lines = rows.map((row) => [row.fault, row.expected, row.seen ?? "**FAILED**"]);
    return [`### ${heading}`, "", ...[columns, ["---", "---", "---"], ...lines].map(markdownRow)].join("\n");
  });
  return `${before}${[marks.from, ...tables, marks.to].join("\n\n")}${after}`;
}

function grouped(results: ChaosResult[]): [heading: string, rows: ChaosResult[]][] {
  return [...Map.groupBy(results, ({ heading }) => heading)];
}

function markdownRow(cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}

/** An error's message without its stack. */
function firstLines(text: string): string {
  const lines = text.split("\n").filter((line) => !/^\s+at /.test(line));
  return lines.join(" ").slice(0, 600);
}

function lined(cells: string[]): string {
  const wrapped = cells.map((cell, index) => wrap(cell, widths[index] ?? 60));
  const height = Math.max(...wrapped.map(({ length }) => length));
  const line = (at: number) => wrapped.map((lines, index) => (lines[at] ?? "").padEnd(widths[index] ?? 60)).join("  ");
  return Array.from({ length: height }, (_, at) => `  ${line(at)}`.trimEnd()).join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
