import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { installed, root } from "../../../local/paths.ts";
import type { ExpectedX509 } from "./corpus.ts";
import type { IssuedSecret } from "./openssl.ts";

/** What Go's crypto/x509 says of a secret: `error` when chain, key or identifiers do not fit. */
export interface GoVerdict {
  error?: string;
  x509?: ExpectedX509;
}

/** Asks test/support/golden-go of all secrets at once; by name. */
export async function goVerdicts(secrets: Map<string, IssuedSecret>): Promise<Map<string, GoVerdict>> {
  const asked = [...secrets].map(([Name, secret]) => ({
    Name,
    Chain: secret["tls.crt"],
    Key: secret["tls.key"],
    CA: secret["ca.crt"],
  }));
  const cwd = join(root, "test", "support", "golden-go");
  const running = promisify(execFile)(goCommand(), ["run", "."], { cwd, maxBuffer: 64 * 1024 * 1024 });
  running.child.stdin?.end(JSON.stringify(asked));
  const verdicts: (GoVerdict & { name: string })[] = JSON.parse((await running).stdout);
  return new Map(verdicts.map(({ name, ...verdict }) => [name, verdict]));
}

/** The go of the PATH, or the one that start.mjs got from PyPI when it was missing. */
function goCommand(): string {
  return spawnSync("go", ["version"]).status === 0 ? "go" : join(installed.python, "..", "go");
}
