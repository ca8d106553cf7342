import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChaosResult, TestReport } from "./chaos-table.ts";
import { chaosResults, chaosTable } from "./chaos-table.ts";
import { installed, root } from "./paths.ts";

/** How a run of the tests ended. */
export interface TestRun {
  passed: number;
  /** Files that could not be loaded, and what vitest says against anything else, count too. */
  failed: number;
  chaos: ChaosResult[];
}

interface Report extends TestReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: (TestReport["testResults"][number] & { status: string })[];
}

/** Runs vitest; then prints the rows of the fault table that it tried, and `N passed, N failed` as the last line. */
export async function runTests(vitestArguments: string[], environment: Record<string, string> = {}): Promise<TestRun> {
  const folder = mkdtempSync(join(tmpdir(), "certwright-test-"));
  const resultFile = join(folder, "result.json");
  /** All that is printed, for the test that looks for secrets in it. */
  const logFile = join(folder, "test.log");
  try {
    const exitCode = await runVitest(vitestArguments, resultFile, logFile, environment);
    const { passed, failed, chaos } = ended(resultFile);
    const elsewhere = exitCode !== 0 && failed === 0 ? 1 : 0;
    if (chaos.length > 0) console.log(`\n${chaosTable(chaos, { colours: process.stdout.isTTY })}\n`);
    if (elsewhere) console.log("vitest failed outside of the tests; see above");
    console.log(`${passed} passed, ${failed + elsewhere} failed`);
    return { passed, failed: failed + elsewhere, chaos };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runVitest(
  vitestArguments: string[],
  resultFile: string,
  logFile: string,
  environment: Record<string, string>,
): Promise<number> {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${resultFile}`];
  const colours = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  const vitest = spawn(join(installed.commands, "vitest"), ["run", ...reporters, ...vitestArguments], {
    cwd: root,
    env: { ...colours, ...process.env, ...environment, CERTWRIGHT_TEST_LOG: logFile },
    stdio: ["inherit", "pipe", "pipe"],
  });
  writeFileSync(logFile, "");
  for (const stream of ["stdout", "stderr"] as const) {
    vitest[stream].on("data", (chunk: Buffer) => {
      appendFileSync(logFile, chunk);
      process[stream].write(chunk);
    });
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => vitest.kill(signal));
  return new Promise((resolve, reject) => {
    vitest.once("error", reject);
    vitest.once("close", (code) => resolve(code ?? 1));
    // A process that it left behind may still hold its output.
    vitest.once("exit", () =>
      setTimeout(() => [vitest.stdout, vitest.stderr].map((one) => one.destroy()), 2_000).unref(),
    );
  });
}

// A file that could not be loaded counts as one failed test.
function ended(resultFile: string): TestRun {
  if (!existsSync(resultFile)) return { passed: 0, failed: 0, chaos: [] };
  const report = JSON.parse(readFileSync(resultFile, "utf8")) as Report;
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  const failed = report.numFailedTests + broken.length;
  return { passed: report.numPassedTests, failed, chaos: chaosResults(report) };
}
