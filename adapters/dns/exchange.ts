import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import { RefusedError, UnavailableError } from "../../core/errors.ts";
import type { NameServer } from "../../core/name-server.ts";
import { guardUrl, isPrivateAddress, mayBePrivate } from "../../core/url-guard.ts";

/** Sends one DNS message and gives the first answer that `accepts` takes. */
export type Exchange = (message: Buffer, way: Way) => Promise<Buffer>;

export interface Way {
  over: "UDP" | "TCP";
  /** Whether these bytes answer the message: over UDP anybody may send some. */
  accepts(answer: Buffer): boolean;
}

export interface ExchangeOptions {
  /** Hosts, with or without port, that may be private (core/url-guard.ts). */
  allowedPrivateHosts: readonly string[];
  /** How long each UDP try waits; tests put their own. */
  udpTriesMs?: readonly number[];
  tcpTimeoutMs?: number;
  resolve?: (host: string) => Promise<{ address: string }[]>;
}

/** A lost datagram is sent again, as it was: an update may be done twice. */
const udpTriesMs = [1_000, 2_000, 4_000];
const tcpTimeoutMs = 10_000;

/** Messages to one name server. Throws RefusedError for a private one, UnavailableError when it does not answer. */
export function exchangeWith(server: NameServer, options: ExchangeOptions): Exchange {
  return async (message, way) => {
    const [address] = await addressesOf(server, options);
    if (address === undefined) throw unavailable(server, "has no address");
    const at = { ...server, host: address };
    const answer = way.over === "UDP" ? overUdp(message, at, way, options) : overTcp(message, at, options);
    return answer.catch((cause: unknown) => {
      throw unavailable(server, `did not answer over ${way.over} (${cause instanceof Error ? cause.message : cause})`);
    });
  };
}

async function addressesOf(server: NameServer, options: ExchangeOptions): Promise<string[]> {
  const { host, port } = server;
  const url = `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const guarded = guardUrl(url, { allowedPrivateHosts: options.allowedPrivateHosts });
  if ("problem" in guarded) throw forbidden(server, guarded.problem);
  const found = isIP(host) ? [{ address: host }] : await resolved(server, options);
  const addresses = found.map(({ address }) => address);
  const inward = addresses.find((address) => isPrivateAddress(address));
  if (inward === undefined || mayBePrivate(guarded.url, options.allowedPrivateHosts)) return addresses;
  throw forbidden(server, `resolves to the private address ${inward}`);
}

async function resolved(server: NameServer, options: ExchangeOptions): Promise<{ address: string }[]> {
  try {
    return await (options.resolve ?? ((host) => lookup(host, { all: true })))(server.host);
  } catch (cause) {
    throw unavailable(server, `cannot be resolved (${cause instanceof Error ? cause.message : cause})`);
  }
}

function overUdp(message: Buffer, { host, port }: NameServer, way: Way, options: ExchangeOptions): Promise<Buffer> {
  return new Promise((answered, failed) => {
    const socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
    const tries = [...(options.udpTriesMs ?? udpTriesMs)];
    let timer: NodeJS.Timeout | undefined;
    const end = (finish: () => void) => {
      clearTimeout(timer);
      socket.close();
      finish();
    };
    const send = () => {
      const waitMs = tries.shift();
      if (waitMs === undefined) return end(() => failed(new Error("no answer in time")));
      socket.send(message);
      timer = setTimeout(send, waitMs);
    };
    socket.once("error", (error) => end(() => failed(error)));
    socket.on("message", (bytes) => {
      if (way.accepts(bytes)) end(() => answered(bytes));
    });
    // Connected, so that the system drops what others send.
    socket.connect(port, host, send);
  });
}

function overTcp(message: Buffer, { host, port }: NameServer, options: ExchangeOptions): Promise<Buffer> {
  return new Promise((answered, failed) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    const end = (finish: () => void) => {
      socket.destroy();
      finish();
    };
    socket.setTimeout(options.tcpTimeoutMs ?? tcpTimeoutMs, () => end(() => failed(new Error("no answer in time"))));
    socket.once("error", (error) => end(() => failed(error)));
    socket.once("close", () => failed(new Error("the connection was closed")));
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      const size = received.length < 2 ? Number.POSITIVE_INFINITY : received.readUInt16BE(0);
      if (received.length >= size + 2) end(() => answered(received.subarray(2, size + 2)));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(message.length);
    socket.write(Buffer.concat([length, message]));
  });
}

function forbidden({ host, port }: NameServer, problem: string): RefusedError {
  return new RefusedError({
    reason: "ForbiddenNameServer",
    message: `The name server ${host}:${port} ${problem}. It is not asked.`,
    fix: "Use its public address, or let the operator add this host to the installation's allowed private hosts.",
  });
}

function unavailable({ host, port }: NameServer, what: string): UnavailableError {
  return new UnavailableError({
    reason: "NameServerUnavailable",
    message: `The name server ${host}:${port} ${what}.`,
  });
}
