import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed, root } from "./paths.ts";

/**
 * `npm test [-- <vitest arguments>]`: runs the tests and ends with the line `N passed, N failed`; exits 1 when one failed
 * or when vitest found fault with anything else.
 */
const folder = mkdtempSync(join(tmpdir(), "certwright-test-"));
const resultFile = join(folder, "result.json");
/** All that is printed, for the test that looks for secrets in it. */
const logFile = join(folder, "test.log");
try {
  const exitCode = await runVitest();
  const { passed, failed } = counts();
  const elsewhere = exitCode !== 0 && failed === 0 ? 1 : 0;
  if (elsewhere) console.log("vitest failed outside of the tests; see above");
  process.exitCode = failed + elsewhere === 0 ? 0 : 1;
  console.log(`${passed} passed, ${failed + elsewhere} failed`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function runVitest(): Promise<number> {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${resultFile}`];
  const vitest = spawn(join(installed.commands, "vitest"), ["run", ...reporters, ...process.argv.slice(2)], {
    cwd: root,
    env: { ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}), ...process.env, CERTWRIGHT_TEST_LOG: logFile },
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
function counts(): { passed: number; failed: number } {
  if (!existsSync(resultFile)) return { passed: 0, failed: 0 };
  const result = JSON.parse(readFileSync(resultFile, "utf8")) as {
    numPassedTests: number;
    numFailedTests: number;
    testResults: { status: string; assertionResults: { status: string }[] }[];
  };
  const broken = result.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  return { passed: result.numPassedTests, failed: result.numFailedTests + broken.length };
}
