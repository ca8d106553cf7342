import { randomInt } from "node:crypto";
import { getServers } from "node:dns";
import type { DnsAnswer, DnsLookup, RecordType } from "../../../core/dns-lookup.ts";
import { UnavailableError } from "../../../core/errors.ts";
import { parseNameServer } from "../../../core/name-server.ts";
import { type ExchangeOptions, exchangeWith } from "../exchange.ts";
import { question, readAnswer, type Said } from "./answers.ts";
import { type HttpsOptions, overHttps } from "./over-https.ts";

export interface LookupOptions extends HttpsOptions, Pick<ExchangeOptions, "udpTriesMs" | "tcpTimeoutMs"> {
  /** `host:port` of recursive resolvers instead of the system's. Their port is then that of every server that is named without one. */
  resolvers?: readonly string[];
}

/** Few and short: the step asks again after a pause. */
const udpTriesMs = [1_500, 2_500];
const tcpTimeoutMs = 5_000;

/** The DNS over UDP, over TCP where an answer is too long for that, and over HTTPS. */
export function openLookup(options: LookupOptions): DnsLookup {
  const { resolvers = [], allowedPrivateHosts } = options;
  const standardPort = parseNameServer(resolvers[0] ?? "")?.port ?? 53;
  const one = (server: string, asked: Asked, isOurs: boolean) =>
    server.startsWith("https://")
      ? toUrl(server, asked, options)
      : toServer(server, asked, {
          standardPort,
          udpTriesMs,
          tcpTimeoutMs,
          ...options,
          // The operator chose it; VPCs and Lambda have theirs at link-local addresses.
          allowedPrivateHosts: isOurs ? [hostOf(server)] : allowedPrivateHosts,
        });
  return {
    ask: (server, name, type) => one(server, { name: name.toLowerCase(), type }, false),
    resolve: async (name, type) => {
      let failure: unknown = noResolver();
      for (const server of resolvers.length > 0 ? resolvers : getServers()) {
        try {
          return await one(server, { name: name.toLowerCase(), type }, true);
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    },
  };
}

interface Asked {
  name: string;
  type: RecordType;
}

interface ServerOptions extends ExchangeOptions {
  standardPort: number;
}

async function toServer(text: string, asked: Asked, options: ServerOptions): Promise<DnsAnswer> {
  const server = parseNameServer(text, options.standardPort);
  if (!server) throw unavailable(text, "is not written as host or host:port");
  const id = randomInt(0x1_0000);
  const message = question(id, asked.name, asked.type);
  const exchange = exchangeWith(server, options);
  const read = (bytes: Buffer) => readAnswer(bytes, { ...asked, id });
  const accepts = (bytes: Buffer) => read(bytes) !== undefined;
  const said = read(await exchange(message, { over: "UDP", accepts }));
  const whole = said && "truncated" in said ? read(await exchange(message, { over: "TCP", accepts })) : said;
  return answerOf(text, asked, whole);
}

/** With the id 0, so that caches on the way see equal questions as such (RFC 8484 4.1). */
async function toUrl(url: string, asked: Asked, options: HttpsOptions): Promise<DnsAnswer> {
  const bytes = await overHttps(url, question(0, asked.name, asked.type), options);
  return answerOf(url, asked, readAnswer(bytes, { ...asked, id: 0 }));
}

function answerOf(server: string, { name, type }: Asked, said: Said | undefined): DnsAnswer {
  if (said && "answer" in said) return said.answer;
  if (said && "failure" in said) {
    const words: Record<number, string> = { 1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED" };
    throw unavailable(server, `answered ${words[said.failure] ?? `code ${said.failure}`} to ${type} ${name}`);
  }
  throw unavailable(server, `sent something that is no answer to ${type} ${name}`);
}

function hostOf(server: string): string {
  const { host = "" } = parseNameServer(server) ?? {};
  return host.includes(":") ? `[${host}]` : host.toLowerCase();
}

function noResolver(): UnavailableError {
  return new UnavailableError({ reason: "NameServerUnavailable", message: "This system has no DNS resolver." });
}

function unavailable(server: string, what: string): UnavailableError {
  return new UnavailableError({ reason: "NameServerUnavailable", message: `The DNS server ${server} ${what}.` });
}
