import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const cache = join(homedir(), ".cache", "certwright", "knot");

export interface KnotKey {
  name: string;
  /** Knot's name of it, such as hmac-sha256. */
  algorithm: string;
  /** Base64. */
  secret: string;
}

export interface Knot {
  port: number;
  /** Knot's own tool, which changes zones by a socket of its own: `zone-begin`, `zone-set`, `zone-commit`. */
  control(...words: string[]): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts Knot DNS on 127.0.0.1 and a free port (UDP and TCP), primary of these zones, each with nothing but SOA and NS. Every
 * key may update TXT records. The first time it fetches Debian's package, which needs no rights: it is unpacked, not installed.
 */
export async function startKnot(zones: string[], keys: KnotKey[]): Promise<Knot> {
  const programs = await unpacked();
  const folder = await mkdtemp(join(tmpdir(), "certwright-knot-"));
  const port = await freePort();
  for (const zone of zones) await writeFile(join(folder, `${zone}.zone`), zoneFile);
  const config = join(folder, "knot.conf");
  await writeFile(config, configOf(folder, port, zones, keys), { mode: 0o600 });
  const server = spawn(programs.knotd, ["-c", config], { env: programs.env, stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (text) => said.push(String(text)));
  const control = async (...words: string[]) =>
    (await run(programs.knotc, ["-c", config, "-b", ...words], { env: programs.env })).stdout;
  const stop = async () => {
    server.kill();
    if (server.exitCode === null) await once(server, "exit");
    await rm(folder, { recursive: true });
  };
  const serves = () => control("zone-status", zones.at(-1) ?? "").then((status) => /serial: 1\b/.test(status), no);
  for (let round = 0; !(await serves()); round += 1) {
    if (server.exitCode !== null || round > 100) {
      await stop();
      throw new Error(`Knot did not start: ${said.join("").slice(-2_000)}`);
    }
    await sleep(100);
  }
  return { port, control, stop };
}

const no = () => false;

const zoneFile = `$TTL 300
@ SOA ns.invalid. nobody.invalid. 1 3600 600 86400 60
@ NS ns.invalid.
alias CNAME elsewhere.invalid.
`;

/** Not quite YAML: Knot takes no maps in one line. */
function configOf(folder: string, port: number, zones: string[], keys: KnotKey[]): string {
  const ids = keys.map(({ name }) => name).join(", ");
  return `server:
    listen: 127.0.0.1@${port}
    rundir: "${folder}"
    pidfile: "${join(folder, "knot.pid")}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: "${folder}"
control:
    listen: "${join(folder, "knot.sock")}"
key:
${keys.map(({ name, algorithm, secret }) => `  - id: ${name}\n    algorithm: ${algorithm}\n    secret: ${secret}\n`).join("")}acl:
  - id: updates
    key: [ ${ids} ]
    action: update
    update-type: [ TXT ]
zone:
${zones.map((zone) => `  - domain: ${zone}\n    storage: "${folder}"\n    file: "${zone}.zone"\n    zonefile-sync: -1\n    acl: updates\n`).join("")}`;
}

/** Debian's package and the libraries it needs and this machine lacks, beside the repository's own files; made once. */
async function unpacked() {
  const root = join(cache, "root");
  if (!existsSync(root)) {
    await mkdir(cache, { recursive: true });
    const building = await mkdtemp(join(cache, "fetching-"));
    try {
      await fetchPackages(building);
      await rename(join(building, "root"), root);
    } catch (cause) {
      if (!existsSync(root)) throw new Error(`Knot DNS could not be set up by apt-get and dpkg: ${cause}`, { cause });
    } finally {
      await rm(building, { recursive: true, force: true });
    }
  }
  const libraries = globSync(join(root, "usr/lib/*/")).join(":");
  const env = { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries };
  return { knotd: join(root, "usr/sbin/knotd"), knotc: join(root, "usr/sbin/knotc"), env };
}

async function fetchPackages(building: string): Promise<void> {
  const own = await listsOf(building);
  const wanted = ["knot"];
  // Grows while it is walked: what is installed has its own libraries already.
  for (const name of wanted) {
    const { stdout } = await run("apt-cache", [...own, "depends", name]);
    for (const [, library = ""] of stdout.matchAll(/^ {2}Depends: (lib[\w.+-]+)/gm)) {
      if (!(wanted.includes(library) || (await isInstalled(library)))) wanted.push(library);
    }
  }
  await run("apt-get", [...own, "download", ...wanted], { cwd: building, timeout: 120_000 });
  for (const file of globSync(join(building, "*.deb"))) await run("dpkg", ["-x", file, join(building, "root")]);
}

/** A new machine has no package lists, and not everybody may write them: then they go into our folder. */
async function listsOf(building: string): Promise<string[]> {
  const listed = await run("apt-cache", ["depends", "knot"]).then(() => true, no);
  if (listed) return [];
  const places = { State: "state", "State::Lists": "lists", Cache: "cache" };
  const settings = Object.entries(places).flatMap(([name, folder]) => ["-o", `Dir::${name}=${join(building, folder)}`]);
  settings.push("-o", "Dir::State::status=/var/lib/dpkg/status", "-o", "APT::Sandbox::User=");
  for (const folder of ["state", "lists/partial", "cache/archives/partial"]) {
    await mkdir(join(building, folder), { recursive: true });
  }
  await run("apt-get", [...settings, "update"], { timeout: 120_000 });
  return settings;
}

async function isInstalled(name: string): Promise<boolean> {
  const { stdout } = await run("dpkg", ["-s", name]).catch(() => ({ stdout: "" }));
  return stdout.includes("Status: install ok installed");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}
