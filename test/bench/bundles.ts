import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundleFunctions } from "../../cdk/bundle.ts";
import type { BenchReport } from "./budgets.ts";

/**
 * What a Lambda worker runs before our code: it notes every module of ours that Node loads, whatever made it load. The
 * emulator hands its environment on to the workers.
 */
export function tracing(file: string): Record<string, string> {
  const source = `
    import { registerHooks } from "node:module";
    import { appendFileSync } from "node:fs";
    registerHooks({ load(url, context, next) {
      if (url.endsWith(".mjs") && url.startsWith("file:")) appendFileSync(${JSON.stringify(file)}, process.env.AWS_LAMBDA_FUNCTION_NAME + " " + url + "\\n");
      return next(url, context);
    } });`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}` };
}

const timedLoads = 5;

/** Bytes and median load time of what each function loaded to run the attempts so far. */
export function bundles(traceFile: string, instance: string): BenchReport["bundles"] {
  const { folder } = bundleFunctions();
  const lines = existsSync(traceFile) ? readFileSync(traceFile, "utf8").trim().split("\n") : [];
  const loaded = new Map<string, Set<string>>();
  for (const line of lines) {
    const [functionName = "", url = ""] = line.split(" ");
    const path = /\/((?:chunks\/)?[^/]+\.mjs)$/.exec(url)?.[1];
    if (!path || !functionName.startsWith(`${instance}-`)) continue;
    const name = functionName.slice(instance.length + 1);
    const files = loaded.get(name) ?? new Set<string>();
    loaded.set(name, files.add(path === "index.mjs" ? `${name}/index.mjs` : path));
  }
  return [...loaded]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, files]) => ({
      name,
      bytes: [...files].reduce((total, file) => total + readFileSync(join(folder, file)).length, 0),
      loadMs: median(Array.from({ length: timedLoads }, () => loadMs(folder, name, [...files]))),
    }));
}

/** In a new process each time: the entry first, then what it loaded later. */
function loadMs(folder: string, name: string, files: string[]): number {
  const entry = `${name}/index.mjs`;
  const urls = [entry, ...files.filter((file) => file !== entry)].map((file) => `file://${join(folder, file)}`);
  const source = `const began = performance.now(); for (const url of ${JSON.stringify(urls)}) await import(url); process.stdout.write(String(performance.now() - began));`;
  return Number(execFileSync(process.execPath, ["--input-type=module", "--eval", source], { encoding: "utf8" }));
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? Number.NaN) * 10) / 10;
}
