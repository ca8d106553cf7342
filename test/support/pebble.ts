import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fetchTrusting } from "../../local/trusting-fetch.ts";
import { makeServerCertificate } from "./test-chain.ts";
import { startTxtServer } from "./txt-server.ts";

export interface Pebble {
  /** The directory URL. */
  url: string;
  /** PEM that makes its TLS certificate trusted. */
  caBundle: string;
  /** The root of the chain of that number, PEM: 0 the default one, 1 the alternate. */
  root(chain: number): Promise<string>;
  close(): Promise<void>;
}

/**
 * Real Pebble that validates over DNS against `lookupTxt`; nonces are rejected at its default 5 %. With MAC keys (by key
 * id, base64url) it demands an external account binding.
 */
export async function startPebble(
  lookupTxt: (name: string) => readonly string[],
  macKeys?: Record<string, string>,
): Promise<Pebble> {
  const binary = resolve(".local/bin/pebble");
  if (!existsSync(binary)) throw new Error(`${binary} is missing: npm start and npm test install it`);
  const folder = await mkdtemp(join(tmpdir(), "certwright-pebble-"));
  const [port, managementPort] = [await freePort(), await freePort()];
  const { cert, key } = await makeServerCertificate();
  await writeFile(join(folder, "cert.pem"), cert);
  await writeFile(join(folder, "key.pem"), key, { mode: 0o600 });
  await writeFile(
    join(folder, "pebble.json"),
    JSON.stringify({ pebble: { ...configOf(folder, port, managementPort), ...bindingOf(macKeys) } }),
  );
  const dns = await startTxtServer(lookupTxt);
  const child = spawn(binary, ["-config", join(folder, "pebble.json"), "-dnsserver", `127.0.0.1:${dns.port}`], {
    env: { PEBBLE_VA_NOSLEEP: "1", PEBBLE_AUTHZREUSE: "0", PEBBLE_ALTERNATE_ROOTS: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (bytes) => {
    complaints += bytes;
  });
  await listening(port, () => child.exitCode).catch((error) => {
    throw new Error(`Pebble did not start: ${error.message}\n${complaints}`);
  });
  return {
    url: `https://127.0.0.1:${port}/dir`,
    caBundle: cert,
    root: async (chain) => (await fetchTrusting(cert, `https://127.0.0.1:${managementPort}/roots/${chain}`)).body,
    async close() {
      child.kill();
      if (child.exitCode === null) await once(child, "exit");
      await dns.close();
      await rm(folder, { recursive: true });
    },
  };
}

function bindingOf(macKeys: Record<string, string> | undefined) {
  return macKeys ? { externalAccountBindingRequired: true, externalAccountMACKeys: macKeys } : {};
}

function configOf(folder: string, port: number, managementPort: number) {
  return {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: join(folder, "cert.pem"),
    privateKey: join(folder, "key.pem"),
    httpPort: 5002,
    tlsPort: 5001,
    domainBlocklist: ["blocked.example.org"],
    retryAfter: { authz: 1, order: 1 },
    keyAlgorithm: "ecdsa",
    profiles: { "two-minutes": { description: "Two minutes", validityPeriod: 120 } },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}

async function listening(port: number, exitCode: () => number | null): Promise<void> {
  for (let round = 0; round < 100; round++) {
    if (exitCode() !== null) throw new Error(`it ended with ${exitCode()}`);
    if (await accepts(port)) return;
    await sleep(100);
  }
  throw new Error("nothing listened within 10 s");
}

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1", () => done(true)).on("error", () => done(false));
    socket.end();
  });
}
