import { lookup as dnsLookup } from "node:dns";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Agent } from "node:https";
import type { LookupFunction, Socket } from "node:net";
import { isNamed, UnavailableError } from "../../core/errors.ts";
import type { ClusterAccess } from "../../core/kubernetes/port.ts";
import type { Clock } from "../../core/ports.ts";
import { mayBePrivate, publicLookup } from "../../core/url-guard.ts";
import { contextOf } from "./credentials.ts";
import { inwardLookup, networkFault } from "./network-faults.ts";

export interface TransportOptions {
  clock: Clock;
  allowedPrivateHosts: readonly string[];
  userAgent: string;
  /** How names resolve; tests put their own. */
  lookup?: LookupFunction;
  /** TCP and TLS; by default 5 s. */
  connectSeconds?: number;
  /** From the beginning to the last byte of the answer; by default 15 s. */
  answerSeconds?: number;
  /** By default 8 MiB. */
  maxReplyBytes?: number;
}

export interface Request {
  method: "GET" | "PATCH" | "DELETE";
  /** With its query. */
  path: string;
  body?: { type: string; json: unknown };
}

export interface Reply {
  status: number;
  retryAfter: string | undefined;
  /** Undefined when it is no JSON. */
  json: unknown;
}

/** The answer is larger than we read. */
export class ReplyTooLarge extends UnavailableError {
  constructor(host: string, maxBytes: number) {
    const message = `The apiserver ${host} sent an answer of more than ${maxBytes} bytes.`;
    super({ reason: "ClusterUnreachable", message, fix: "See whether spec.server leads to the apiserver itself." });
  }
}

/**
 * HTTPS to one apiserver: its CA pinned, our client certificate or bearer token shown, no redirects, limits of time and
 * size. Throws UnavailableError
 * ClusterUnreachable for the network (ReplyTooLarge is one), and CredentialsRejected.
 *
 * node:http with an https Agent: fetch takes no CA of its own, and the local emulator patches node:https.
 */
export function kubernetesTransport(url: URL, access: ClusterAccess, options: TransportOptions) {
  const { credentials } = access;
  const agent = new Agent({
    keepAlive: true,
    timeout: 60_000,
    secureContext: contextOf(access, url.host, options.clock.now()),
  });
  const headers = {
    Accept: "application/json",
    "User-Agent": options.userAgent,
    ...("token" in credentials && { Authorization: `Bearer ${credentials.token.trim()}` }),
  };
  const basePath = url.pathname.replace(/\/$/, "");
  return async (request: Request): Promise<Reply> => {
    const signal = AbortSignal.timeout((options.answerSeconds ?? 15) * 1000);
    const target = new URL(basePath + request.path, url);
    try {
      const response = await exchange(target, request, { agent, headers, signal, options });
      return await readReply(response, url.host, options.maxReplyBytes ?? 8 * 1024 * 1024);
    } catch (error) {
      throw isNamed(error) ? error : networkFault(error, url.host, signal.aborted);
    }
  };
}

interface Sending {
  agent: Agent;
  headers: Record<string, string>;
  signal: AbortSignal;
  options: TransportOptions;
}

function exchange(url: URL, { method, body }: Request, sending: Sending): Promise<IncomingMessage> {
  const { agent, signal, options } = sending;
  const payload = body && Buffer.from(JSON.stringify(body.json));
  const headers = {
    ...sending.headers,
    ...(body && payload && { "Content-Type": body.type, "Content-Length": payload.length }),
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { agent, method, signal, headers, lookup: lookupFor(url, options) });
    request.once("socket", (socket) => {
      if (!request.reusedSocket) limitConnecting(socket, (options.connectSeconds ?? 5) * 1000);
    });
    request.once("response", resolve);
    request.once("error", reject);
    request.end(payload);
  });
}

/** The time limit of TCP and TLS together: a firewall that drops packets answers nothing at all. */
function limitConnecting(socket: Socket, ms: number): void {
  const late = () => socket.destroy(Object.assign(new Error("not connected in time"), { code: "ETIMEDOUT" }));
  const timer = setTimeout(late, ms);
  for (const event of ["secureConnect", "close"]) socket.once(event, () => clearTimeout(timer));
}

function lookupFor(url: URL, { lookup = dnsLookup, allowedPrivateHosts }: TransportOptions): LookupFunction {
  return mayBePrivate(url, allowedPrivateHosts) ? lookup : publicLookup(lookup, inwardLookup);
}

async function readReply(response: IncomingMessage, host: string, maxBytes: number): Promise<Reply> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new ReplyTooLarge(host, maxBytes);
    chunks.push(chunk);
  }
  const { statusCode: status = 0, headers } = response;
  return { status, retryAfter: headers["retry-after"], json: parsed(Buffer.concat(chunks).toString("utf8")) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
