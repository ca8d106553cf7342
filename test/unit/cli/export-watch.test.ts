import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { UnavailableError } from "../../../core/errors.ts";
import { makeServerCertificate } from "../../support/test-chain.ts";
import { issued, makeWorld, newRow, noon, putRow, ready, readyRow, request, type World } from "./world.ts";

type Pair = Awaited<ReturnType<typeof makeServerCertificate>>;

const folder = mkdtempSync(join(tmpdir(), "certwright-watch-"));
afterAll(() => rmSync(folder, { recursive: true }));
let pairs: [Pair, Pair];
beforeAll(async () => {
  pairs = [await makeServerCertificate(), await makeServerCertificate()];
});

let world: World;
let out: string;
/** Milliseconds of each sleep, and how often the stored secret was read. */
let sleeps: number[];
let reads: number;
let count = 0;
beforeEach(async () => {
  world = makeWorld();
  out = join(folder, `out${count++}`);
  [sleeps, reads] = [[], 0];
  const { sleep, readSecret } = world.installation;
  world.installation.sleep = (ms) => {
    sleeps.push(ms);
    return sleep(ms);
  };
  world.installation.readSecret = (store, name) => {
    reads++;
    return readSecret(store, name);
  };
  await renewed(1);
});

const stored = "secretsManager:certwright/default/web-tls";
const fingerprintOf = ({ cert }: Pair) => new X509Certificate(cert).fingerprint256.replaceAll(":", "").toLowerCase();

/** Revision 1 has the first pair, 2 the second. */
async function renewed(revision: 1 | 2): Promise<void> {
  const pair = pairs[revision - 1] as Pair;
  world.secrets.set(stored, JSON.stringify({ "tls.crt": pair.cert, "tls.key": pair.key, metadata: {} }));
  const row = readyRow("web", await request(world, "web"), { revision });
  const versionId = `version-${revision}`;
  await putRow(world, { ...row, issued: { ...issued("web"), versionId, fingerprint: fingerprintOf(pair) } });
}

/** Watches until all of this has happened, each between two looks; the last look follows. */
function watch(line: string | string[], ...meanwhile: (() => unknown)[]) {
  const stop = new AbortController();
  world.meanwhile.push(...meanwhile.map((one) => async () => one()), async () => stop.abort());
  const words = typeof line === "string" ? line.split(" ").filter(Boolean) : line;
  return world.run(["export", "web", "--out", out, "--watch", ...words], { stop: stop.signal });
}

const nothing = () => undefined;
const read = (name: string) => readFileSync(join(out, name), "utf8");
const log = () => read("../log").trimEnd().split("\n");
const command = (text: string) => ["--on-change", text];
beforeEach(() => writeFileSync(join(folder, "log"), ""));

describe("export --watch", () => {
  it("writes what is there, and again what is new, with a line for each", async () => {
    const ran = await watch("", nothing, () => renewed(2), nothing);
    expect(ran).toMatchObject({ code: 0, err: 'watching certificate/web in namespace "default" every 30s' });
    expect(ran.out.split("\n")).toEqual([
      `certificate/web revision 1 written to ${out} (tls.crt, tls.key), valid for another 89d`,
      `certificate/web revision 2 written to ${out} (tls.crt, tls.key), valid for another 89d`,
    ]);
    expect([read("tls.crt"), read("tls.key")]).toEqual([pairs[1].cert, pairs[1].key]);
    expect(readdirSync(out).filter((name) => name.startsWith(".."))).toHaveLength(2);
  });

  it("looks every 30 s, or as --interval says, and reads the secret only when its version changed", async () => {
    await watch("", nothing, nothing, () => renewed(2), nothing);
    expect([sleeps, reads]).toEqual([Array(5).fill(30_000), 2]);
    sleeps = [];
    await watch("--interval 1m30s");
    expect(sleeps).toEqual([90_000]);
  });

  it("says nothing and writes nothing when it starts with the files as they should be", async () => {
    await watch("");
    expect((await watch("")).out).toBe("");
  });

  it("writes again what was changed while it was away", async () => {
    await watch("");
    writeFileSync(join(out, "tls.crt"), "edited");
    await watch("");
    expect(read("tls.crt")).toBe(pairs[0].cert);
  });

  it("warns when the certificate is not Ready, and says when it has expired", async () => {
    const row = await world.state.certificate({ namespace: "default", kind: "Certificate", name: "web" });
    if (!row?.issued) throw new Error("it was just put");
    await putRow(world, {
      ...row,
      ready: ready("False", "Expired", "ended"),
      issued: { ...row.issued, notAfter: noon },
    });
    const ran = await watch("");
    expect(ran.out).toContain("(tls.crt, tls.key), expired");
    expect(ran.err).toContain("warning: certificate/web is not Ready");
  });
});

describe("--on-change", () => {
  it("runs after the files are in place, and knows which", async () => {
    const text = `echo "$CERTWRIGHT_NAMESPACE $CERTWRIGHT_NAME $CERTWRIGHT_REVISION $CERTWRIGHT_DIR" >> ${folder}/log
      cat "$CERTWRIGHT_DIR/tls.crt" > ${folder}/served`;
    await watch(command(text), nothing, () => renewed(2), nothing);
    expect(log()).toEqual([`default web 1 ${out}`, `default web 2 ${out}`]);
    expect(readFileSync(join(folder, "served"), "utf8")).toBe(pairs[1].cert);
  });

  it("gets no key in its environment or arguments", async () => {
    await watch(command(`env >> ${folder}/log; tr '\\0' '\\n' < /proc/$$/cmdline >> ${folder}/log`));
    const shown = log().join("\n");
    expect(shown).toContain("CERTWRIGHT_NAME=web");
    for (const line of pairs[0].key.split("\n").filter((part) => part.length > 20 && !part.includes("-----")))
      expect(shown).not.toContain(line);
  });

  it("is said to have failed, and runs again at the next look until it succeeds", async () => {
    const text = `echo run >> ${folder}/log; test -e ${folder}/may || exit 3`;
    const ran = await watch(command(text), nothing, () => writeFileSync(join(folder, "may"), ""), nothing);
    rmSync(join(folder, "may"));
    expect(log()).toEqual(["run", "run", "run"]);
    const warning = "warning: the command ended with exit status 3; the files are new, it is run again in 30s";
    expect(ran.err.split("\n").slice(1)).toEqual([warning, warning]);
    expect(sleeps).toEqual(Array(4).fill(30_000));
    expect(read("tls.crt")).toBe(pairs[0].cert);
  });

  it("runs at the start only when it has not succeeded for what is there", async () => {
    const text = command(`echo run >> ${folder}/log; test -e ${folder}/may`);
    await watch(text);
    writeFileSync(join(folder, "may"), "");
    await watch(text);
    await watch(text);
    rmSync(join(folder, "may"));
    expect(log()).toEqual(["run", "run"]);
  });

  it("that is killed is said to have been", async () => {
    const ran = await watch(command("kill -KILL $$"));
    expect(ran.err).toContain("the command was ended by SIGKILL");
  });

  it("ends with the watch, which ends with 0", async () => {
    const stop = new AbortController();
    const text = `echo run >> ${folder}/log; exec sleep 600`;
    const ran = world.run(["export", "web", "--out", out, "--watch", "--on-change", text], { stop: stop.signal });
    while (readFileSync(join(folder, "log"), "utf8") === "") await new Promise((done) => setTimeout(done, 5));
    stop.abort();
    expect(await ran).toMatchObject({ code: 0, err: expect.not.stringContaining("warning") });
    expect(sleeps).toEqual([]);
  });
});

describe("what fails while it watches", () => {
  const key = { namespace: "default", kind: "Certificate", name: "web" } as const;
  const store = (value: unknown) =>
    world.secrets.set(stored, typeof value === "string" ? value : JSON.stringify(value));
  const [crt, tlsKey] = ["tls.crt", "tls.key"];

  /** A newer version that the row names, with this secret behind it. */
  async function next(change: () => unknown): Promise<void> {
    await renewed(2);
    await change();
  }

  it.each<[string, () => unknown, string]>([
    [
      "the Certificate is deleted",
      async () => {
        const row = await world.state.certificate(key);
        if (row) await putRow(world, { ...row, deletedAt: noon });
      },
      'there is no certificate/web in namespace "default"',
    ],
    [
      "it lost its certificate",
      async () => putRow(world, newRow("web", "hash")),
      'certificate/web in namespace "default" has no certificate yet',
    ],
    [
      "the stored secret is gone",
      () => world.secrets.clear(),
      "the stored secret certwright/default/web-tls is not there",
    ],
    [
      "the stored secret is no JSON",
      () => store(`{${pairs[1].key}`),
      "the stored secret certwright/default/web-tls is not JSON",
    ],
    ["it holds a path", () => store({ "../tls.crt": pairs[1].cert }), "does not look like one of certwright"],
    [
      "it holds no certificate",
      () => store({ [crt]: "", [tlsKey]: pairs[1].key }),
      "does not hold a certificate and its key",
    ],
    ["it holds no key", () => store({ [crt]: pairs[1].cert }), "does not hold a certificate and its key"],
    [
      "it holds another key",
      () => store({ [crt]: pairs[1].cert, [tlsKey]: pairs[0].key }),
      "holds a key that does not belong to its certificate",
    ],
    [
      "it holds another certificate",
      () => store({ [crt]: pairs[0].cert, [tlsKey]: pairs[0].key }),
      "holds another certificate than its Certificate has",
    ],
    [
      "the right to read is lost",
      () => {
        world.installation.readSecret = async () => {
          throw new UnavailableError({ reason: "SecretUnavailable", message: "no answer", fix: "Wait." });
        };
      },
      "SecretUnavailable: no answer (Wait.)",
    ],
    [
      "a folder is in the way",
      () => {
        rmSync(join(out, crt));
        mkdirSync(join(out, crt));
      },
      "cannot write to",
    ],
  ])("%s: it says so, the files stay as they are, nothing is run, and it goes on", async (_, change, message) => {
    const ran = await watch(command(`echo run >> ${folder}/log`), () => next(change), nothing);
    expect(ran.code).toBe(0);
    const warnings = ran.err.split("\n").slice(1);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/^warning: .*; the files stay as they are, next try in 30s$/);
    expect(warnings[0]).toContain(message);
    expect(warnings[1]).toMatch(/next try in 60s$/);
    expect(log()).toEqual(["run"]);
    expect(read("..data/tls.key")).toBe(pairs[0].key);
    expect(ran.out + ran.err).not.toContain("PRIVATE KEY");
  });

  it("is tried again ever later, at last every five minutes, and then as before", async () => {
    const { certificate } = world.state;
    const fail = () => {
      world.state.certificate = async () => {
        throw new UnavailableError({ reason: "StateUnavailable", message: "no answer" });
      };
    };
    const again = () => {
      world.state.certificate = certificate;
      return renewed(2);
    };
    const ran = await watch("", fail, ...Array(6).fill(nothing), again, fail);
    expect(sleeps.map((ms) => ms / 1000)).toEqual([30, 30, 60, 120, 240, 300, 300, 300, 30, 30]);
    expect(ran.out.split("\n")).toHaveLength(2);
    expect(read("tls.crt")).toBe(pairs[1].cert);
  });

  it("is not tried more often than it looks", async () => {
    world.secrets.clear();
    await watch("--interval 10m", nothing, nothing);
    expect(sleeps).toEqual([600_000, 600_000, 600_000]);
  });
});

describe("bad usage", () => {
  it.each([
    [["export", "web", "--watch"], "where to? --out DIR"],
    [["export", "web", "--out", "x", "--on-change", "true"], "--on-change needs --watch"],
    [["export", "web", "--out", "x", "--interval", "5s"], "--interval needs --watch"],
    [["export", "web", "--out", "x", "--watch", "--on-change", " "], "--on-change: which command?"],
    [["export", "web", "--out", "x", "--watch", "--interval", "0s"], "--interval: at least 1s"],
    [["export", "web", "--out", "x", "--watch", "--interval", "soon"], "--interval:"],
    [["export", "issuer/le", "--out", "x", "--watch"], "only Certificates have a secret"],
  ])("%j", async (line, message) => {
    const ran = await world.run(line);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(message);
  });
});
