import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import { createServer as createHttpServer, Agent as HttpAgent, request as httpRequest } from "node:http";
import { createServer as createHttpsServer, Agent as HttpsAgent } from "node:https";
import type { Identity } from "./certificate-authority.ts";
import { loopback, portOf } from "./ports.ts";

/** A whole request. */
export interface Request {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** True once the caller hung up. */
  abandoned(): boolean;
}

/** A whole answer; repeated headers are arrays. */
export interface Reply {
  status: number;
  headers: OutgoingHttpHeaders;
  body: Buffer;
}

/** Decides what answers a request; undefined drops the connection without a word. */
export type Answer = (request: Request) => Promise<Reply | undefined>;

/** A server that listens on 127.0.0.1. */
export interface Listener {
  port: number;
  close(): Promise<void>;
}

/** Listens on a free loopback port; over TLS when given an identity. */
export async function startProxy(answer: Answer, identity?: Identity): Promise<Listener> {
  const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => void serve(answer, incoming, outgoing);
  const server: Server = identity
    ? createHttpsServer({ cert: identity.certificate, key: identity.key }, handle)
    : createHttpServer(handle);
  // A thawed Lambda uses a connection again that has been idle for long.
  server.keepAliveTimeout = 120_000;
  server.headersTimeout = 130_000;
  server.requestTimeout = 0;
  await new Promise<void>((ready, failed) => {
    server.once("error", failed);
    server.listen({ port: 0, host: loopback, backlog: 1_024 }, ready);
  });
  return {
    port: portOf(server),
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** Passes requests on to a server on the loopback; the Host header stays the caller's. */
export function createForwarder(target: { port: number; caCertificate?: string; timeoutMs: number }) {
  const agentOptions = { keepAlive: true, maxSockets: 256, timeout: 30_000 };
  const agent = target.caCertificate
    ? new HttpsAgent({ ...agentOptions, ca: target.caCertificate, servername: "localhost" })
    : new HttpAgent(agentOptions);
  const once = (request: Request) =>
    new Promise<Reply>((resolve, reject) => {
      const { method, path, body } = request;
      const headers = { ...withoutHopByHop(request.headers), "content-length": String(body.length) };
      const protocol = target.caCertificate ? "https:" : "http:";
      const options = { protocol, host: loopback, port: target.port, method, path, headers, agent };
      const sent = httpRequest(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 502,
            headers: withoutHopByHop(answer.headersDistinct),
            body: Buffer.concat(chunks),
          }),
        );
      });
      sent.setTimeout(target.timeoutMs, () => sent.destroy(new UpstreamTimeout(target.timeoutMs)));
      sent.on("error", (error) => reject(sent.reusedSocket && isReset(error) ? new StaleSocket() : error));
      sent.end(body);
    });
  return {
    forward: (request: Request) =>
      once(request).catch((error: unknown) => (error instanceof StaleSocket ? once(request) : Promise.reject(error))),
    close: () => agent.destroy(),
  };
}

/** The server behind the proxy gave no answer in time. */
export class UpstreamTimeout extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds / 1000} s`);
  }
}

class StaleSocket extends Error {}

function isReset(error: Error): boolean {
  return "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
}

async function serve(answer: Answer, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = "GET", url = "/", headers } = incoming;
    const abandoned = () => outgoing.destroyed;
    const reply = await answer({ method, path: url, headers, body: Buffer.concat(chunks), abandoned });
    if (!reply) return void outgoing.destroy();
    outgoing.writeHead(reply.status, replyHeaders(reply, method));
    outgoing.end(method === "HEAD" ? undefined : reply.body);
  } catch (error) {
    if (outgoing.headersSent) return void outgoing.destroy();
    outgoing.writeHead(502, { "content-type": "text/plain" });
    outgoing.end(`the local proxy got no answer: ${error instanceof Error ? error.message : "unknown"}\n`);
  }
}

// The answer to a HEAD keeps the length that the server named, and so the connection.
function replyHeaders(reply: Reply, method: string): OutgoingHttpHeaders {
  const length = method === "HEAD" ? (reply.headers["content-length"] ?? "0") : String(reply.body.length);
  const empty = reply.status === 204 || reply.status === 304;
  const { "content-length": _, ...headers } = reply.headers;
  return empty ? headers : { ...headers, "content-length": length };
}

const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection", "expect"]);

function withoutHopByHop(headers: NodeJS.Dict<string | string[]>): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hopByHop.has(name)) continue;
    kept[name] = Array.isArray(value) && value.length === 1 ? value[0] : value;
  }
  return kept;
}
