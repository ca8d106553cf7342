import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, Metafile } from "esbuild";
import { buildSync } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The bundles of all functions, and what went into each. */
export interface Bundle {
  /** `<folder>/index.mjs` for each function, and the chunks they share. */
  folder: string;
  /** esbuild's metafile; its outputs are named relative to the repository. */
  metafile: Metafile;
}

const options = {
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
  // CommonJS packages inside an ES module still call require(). The name is one that minifying never makes.
  banner: {
    js: 'import{createRequire as bannerRequire}from"node:module";const require=bannerRequire(import.meta.url);',
  },
  alias: {
    axios: "./adapters/issuers/acme/axios-stub.cjs",
    "@peculiar/x509": "./adapters/issuers/acme/x509-stub.cjs",
  },
} satisfies BuildOptions;

/** Bundles all functions in one call of esbuild, into a folder that lives as long as this process. */
export function bundleFunctions(): Bundle {
  const folder = mkdtempSync(join(tmpdir(), "certwright-functions-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const entryPoints = globSync("functions/*/index.ts", { cwd: root }).sort();
  const { metafile } = buildSync({ ...options, entryPoints, outdir: folder });
  return { folder, metafile };
}
