import { concurrently } from "../concurrently.ts";
import type { DnsAnswer, DnsLookup, DnsRecord } from "../dns-lookup.ts";
import { RefusedError, UnavailableError } from "../errors.ts";

/** A zone, and the servers that its parent sends the world to. */
export interface ServedZone {
  zone: string;
  servers: ZoneServer[];
}

export interface ZoneServer {
  /** As the NS record names it. */
  name: string;
  /** IPv4: a Lambda outside a VPC reaches no other. */
  address: string;
}

/** More name no resolver would try either. */
const mostServers = 16;
const mostDelegations = 4;

/**
 * The servers of the zone that holds a name. The resolvers are asked for the name's parents only (they would remember that the
 * name itself is not there); zones below them are found by the referrals of the servers.
 */
export async function serversOf(lookup: DnsLookup, name: string): Promise<ServedZone> {
  let zone = await enclosing(lookup, parentOf(name));
  let servers = await addressesOf(lookup, await nameServers(lookup, zone));
  for (let depth = 0; depth < mostDelegations; depth += 1) {
    const below = referral(await firstAnswer(lookup, servers, name), name, zone);
    if (below === undefined) break;
    zone = below.zone;
    servers = await addressesOf(lookup, below.names);
  }
  if (servers.length > 0) return { zone, servers };
  throw new UnavailableError({
    reason: "NameServerUnavailable",
    message: `No name server of the zone ${zone} has an IPv4 address.`,
  });
}

/**
 * What the first of the servers says that says anything; throws what the last one threw. Asked for the CNAME, which no server
 * follows by itself: one that has both ends of a circle answers any other question with a failure.
 */
export async function firstAnswer(lookup: DnsLookup, servers: ZoneServer[], name: string): Promise<DnsAnswer> {
  let failure: unknown = new UnavailableError({
    reason: "NameServerUnavailable",
    message: `There is no name server to ask for ${name}.`,
  });
  for (const { address } of servers) {
    try {
      return await lookup.ask(address, name, "CNAME");
    } catch (error) {
      failure = error;
      if (error instanceof RefusedError) throw error;
    }
  }
  throw failure;
}

/** Where the zone begins that holds a name: by the SOA in the answer, or in what proves that there is none at the name itself. */
async function enclosing(lookup: DnsLookup, name: string): Promise<string> {
  for (let at = name; at !== ""; at = parentOf(at)) {
    const { answers, authorities } = await lookup.resolve(at, "SOA");
    const found = [...answers, ...authorities].find((record) => record.type === "SOA" && isWithin(at, record.name));
    if (found !== undefined && found.name !== "") return found.name;
  }
  throw new RefusedError({
    reason: "ZoneNotDelegated",
    message: `The public DNS has no zone for ${name}.`,
    fix: "Register the domain, and let its registrar delegate it to the name servers of your zone.",
  });
}

async function nameServers(lookup: DnsLookup, zone: string): Promise<string[]> {
  const { answers } = await lookup.resolve(zone, "NS");
  return answers.flatMap((record) => (record.type === "NS" && record.name === zone ? [record.target] : []));
}

async function addressesOf(lookup: DnsLookup, names: string[]): Promise<ZoneServer[]> {
  const found = await concurrently(8, names.slice(0, mostServers), async (name) => {
    const answers = await lookup.resolve(name, "A").then(
      (answer) => answer.answers,
      (): DnsRecord[] => [],
    );
    return answers.flatMap((record) => (record.type === "A" ? [{ name, address: record.address }] : []));
  });
  return found.flat();
}

function referral(answer: DnsAnswer, name: string, zone: string): { zone: string; names: string[] } | undefined {
  if (answer.authoritative || answer.answers.length > 0) return undefined;
  const below = answer.authorities.filter(
    (record) => record.type === "NS" && isWithin(name, record.name) && record.name.length > zone.length,
  );
  const [first] = below;
  if (first === undefined) return undefined;
  const names = below.flatMap((record) => (record.type === "NS" && record.name === first.name ? [record.target] : []));
  return { zone: first.name, names };
}

function isWithin(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

function parentOf(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1);
}
