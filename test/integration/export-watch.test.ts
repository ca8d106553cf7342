import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePorts } from "../../local/ports.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright, type Ran, startCertwright } from "../support/integration-cli.ts";
import { leafOf } from "../support/integration-leaf.ts";
import { withDescendants } from "../support/listeners.ts";
import { handshake, keepShaking, nginxIn } from "../support/nginx.ts";

const bed = openBed();
const { stack } = bed;
const name = bed.fresh("watched");
const host = `${name}.example.test`;
const manifest = certificate({ name, issuer: "pebble", dnsNames: [host] });
const folder = mkdtempSync(join(tmpdir(), "certwright-nginx-"));
const tlsDirectory = join(folder, "tls");
afterAll(() => rmSync(folder, { recursive: true }));

const serialInStore = async () => leafOf(await bed.read(manifest)).serialNumber;
const files = () => readdirSync(tlsDirectory).filter((file) => !file.startsWith("."));
const inFile = () => leafOf({ "tls.crt": readFileSync(join(tlsDirectory, "tls.crt"), "utf8") }).serialNumber;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds()); await sleep(50))
    if (Date.now() > end) throw new Error(`not so after a minute: ${what}`);
}

describe("export --watch --on-change 'nginx -s reload'", () => {
  let shaken: string[];
  let serials: [string, string];
  let ended: Ran;
  let shown: string[];

  beforeAll(async () => {
    await bed.put([manifest]);
    await bed.ready([manifest]);
    const [port = 0] = await freePorts(1);
    const nginx = nginxIn(join(folder, "nginx"), { port, tlsDirectory });
    const watched = ["export", name, "--out", tlsDirectory, "--watch", "--interval", "1s"];
    const watch = startCertwright(stack, [...watched, "--on-change", nginx.reloadCommand]);
    const client = { port, name: host, root: await stack.rootCertificate() };
    let endNginx = async () => {};
    let ofWatch: Ran | undefined;
    try {
      await until("the files are there", () => filesAreThere());
      await until("the first reload failed", () => watch.stderrSoFar().includes("it is run again"));
      await nginx.check();
      endNginx = await nginx.start();
      const before = await handshake(client);
      const shaking = keepShaking(client);
      const renewed = await certwright(stack, ["renew", name]);
      expect(renewed).toMatchObject({ code: 0 });
      await stack.ready({ name }, { revision: 2 });
      const after = await serialInStore();
      await until("nginx shows the new certificate", () => shaking.seen.at(-1) === after);
      shown = commandLinesAndEnvironments(watch.pid);
      await shaking.stop();
      [serials, shaken] = [[before, after], shaking.seen];
    } finally {
      ofWatch = await watch.stop();
      await endNginx();
    }
    ended = ofWatch;
  });

  const filesAreThere = () => lstatSync(join(tlsDirectory, "tls.key"), { throwIfNoEntry: false }) !== undefined;

  it("nginx serves the new certificate after a renewal", () => {
    expect(serials[0]).not.toBe(serials[1]);
    expect(shaken.at(-1)).toBe(serials[1]);
    expect(inFile()).toBe(serials[1]);
  });

  it("no handshake fails meanwhile, and none shows anything else", () => {
    expect(new Set(shaken)).toEqual(new Set(serials));
    expect(shaken.lastIndexOf(serials[0])).toBeGreaterThan(0);
  });

  it("the files are for the owner's eyes only, key and certificate of one version", async () => {
    expect(files().sort()).toEqual(
      Object.keys(await bed.read(manifest))
        .filter((key) => key !== "metadata")
        .sort(),
    );
    for (const file of files()) expect(statSync(join(tlsDirectory, file)).mode & 0o777).toBe(0o600);
    await stack.verify({ "tls.crt": read("tls.crt"), "tls.key": read("tls.key") });
  });

  it("prints one line for each change, and ends with 0 on SIGTERM", () => {
    expect(ended.code).toBe(0);
    expect(ended.stdout.trimEnd().split("\n")).toEqual([
      expect.stringMatching(`^certificate/${name} revision 1 written to ${tlsDirectory} `),
      expect.stringMatching(`^certificate/${name} revision 2 written to ${tlsDirectory} `),
    ]);
  });

  it("said that the first reload failed, since no nginx ran, and ran it again", () => {
    expect(ended.stderr).toMatch(/warning: the command ended with exit status 1; the files are new, it is run again/);
    expect(ended.stderr).toContain("signal process started");
  });

  it("shows the key nowhere: not in its output, its command line or its environment", () => {
    const lines = read("tls.key")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("-----"));
    for (const line of lines) expect([ended.stdout, ended.stderr, ...shown].join("\n")).not.toContain(line);
  });

  const read = (file: string) => readFileSync(join(tlsDirectory, file), "utf8");
});

/** Of a process and all that it started. */
function commandLinesAndEnvironments(pid: number): string[] {
  const family = [...withDescendants([pid])];
  return family.flatMap((one) => ["cmdline", "environ"].map((file) => readFileSync(`/proc/${one}/${file}`, "utf8")));
}
