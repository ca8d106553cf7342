import type { Answer, Listener, Reply, Request } from "./proxy.ts";
import { startProxy } from "./proxy.ts";

/** What a web server of the world answers instead of leading to serve-challenge. */
export interface WebAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Port 80 of every name: the web servers of users, which lead a CA to serve-challenge. */
export interface WebFront extends Listener {
  /** By host name, until it is deleted. */
  instead: Map<string, WebAnswer>;
}

/** Calls serve-challenge with an event, as a function URL would, and gives its reply; undefined: it is not deployed. */
export type Serve = (event: unknown) => Promise<LambdaReply | undefined>;

interface LambdaReply {
  statusCode: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Listens on a free loopback port. */
export async function startWebFront(serve: Serve): Promise<WebFront> {
  const instead = new Map<string, WebAnswer>();
  const answer: Answer = async (request) => {
    const given = instead.get(hostOf(request));
    if (given) return replyOf(given);
    const served = await serve(eventOf(request));
    return served ? replyOf({ ...served, status: served.statusCode }) : replyOf({ status: 404, body: "nobody serves" });
  };
  return { ...(await startProxy(answer)), instead };
}

function hostOf({ headers }: Request): string {
  return (headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
}

/** https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads, as far as anybody reads it. */
function eventOf(request: Request): unknown {
  const url = new URL(request.path, "http://localhost");
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: request.headers,
    requestContext: { http: { method: request.method, path: url.pathname, protocol: "HTTP/1.1" } },
    isBase64Encoded: false,
  };
}

function replyOf({ status, headers = {}, body = "" }: WebAnswer): Reply {
  return { status, headers, body: Buffer.from(body) };
}
