import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chaosPage } from "./chaos-table.ts";
import { root } from "./paths.ts";
import { runTests } from "./run-tests.ts";

/**
 * `npm run chaos [-- <vitest arguments>]`: all rows of the fault table. Without arguments their results are written to
 * docs/reliability.md, which shows the last full run.
 */
const only = process.argv.slice(2);
const { failed, chaos } = await runTests(["--project", "chaos", ...only], { CHAOS: "all" });
if (only.length === 0 && chaos.length > 0) {
  const file = join(root, "docs", "reliability.md");
  writeFileSync(file, chaosPage(readFileSync(file, "utf8"), chaos));
}
process.exitCode = failed === 0 ? 0 : 1;
