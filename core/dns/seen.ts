import { concurrently } from "../concurrently.ts";
import type { DnsAnswer, DnsLookup } from "../dns-lookup.ts";
import { RefusedError } from "../errors.ts";
import type { TxtRecord } from "../ports.ts";
import { followAliases } from "./follow-aliases.ts";

/** Who serves a value, and who does not. */
export interface Sight {
  served: number;
  /** Servers that answered without the value, as a person finds them. */
  lacking: string[];
  /** Servers that did not answer. */
  silent: string[];
  /** How long the one of them that remembers longest keeps saying that there is nothing. */
  rememberedSeconds: number;
}

const serversAtOnce = 8;

/** Asks all servers of the zone that holds the record, behind the CNAMEs at its name. */
export async function seenByZone(lookup: DnsLookup, record: TxtRecord): Promise<Sight> {
  const { name, servers } = await followAliases(lookup, record.name);
  const asked = servers.map((server) => ({ ask: server.address, called: `${server.name} (${server.address})` }));
  const sight = await seenBy(lookup, asked, { name, value: record.value });
  return { ...sight, rememberedSeconds: 0 };
}

/** Asks resolvers that the user named. */
export function seenByResolvers(lookup: DnsLookup, resolvers: readonly string[], record: TxtRecord): Promise<Sight> {
  const asked = resolvers.map((server) => ({ ask: server, called: server }));
  return seenBy(lookup, asked, record);
}

async function seenBy(
  lookup: DnsLookup,
  servers: { ask: string; called: string }[],
  { name, value }: TxtRecord,
): Promise<Sight> {
  const sight: Sight = { served: 0, lacking: [], silent: [], rememberedSeconds: 0 };
  await concurrently(serversAtOnce, servers, async ({ ask, called }) => {
    const answer = await lookup.ask(ask, name, "TXT").catch(silent);
    if (answer === undefined) sight.silent.push(called);
    else if (answer.answers.some((record) => record.type === "TXT" && record.text === value)) sight.served += 1;
    else {
      sight.lacking.push(called);
      sight.rememberedSeconds = Math.max(sight.rememberedSeconds, rememberedFor(answer));
    }
  });
  return sight;
}

/** A server that we may not ask is a mistake of somebody, and no server that is away. */
function silent(error: unknown): undefined {
  if (error instanceof RefusedError) throw error;
}

/** An absence is remembered for the SOA's TTL or minimum (RFC 2308 5), an older set of values for its TTL. */
function rememberedFor({ answers, authorities }: DnsAnswer): number {
  const old = answers.map(({ ttlSeconds }) => ttlSeconds);
  const absent = authorities.map((one) => (one.type === "SOA" ? Math.min(one.ttlSeconds, one.minimumSeconds) : 0));
  return Math.max(0, ...old, ...absent);
}
