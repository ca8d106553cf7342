import { lookup as dnsLookup } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { guardUrl, mayBePrivate, publicLookup } from "../../core/url-guard.ts";

/** What is asked for, by whose leave. */
export interface Download {
  url: string;
  /** Hosts that may have private addresses. */
  allowedPrivateHosts: readonly string[];
  /** A POST with that type and body. */
  post?: { type: string; body: Uint8Array };
  /** How names are resolved; only tests have another. */
  lookup?: LookupFunction;
}

const systemLookup = dnsLookup as unknown as LookupFunction;
const timeoutMs = 10_000;
const mostBytes = 20 * 1024 * 1024;

/**
 * What is at a URL that a certificate names; follows no redirect, is over in 10 s, takes no more than 20 MB and connects to no private
 * address. Plain http will do: what it is for is signed. Throws Error that says what went wrong.
 */
export async function download({
  url,
  allowedPrivateHosts,
  post,
  lookup = systemLookup,
}: Download): Promise<Uint8Array> {
  const guarded = guardUrl(url, { allowedPrivateHosts, signedContent: true });
  if ("problem" in guarded) throw new Error(`${url} ${guarded.problem}`);
  const request = guarded.url.protocol === "http:" ? httpRequest : httpsRequest;
  const headers = post && { "content-type": post.type, "content-length": post.body.length };
  return new Promise((resolve, reject) => {
    const asked = request(guarded.url, {
      method: post ? "POST" : "GET",
      lookup: mayBePrivate(guarded.url, allowedPrivateHosts) ? lookup : publicLookup(lookup, inward),
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      ...(headers ? { headers } : {}),
    });
    asked.on("error", (error) => reject(new Error(`${url} cannot be read: ${error.message}`)));
    asked.on("response", (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      if (answer.statusCode !== 200) asked.destroy(new Error(`it answered ${answer.statusCode}`));
      answer.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > mostBytes) asked.destroy(new Error("it is larger than 20 MB"));
        else chunks.push(chunk);
      });
      answer.on("error", (error) => reject(new Error(`${url} cannot be read: ${error.message}`)));
      answer.on("end", () => resolve(Buffer.concat(chunks)));
    });
    asked.end(post?.body);
  });
}

function inward(hostname: string, address: string): Error {
  return new Error(`${hostname} has the private address ${address}; allow it with --private-host`);
}
