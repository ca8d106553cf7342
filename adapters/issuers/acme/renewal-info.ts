import * as z from "zod/mini";
import type { Clock } from "../../../core/ports.ts";
import type { RenewalInfoSource, Suggestion } from "../../../core/renewal-info.ts";
import { failureOf } from "./problems.ts";
import { badReply, parseReply } from "./replies.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { httpsTransport, isStaleConnection, type TransportOptions } from "./transport.ts";

export interface RenewalInfoConfig {
  /** The directory's URL: only its origin is asked. */
  server: string;
  /** The directory's renewalInfo (RFC 9773 4). */
  url: string;
  caBundle?: string | undefined;
  skipTLSVerify?: boolean | undefined;
}

/** A CA that is slow must not hold up the others of the same call. */
const timeoutSeconds = 10;
const maxReplyBytes = 64 * 1024;
const longestUrl = 200;

const instant = z.iso.datetime({ offset: true });
/** RFC 9773 4.2; an explanation that is no text is left out. */
const replySchema = z.object({
  suggestedWindow: z.object({ start: instant, end: instant }),
  explanationURL: z.optional(z.unknown()),
});

/** Asks without an account: neither its key nor a nonce is needed, and no acme-client. */
export const renewalInfo = {
  create(
    config: RenewalInfoConfig,
    deps: Pick<TransportOptions, "allowedPrivateHosts" | "userAgent" | "lookup"> & { clock: Clock },
  ): RenewalInfoSource {
    const { clock, ...world } = deps;
    const { server, caBundle, skipTLSVerify: skipTlsVerify } = config;
    const transport = httpsTransport({
      ...world,
      caBundle,
      skipTlsVerify,
      sameOriginAs: server,
      timeoutSeconds,
      maxReplyBytes,
    });
    const get = (url: string) => transport.send(url, "get");
    return {
      suggestion: async (certId) => {
        const url = `${config.url.replace(/\/$/, "")}/${certId}`;
        const reply = await get(url).catch((error: unknown) => {
          if (!isStaleConnection(error)) throw error;
          transport.dropIdle();
          return get(url);
        });
        const failure = failureOf(reply, "renewalInfo", clock.now());
        if (failure) throw failure;
        const retryAt = parseRetryAfter(reply.headers["retry-after"], clock.now());
        return { ...suggestionOf(reply.data), ...(retryAt && { retryAt }) };
      },
    };
  },
};

/** A window that ends before it begins is no answer (RFC 9773 4.2). */
function suggestionOf(data: unknown): Suggestion {
  const { suggestedWindow, explanationURL } = parseReply(replySchema, data, "the renewal information");
  const [start, end] = [Date.parse(suggestedWindow.start), Date.parse(suggestedWindow.end)];
  if (!(start < end)) throw badReply("the renewal information: its window ends before it begins");
  const explanationUrl = typeof explanationURL === "string" ? shown(explanationURL) : undefined;
  return { start, end, ...(explanationUrl !== undefined && { explanationUrl }) };
}

/** For people's terminals, and rows of 1 KB: a plain URL or none. */
function shown(text: string): string | undefined {
  const url = URL.parse(text);
  const usable = url && /^https?:$/.test(url.protocol) && url.username === "" && url.href.length <= longestUrl;
  return usable ? url.href : undefined;
}
