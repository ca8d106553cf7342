import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What to write into a list; the reason as openssl names it. */
export interface CrlWish {
  /** PEM of the CA that signs, and of its key. */
  caPem: string;
  keyPem: string;
  revoked: { serialNumber: string; reason: string }[];
}

/** A revocation list that the openssl program signs with somebody's key, DER; from a minute ago for a day. */
export async function opensslCrl({ caPem, keyPem, revoked }: CrlWish): Promise<Buffer> {
  const directory = mkdtempSync(join(tmpdir(), "openssl-crl-"));
  const at = (name: string) => join(directory, name);
  const instant = (fromNowMs: number) => new Date(Date.now() + fromNowMs).toISOString().replace(/[-T:]|\.\d+/g, "");
  // openssl's own database (years of two digits): state, end, revocation, serial number, file, subject.
  const lines = revoked.map(({ serialNumber, reason }) =>
    [
      "R",
      instant(86_400_000).slice(2),
      `${instant(-3_600_000).slice(2)},${reason}`,
      serialNumber,
      "unknown",
      "/CN=x",
    ].join("\t"),
  );
  try {
    writeFileSync(at("ca.crt"), caPem);
    writeFileSync(at("ca.key"), keyPem, { mode: 0o600 });
    writeFileSync(at("index.txt"), lines.map((line) => `${line}\n`).join(""));
    writeFileSync(at("ca.cnf"), "[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\ndefault_md = sha256\n");
    const times = ["-crl_lastupdate", instant(-60_000), "-crl_nextupdate", instant(86_400_000)];
    const by = ["-cert", "ca.crt", "-keyfile", "ca.key"];
    await run("openssl", ["ca", "-config", "ca.cnf", "-gencrl", "-out", "list.pem", ...by, ...times], {
      cwd: directory,
    });
    await run("openssl", ["crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der"], { cwd: directory });
    return readFileSync(at("list.der"));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
