import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { promisify } from "node:util";

const version = "2.6.1";
const cache = join(homedir(), ".cache", "certwright", "dynamodb-local");

/**
 * Starts AWS's own DynamoDB engine in memory, on 127.0.0.1 and a free port; needs a JDK 17 and, the first time, Maven.
 * It ends with `stop` or when this process does: it waits for its standard input to close.
 */
export async function startDynamoDbLocal(): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const home = await fetched();
  const java = spawn("java", ["-Djava.library.path=lib", "-cp", "lib/*", "Loopback.java"], {
    cwd: home,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said: string[] = [];
  java.stderr.on("data", (text) => said.push(String(text)));
  const ended = new Promise<void>((resolve) => java.once("close", () => resolve()));
  const failed = new Promise<never>((_, reject) => {
    java.once("error", (cause) => reject(new Error(`DynamoDB Local needs java, a JDK 17 or later: ${cause.message}`)));
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

/** The folder with the engine's jars; fetched once, by Maven, beside the repository's own files. */
async function fetched(): Promise<string> {
  const home = join(cache, version);
  if (existsSync(join(home, "Loopback.java"))) return home;
  await mkdir(cache, { recursive: true });
  const building = await mkdtemp(join(cache, "fetching-"));
  try {
    await writeFile(join(building, "pom.xml"), pom);
    const goal = ["-q", "-B", "dependency:copy-dependencies", `-DoutputDirectory=${join(building, "lib")}`];
    await promisify(execFile)("mvn", goal, { cwd: building, timeout: 300_000 });
    await writeFile(join(building, "Loopback.java"), launcher);
    await rename(building, home);
  } catch (cause) {
    await rm(building, { recursive: true, force: true });
    if (existsSync(join(home, "Loopback.java"))) return home;
    throw new Error(`DynamoDB Local ${version} is fetched with mvn, Apache Maven 3.8 or later: ${cause}`, { cause });
  }
  return home;
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.certwright</groupId>
  <artifactId>dynamodb-local</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.amazonaws</groupId>
      <artifactId>DynamoDBLocal</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
</project>
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
