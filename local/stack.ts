import { createAcmeFront } from "./acme-front.ts";
import { createAwsFront } from "./aws-front.ts";
import type { Recorder } from "./calls.ts";
import { createRecorder } from "./calls.ts";
import type { ServerIdentity } from "./certificate-authority.ts";
import { createServerIdentity } from "./certificate-authority.ts";
import { startControl } from "./control.ts";
import { startDnsServer } from "./dns-server.ts";
import type { Emulator } from "./emulator.ts";
import { account, region, startEmulator } from "./emulator.ts";
import type { Faults } from "./faults.ts";
import { createFaults } from "./faults.ts";
import { watchLog } from "./log-watch.ts";
import type { Pebble } from "./pebble.ts";
import { startPebble } from "./pebble.ts";
import { freePorts, loopback } from "./ports.ts";
import { createForwarder, startProxy } from "./proxy.ts";
import { createRunFolder, removeLeftovers } from "./runs.ts";
import { serveWith } from "./serve-with.ts";
import type { WebFront } from "./web-front.ts";
import { startWebFront } from "./web-front.ts";
import type { Zones } from "./zones.ts";
import { createZones } from "./zones.ts";

/** What differs from the stack that everybody uses. */
export interface StackOptions {
  /** How long Route 53 takes to show a change. */
  dnsLagMs?: number;
  /** Percent of valid nonces that Pebble refuses. */
  nonceRejectPercent?: number;
  /** Percent of valid authorizations that Pebble uses again. */
  authorizationReusePercent?: number;
  /** More environment for every Lambda worker; the bench watches what they load. */
  lambdaEnvironment?: Record<string, string>;
  /** Every call is weighed by its caller's role, and refused by action, resource and tags (docs/security.md). */
  auth?: boolean;
  /** The emulator keeps its state when it is restarted; that makes its end slower. */
  persistState?: boolean;
  /** Told of what is the stack's own fault: a Lambda that cannot start, a Pebble that hangs. */
  onTrouble?: (line: string) => void;
}

/** Emulator, Pebble, DNS server and the proxy before them, all on 127.0.0.1; nothing is deployed yet. */
export interface Stack {
  /** Logs of this run. */
  folder: string;
  /** AWS through the proxy: recorded, and what Lambdas use. */
  endpoint: string;
  /** AWS past the proxy: neither recorded nor disturbed. Changes of DNS records made here do not show. */
  emulatorEndpoint: string;
  region: string;
  account: string;
  acme: {
    /** Through the proxy. */
    directoryUrl: string;
    /** PEM: what signs the TLS certificate of the directory; an issuer's caBundle. */
    caCertificate: string;
    /** How many newOrder requests Pebble works on, and the most it ever did. */
    newOrders(): { inFlight: number; most: number };
  } & Pick<Pebble, "managementUrl" | "externalAccount" | "rootCertificate">;
  /** `127.0.0.1:N`, UDP and TCP. */
  dnsServer: string;
  zones: Zones;
  web: WebFront;
  recorder: Recorder;
  faults: Faults;
  /** The same for other processes (control.ts). */
  controlUrl: string;
  /** The processes it runs: ours, the emulator's and Pebble's. */
  pids: number[];
  /** What AWS never does: all of it stops, running executions and Lambdas too, and comes back. Needs `persistState`. */
  restartEmulator(): Promise<void>;
  stop(): Promise<void>;
}

type Undo = () => unknown;

/** Boots everything on free ports; when one part fails the others are stopped. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      // Somebody else took a port after we found it free.
      const isTaken = error instanceof Error && error.message.includes("already in use");
      if (!isTaken || attempt === 3) throw error;
    }
  }
}

async function startOnce(options: StackOptions): Promise<Stack> {
  const folder = await createRunFolder();
  const undo: Undo[] = [() => removeLeftovers(folder)];
  const stop = async () => {
    for (const each of undo.splice(0).reverse()) await each();
  };
  try {
    return { ...(await boot(options, folder, undo)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Ports {
  aws: number;
  acme: number;
  management: number;
}

async function boot(options: StackOptions, folder: string, undo: Undo[]): Promise<Omit<Stack, "stop">> {
  const { onTrouble = () => undefined } = options;
  const [aws = 0, acme = 0, management = 0] = await freePorts(3);
  const ports: Ports = { aws, acme, management };
  const identity = await createServerIdentity();
  const front = await listen({ ...options, onTrouble }, ports, identity, undo);
  const [emulator, pebble] = await startServers({ options, folder, ports, front, identity }, undo);
  undo.push(watchLog(emulator.logFile, /failed processing/, onTrouble));
  const { directoryUrl, newOrders, ...shared } = front;
  const { managementUrl, externalAccount, rootCertificate } = pebble;
  const { caCertificate } = identity;
  const running = {
    ...shared,
    ...{ folder, region, account, emulatorEndpoint: emulator.endpoint },
    acme: { directoryUrl, caCertificate, newOrders, managementUrl, externalAccount, rootCertificate },
    pids: [process.pid, emulator.pid, pebble.pid],
    async restartEmulator() {
      await emulator.restart();
      running.pids[1] = emulator.pid;
    },
  };
  const control = await startControl(running);
  undo.push(control.close);
  return { ...running, controlUrl: `http://${loopback}:${control.port}` };
}

interface Ground {
  options: StackOptions;
  folder: string;
  ports: Ports;
  front: Awaited<ReturnType<typeof listen>>;
  identity: ServerIdentity;
}

function startServers({ options, folder, ports, front, identity }: Ground, undo: Undo[]): Promise<[Emulator, Pebble]> {
  const httpPort = front.web.port;
  return bothOrNone(
    startEmulator({
      ...options,
      folder,
      port: ports.aws,
      lambdaEndpoint: front.endpoint,
      lambdaEnvironment: {
        DNS_RESOLVERS: front.dnsServer,
        HTTP01_PORT: String(httpPort),
        ...options.lambdaEnvironment,
      },
    }),
    startPebble({
      folder,
      ports,
      dnsServer: front.dnsServer,
      httpPort,
      identity: identity.server,
      caCertificate: identity.caCertificate,
      nonceRejectPercent: options.nonceRejectPercent ?? 5,
      authorizationReusePercent: options.authorizationReusePercent ?? 0,
    }),
    undo,
  );
}

// The proxies, the web and the DNS server: all that runs inside this process.
async function listen(
  options: StackOptions & { onTrouble: (line: string) => void },
  ports: Ports,
  identity: ServerIdentity,
  undo: Undo[],
) {
  const shared = { recorder: createRecorder(), faults: createFaults() };
  const zones = createZones((path) => readXml(`http://${loopback}:${ports.aws}${path}`), options.dnsLagMs ?? 2_000);
  const aws = createForwarder({ port: ports.aws, timeoutMs: 900_000 });
  const acme = createForwarder({ port: ports.acme, timeoutMs: 20_000, caCertificate: identity.caCertificate });
  const onHang = () =>
    options.onTrouble("Pebble hangs: a known deadlock of Pebble, not a fault of certwright; start again");
  const acmeFront = createAcmeFront({ ...shared, forward: acme.forward, onHang });
  const awsProxy = await startProxy(createAwsFront({ ...shared, forward: aws.forward, zones }));
  const acmeProxy = await startProxy(acmeFront, identity.server);
  const dns = await startDnsServer(zones);
  const endpoint = `http://${loopback}:${awsProxy.port}`;
  const web = await startWebFront(serveWith(`http://${loopback}:${ports.aws}`));
  undo.push(aws.close, acme.close, awsProxy.close, acmeProxy.close, dns.close, web.close);
  return {
    ...shared,
    ...{ zones, endpoint, web },
    directoryUrl: `https://${loopback}:${acmeProxy.port}/dir`,
    newOrders: acmeFront.newOrders,
    dnsServer: `${loopback}:${dns.port}`,
  };
}

// A process that started while its neighbour failed is stopped with the rest.
async function bothOrNone<A extends { stop: Undo }, B extends { stop: Undo }>(
  first: Promise<A>,
  second: Promise<B>,
  undo: Undo[],
): Promise<[A, B]> {
  const results = await Promise.allSettled([first, second]);
  for (const result of results) if (result.status === "fulfilled") undo.push(result.value.stop);
  return await Promise.all([first, second]);
}

async function readXml(url: string): Promise<string> {
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/route53/aws4_request, Signature=none`;
  const answer = await fetch(url, { headers: { authorization } });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return await answer.text();
}
