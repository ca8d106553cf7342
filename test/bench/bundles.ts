import { execFileSync } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
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

/** Bytes and median load time of what each function loaded to run the attempts so far, from the deployed asset. */
export function bundles(traceFile: string, assembly: string, instance: string): BenchReport["bundles"] {
  const asset = globSync("asset.*/create-order/index.mjs", { cwd: assembly })[0];
  if (!asset) throw new Error(`no bundle of the functions in ${assembly}`);
  const root = join(assembly, dirname(dirname(asset)));
  const loaded = new Map<string, Set<string>>();
  for (const line of readFileSync(traceFile, "utf8").trim().split("\n")) {
    const [functionName = "", url = ""] = line.split(" ");
    const file = /\/(chunks\/[^/]+\.mjs|index\.mjs)$/.exec(url)?.[1];
    if (!file || !functionName.startsWith(`${instance}-`)) continue;
    const name = functionName.slice(instance.length + 1);
    const path = file === "index.mjs" ? `${name}/index.mjs` : file;
    loaded.set(name, (loaded.get(name) ?? new Set()).add(join(root, path)));
  }
  return [...loaded]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, files]) => ({
      name,
      bytes: [...files].reduce((total, file) => total + statSync(file).size, 0),
      loadMs: median(Array.from({ length: timedLoads }, () => loadMs([...files]))),
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
