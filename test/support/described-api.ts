import type * as z from "zod/mini";
import type { DnsAccess } from "../../core/dns-adapter.ts";

/** One operation as its vendor describes it; what comes in and what goes out must fit. */
export interface Operation {
  method: string;
  /** `/zones/{zone_id}/dns_records`. */
  path: string;
  query?: z.ZodMiniType;
  body?: z.ZodMiniType;
  /** The body of each status that it may answer; undefined for one without a body. */
  replies: Record<number, z.ZodMiniType | undefined>;
  serve(call: Call): Reply | Promise<Reply>;
}

export interface Call {
  path: Record<string, string>;
  query: URLSearchParams;
  // biome-ignore lint/suspicious/noExplicitAny: it has passed the schema of the operation.
  body: any;
}

export interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A `fetch` that serves these operations below `base`; what their descriptions do not allow throws a DescriptionBroken. */
export function describedApi(base: string, operations: Operation[], guard: (headers: Headers) => Reply | undefined) {
  const broken: string[] = [];
  const fail = (what: string): never => {
    broken.push(what);
    throw new Error(`the vendor's description is broken: ${what}`);
  };
  const check = (schema: z.ZodMiniType | undefined, value: unknown, what: string) => {
    const parsed = schema ? schema.safeParse(value) : { success: value === undefined, error: "no body is described" };
    if (!parsed.success) fail(`${what}: ${JSON.stringify(value)}: ${String(parsed.error)}`);
  };
  const fetch = async (address: string, { method = "GET", headers, body, redirect }: RequestInit = {}) => {
    const url = new URL(address);
    const called = `${method} ${url.pathname}`;
    if (redirect !== "error") fail(`${called} would carry the credential along a redirect`);
    const found = operations.flatMap((operation) => {
      const path = operation.method === method ? pathOf(operation, base, address) : undefined;
      return path ? [{ operation, path }] : [];
    })[0];
    if (!found) return fail(`no operation ${called}`);
    const { operation, path } = found;
    const refused = guard(new Headers(headers));
    if (refused) return respond(refused);
    const sent = body === undefined || body === null ? undefined : JSON.parse(String(body));
    check(operation.body, sent, `body of ${called}`);
    const query = Object.fromEntries(url.searchParams);
    check(operation.query, operation.query ? query : Object.keys(query)[0], `query of ${called}`);
    const reply = await operation.serve({ path, query: url.searchParams, body: sent });
    if (!(reply.status in operation.replies)) fail(`${called} never answers ${reply.status}`);
    check(operation.replies[reply.status], reply.body, `reply to ${called}`);
    return respond(reply);
  };
  return { fetch: fetch as DnsAccess["fetch"], broken };
}

function pathOf({ path }: Operation, base: string, address: string): Record<string, string> | undefined {
  const pattern = path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/?]+)");
  const found = new RegExp(`^${base.replaceAll(".", "\\.")}${pattern}(?:\\?|$)`).exec(address);
  return found ? { ...found.groups } : undefined;
}

function respond({ status, body, headers = {} }: Reply): Response {
  const text = body === undefined ? null : JSON.stringify(body);
  return new Response(text, { status, headers: { "content-type": "application/json", ...headers } });
}
