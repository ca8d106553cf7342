import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Identity } from "./certificate-authority.ts";
import { launch, untilReady } from "./launch.ts";
import { installed } from "./paths.ts";
import { loopback } from "./ports.ts";
import { fetchTrusting } from "./trusting-fetch.ts";

/** The ACME server, Pebble, as it is without the proxy in front of it. */
export interface Pebble {
  port: number;
  pid: number;
  logFile: string;
  /** `https://127.0.0.1:N`: Pebble's management interface. */
  managementUrl: string;
  /** An external account that Pebble accepts; the MAC key is base64url. */
  externalAccount: { keyId: string; hmacKey: string };
  /** The root of the certificates it issues, PEM. */
  rootCertificate(): Promise<string>;
  stop(): Promise<void>;
}

/** How Pebble is started. */
export interface PebbleOptions {
  folder: string;
  ports: { acme: number; management: number };
  /** Stands for port 80 of every name. */
  httpPort: number;
  /** `127.0.0.1:N`. */
  dnsServer: string;
  identity: Identity;
  caCertificate: string;
  /** Percent of valid nonces that are refused; Pebble's default is 5. */
  nonceRejectPercent: number;
  /** Percent of valid authorizations that are used again. */
  authorizationReusePercent: number;
}

/** A name that Pebble refuses to issue for (rejectedIdentifier). */
export const blockedDomain = "blocked.example.test";

/** Starts Pebble; it validates challenges over DNS and HTTP. */
export async function startPebble(options: PebbleOptions): Promise<Pebble> {
  const { folder, ports } = options;
  const logFile = join(folder, "pebble.log");
  const managementUrl = `https://${loopback}:${ports.management}`;
  const externalAccount = { keyId: "local", hmacKey: randomBytes(32).toString("base64url") };
  const files = writeFiles(options, externalAccount);
  const process = launch({
    command: installed.pebble,
    args: ["-config", files.config, "-dnsserver", options.dnsServer],
    cwd: folder,
    logFile,
    env: {
      PEBBLE_VA_NOSLEEP: "1",
      PEBBLE_WFE_NONCEREJECT: String(options.nonceRejectPercent),
      PEBBLE_AUTHZREUSE: String(options.authorizationReusePercent),
      // A second chain for those who ask for it (spec.acme.preferredChain); everybody else gets the first.
      PEBBLE_ALTERNATE_ROOTS: "1",
    },
  });
  const get = (url: string) => fetchTrusting(options.caCertificate, url);
  const urls = [`https://${loopback}:${ports.acme}/dir`, `${managementUrl}/roots/0`];
  const ask = async () => (await Promise.all(urls.map(get))).every((answer) => answer.status === 200);
  await untilReady("Pebble", process, { ask, logFile, withinMs: 30_000 });
  for (const file of Object.values(files)) rmSync(file);
  return {
    port: ports.acme,
    pid: process.pid,
    logFile,
    managementUrl,
    externalAccount,
    rootCertificate: async () => (await get(`${managementUrl}/roots/0`)).body,
    stop: process.stop,
  };
}

// Pebble reads them once; startPebble removes them, because two of them hold secrets.
function writeFiles(options: PebbleOptions, externalAccount: { keyId: string; hmacKey: string }) {
  const { folder, ports, identity } = options;
  const files = {
    config: join(folder, "pebble.json"),
    certificate: join(folder, "server.pem"),
    privateKey: join(folder, "server-key.pem"),
  };
  const pebble = {
    listenAddress: `${loopback}:${ports.acme}`,
    managementListenAddress: `${loopback}:${ports.management}`,
    certificate: files.certificate,
    privateKey: files.privateKey,
    httpPort: options.httpPort,
    // Nothing listens there: challenges of this type are refused.
    tlsPort: 1,
    externalAccountBindingRequired: false,
    externalAccountMACKeys: { [externalAccount.keyId]: externalAccount.hmacKey },
    domainBlocklist: [blockedDomain],
    retryAfter: { authz: 1, order: 1 },
    keyAlgorithm: "ecdsa",
    profiles: {
      default: { description: "90 days", validityPeriod: 7_776_000 },
      "two-minutes": { description: "Two minutes", validityPeriod: 120 },
    },
  };
  writeFileSync(files.certificate, identity.certificate);
  writeFileSync(files.privateKey, identity.key, { mode: 0o600 });
  writeFileSync(files.config, JSON.stringify({ pebble }), { mode: 0o600 });
  return files;
}
