import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
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

/** Bytes and median load time of what each function loaded to run the attempts so far; the files are the deployed ones. */
export function bundles(traceFile: string, instance: string): BenchReport["bundles"] {
  const lines = readFileSync(traceFile, "utf8").trim().split("\n");
  const loaded = new Map<string, Map<string, string>>();
  for (const line of lines) {
    const [functionName = "", url = ""] = line.split(" ");
    if (!functionName.startsWith(`${instance}-`) || !/\/(chunks\/[^/]+|index)\.mjs$/.test(url)) continue;
    const files = loaded.get(functionName) ?? new Map<string, string>();
    // Each worker has its own copy: the newest is there still.
    loaded.set(functionName, files.set(basename(url), fileURLToPath(url)));
  }
  return [...loaded]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([functionName, files]) => ({
      name: functionName.slice(instance.length + 1),
      bytes: [...files.values()].reduce((total, file) => total + statSync(file).size, 0),
      loadMs: median(Array.from({ length: timedLoads }, () => loadMs([...files.values()]))),
    }));
}

/** In a new process each time: the entry first, then what it loaded later. */
function loadMs(files: string[]): number {
  const ordered = [...files].sort((a, b) => Number(b.endsWith("index.mjs")) - Number(a.endsWith("index.mjs")));
  const urls = ordered.map((file) => pathToFileURL(file).href);
  const source = `const began = performance.now(); for (const url of ${JSON.stringify(urls)}) await import(url); process.stdout.write(String(performance.now() - began));`;
  return Number(execFileSync(process.execPath, ["--input-type=module", "--eval", source], { encoding: "utf8" }));
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? Number.NaN) * 10) / 10;
}
