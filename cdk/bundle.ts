import { globSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions } from "esbuild";
import { buildSync } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where the bundles of this checkout are: `<folder>/index.mjs` and the chunks they share. */
export const bundleFolder = join(root, "dist", "functions");
/** esbuild's account of what went into each of them. */
export const metafilePath = join(root, "dist", "functions.meta.json");

const options: BuildOptions = {
  absWorkingDir: root,
  outbase: "functions",
  bundle: true,
  splitting: true,
  minify: true,
  metafile: true,
  format: "esm",
  platform: "node",
  target: "node24",
  mainFields: ["module", "main"],
  outExtension: { ".js": ".mjs" },
  chunkNames: "chunks/[name]-[hash]",
  legalComments: "none",
  logLevel: "warning",
  // CommonJS packages inside an ES module still call require().
  banner: { js: 'import{createRequire as $r}from"node:module";const require=$r(import.meta.url);' },
  alias: { axios: "./adapters/issuers/acme/axios-stub.cjs" },
};

/** Bundles all functions in one call of esbuild and answers the folder. Whoever runs beside it sees the old or the new one. */
export function bundleFunctions(): string {
  const building = `${bundleFolder}.${process.pid}`;
  const entryPoints = globSync("functions/*/index.ts", { cwd: root }).sort();
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const { metafile } = buildSync({ ...options, entryPoints, outdir: building });
  rmSync(bundleFolder, { recursive: true, force: true });
  renameSync(building, bundleFolder);
  writeFileSync(metafilePath, JSON.stringify(metafile).replaceAll(`dist/functions.${process.pid}/`, "dist/functions/"));
  return bundleFolder;
}
