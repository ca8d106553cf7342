import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Authority, createAuthority, type Identity } from "../../local/certificate-authority.ts";

export interface SeenRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  /** Parsed. */
  body: unknown;
  /** Common name of the client certificate. */
  client: string | undefined;
}

/** What is sent back; a function sees the request, `hang` never answers. */
type Answer = { status: number; json?: unknown; text?: string; headers?: Record<string, string> } | "hang" | "reset";
type Scripted = Answer | ((request: SeenRequest) => Answer);

export interface ScriptedApiserver {
  url: string;
  authority: Authority;
  /** Of a certificate that its CA signed. */
  client: Identity;
  requests: SeenRequest[];
  /** Connections that were made. */
  connections(): number;
  /** Taken one by one; the last one stays. */
  answers: Scripted[];
  close(): Promise<void>;
}

/** An HTTPS server on 127.0.0.1 that answers as it is told and writes down what came. */
export async function startScriptedApiserver(): Promise<ScriptedApiserver> {
  const authority = await createAuthority("scripted cluster");
  const names = { dnsNames: ["localhost", "k8s.example.com"], ipAddresses: ["127.0.0.1"] };
  const { certificate, key } = await authority.issue({ commonName: "apiserver", usage: "serverAuth", ...names });
  const requests: SeenRequest[] = [];
  const answers: Scripted[] = [];
  let connections = 0;
  const trusted = { ca: authority.caCertificate, requestCert: true, rejectUnauthorized: false };
  const next = () => (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 200, json: {} };
  const server = createServer({ cert: certificate, key, ...trusted }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const seen = seenIn(request, Buffer.concat(chunks).toString("utf8"));
      requests.push(seen);
      send(response, next(), seen);
    });
  });
  server.on("secureConnection", () => {
    connections += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authority,
    client: await authority.issue({ commonName: "agent", usage: "clientAuth" }),
    requests,
    connections: () => connections,
    answers,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function seenIn(request: IncomingMessage, text: string): SeenRequest {
  const { pathname, searchParams } = new URL(request.url ?? "/", "https://any");
  return {
    method: request.method ?? "",
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: request.headers,
    body: text === "" ? undefined : JSON.parse(text),
    client: (request.socket as TLSSocket).getPeerCertificate().subject?.CN as string | undefined,
  };
}

function send(response: ServerResponse, scripted: Scripted, seen: SeenRequest): void {
  const answer = typeof scripted === "function" ? scripted(seen) : scripted;
  if (answer === "reset") response.socket?.destroy();
  if (typeof answer === "string") return;
  const { status, json, text, headers } = answer;
  response.writeHead(status, { "content-type": json === undefined ? "text/plain" : "application/json", ...headers });
  response.end(json === undefined ? text : JSON.stringify(json));
}
