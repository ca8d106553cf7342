import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { instance, openBench } from "./bench-stack.ts";
import { type BenchReport, compare } from "./budgets.ts";
import { bundles, tracing } from "./bundles.ts";
import { batch50, thousand } from "./many.ts";
import { mirrored } from "./mirrored.ts";
import { signed } from "./signed.ts";
import { single } from "./single.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    /** Simulates so many certificates under a virtual clock; nothing runs on the local stack. */
    fleet: { type: "string" },
    domains: { type: "string" },
    zones: { type: "string" },
    "check-real": { type: "boolean", default: false },
  },
});

/** Progress goes to stderr, so that stdout is only the report. */
const tell = (line: string) => process.stderr.write(`  ${line}\n`);

process.exitCode = options.fleet === undefined ? await main() : await simulate(options.fleet);

async function simulate(certificates: string): Promise<number> {
  const { fleet } = await import("./fleet.ts");
  return fleet({
    certificates: count("--fleet", certificates),
    domains: options.domains === undefined ? undefined : count("--domains", options.domains),
    zones: options.zones === undefined ? undefined : count("--zones", options.zones),
    json: options.json,
    checkReal: options["check-real"],
    tell,
  });
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1_000_000) return value;
  process.stderr.write(`${option} ${text}: write a number from 1 to 1000000\n`);
  process.exit(2);
}

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "certwright-bench-"));
  const traceFile = join(folder, "loaded");
  const bench = await openBench(tell, tracing(traceFile));
  try {
    const one = await single(bench);
    tell("what each handler loaded for it");
    const loaded = bundles(traceFile, join(bench.stack.folder, "cdk.out"), instance);
    const report: BenchReport = {
      single: one,
      batch50: await batch50(bench),
      thousand: await thousand(bench),
      signed: await signed(bench),
      mirrored: await mirrored(bench),
      bundles: loaded,
    };
    const rows = compare(report);
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : table(rows));
    return rows.every(({ held }) => held) ? 0 : 1;
  } finally {
    await bench.stack.stop();
    rmSync(folder, { recursive: true });
  }
}

function table(rows: ReturnType<typeof compare>): string {
  const cells = rows.map(({ what, measured, budget, held }) => [
    what,
    String(measured),
    budget,
    held ? "held" : "MISSED",
  ]);
  const all = [["what", "measured", "budget", ""], ...cells];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return `${all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")}\n`;
}
