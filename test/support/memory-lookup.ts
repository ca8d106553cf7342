import type { DnsAnswer, DnsLookup, DnsRecord, RecordType } from "../../core/dns-lookup.ts";
import { UnavailableError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";

type Held = DnsRecord extends infer R ? (R extends unknown ? Omit<R, "ttlSeconds" | "name"> : never) : never;

export interface MemoryLookup extends DnsLookup {
  /** A zone, its servers' addresses, and what its parent says of it. */
  addZone(name: string, servers?: string[]): void;
  /** Puts a record on all servers of the zone, or only on those given. */
  put(name: string, record: Held, on?: string[]): void;
  remove(name: string, type?: RecordType): void;
  /** A recursive resolver that may be asked by this name. */
  addResolver(server: string): void;
  /** Servers and names that answer nothing but failures. */
  broken: Set<string>;
  /** What a CA sees that remembers nothing. */
  texts(name: string): string[];
  /** Every question in order, such as `resolve SOA example.test` or `192.0.2.1 TXT x.example.test`. */
  asked: string[];
}

interface MemoryZone {
  servers: string[];
  records: { name: string; record: Held; on: string[] }[];
}

/** How long an absence is remembered. */
const minimumSeconds = 900;

/**
 * The DNS of the world in memory: zones, their servers, delegations by the longest suffix, and resolvers that remember
 * absences. `texts`: TXT values that somebody else keeps, such as a DNS provider in memory.
 */
export function memoryLookup(
  options: { clock?: Clock; texts?: (name: string) => readonly string[]; zones?: string[] } = {},
): MemoryLookup {
  const zones = new Map<string, MemoryZone>();
  const resolvers = new Set(["system"]);
  const absences = new Map<string, number>();
  const now = () => options.clock?.now().getTime() ?? 0;
  const zoneOf = (name: string) =>
    [...zones.keys()].filter((zone) => `.${name}`.endsWith(`.${zone}`)).sort((a, b) => b.length - a.length)[0];
  const soa = (zone: string): DnsRecord => ({ name: zone, ttlSeconds: minimumSeconds, type: "SOA", minimumSeconds });

  function held(zone: string, name: string, on: string): DnsRecord[] {
    const { records = [], servers = [] } = zones.get(zone) ?? {};
    const own = records.filter((one) => one.name === name && one.on.includes(on)).map(({ record }) => record);
    const texts = (options.texts?.(name) ?? []).map((text): Held => ({ type: "TXT", text }));
    const apex: Held[] = servers.map((_, index) => ({ type: "NS", target: `ns${index + 1}.${zone}` }));
    const at = servers.findIndex((_, index) => name === `ns${index + 1}.${zone}`);
    const address: Held[] = at < 0 ? [] : [{ type: "A", address: servers[at] ?? "" }];
    const all = [...own, ...texts, ...address, ...(name === zone ? apex : [])];
    const found = all.map((record) => ({ name, ttlSeconds: 60, ...record }) as DnsRecord);
    return name === zone ? [...found, soa(zone)] : found;
  }

  function isThere(zone: string, name: string, on: string): boolean {
    const below = zones.get(zone)?.records.some((one) => one.name.endsWith(`.${name}`)) ?? false;
    return held(zone, name, on).length > 0 || below;
  }

  function asServer(server: string, name: string, type: RecordType): DnsAnswer {
    const zone = [...zones]
      .filter(([own, { servers }]) => servers.includes(server) && `.${name}`.endsWith(`.${own}`))
      .sort(([a], [b]) => b.length - a.length)[0]?.[0];
    if (zone === undefined) throw failure(`The DNS server ${server} answered REFUSED to ${type} ${name}.`);
    const owner = zoneOf(name) ?? zone;
    if (owner !== zone) {
      const below = held(owner, owner, zones.get(owner)?.servers[0] ?? "").filter((one) => one.type === "NS");
      return { exists: true, authoritative: false, answers: [], authorities: below };
    }
    const here = held(zone, name, server);
    const answers = here.filter((record) => record.type === type || record.type === "CNAME");
    const authorities = answers.length > 0 ? [] : [soa(zone)];
    return { exists: isThere(zone, name, server), authoritative: true, answers, authorities };
  }

  /** A server that has both ends of an alias follows it by itself, and fails in a circle. */
  function followedBy(server: string, name: string, type: RecordType, hops = 0): DnsAnswer {
    const answer = asServer(server, name, type);
    const alias = type === "CNAME" ? undefined : answer.answers.find((record) => record.type === "CNAME");
    if (alias?.type !== "CNAME" || !zones.get(zoneOf(alias.target) ?? "")?.servers.includes(server)) return answer;
    if (hops > 9) throw failure(`The DNS server ${server} answered SERVFAIL to ${type} ${name}.`);
    const end = followedBy(server, alias.target, type, hops + 1);
    return { ...end, answers: [...answer.answers, ...end.answers] };
  }

  function recursively(name: string, type: RecordType): DnsAnswer {
    const answers: DnsRecord[] = [];
    for (let at = name, hops = 0; hops < 9; hops += 1) {
      const zone = zoneOf(at);
      const server = zones.get(zone ?? "")?.servers.find((one) => !fake.broken.has(one));
      if (zone === undefined) return { exists: false, authoritative: false, answers, authorities: [] };
      if (server === undefined) break;
      const answer = asServer(server, at, type);
      answers.push(...answer.answers);
      const alias = answer.answers.find((record) => record.type === "CNAME");
      if (alias?.type !== "CNAME" || type === "CNAME") return { ...answer, authoritative: false, answers };
      at = alias.target;
    }
    throw failure(`The DNS server system answered SERVFAIL to ${type} ${name}.`);
  }

  /** A name that is not there is remembered as such, whatever the type (RFC 2308 5). */
  function remembering(server: string, name: string, type: RecordType): DnsAnswer {
    const until = absences.get(`${server} ${name}`) ?? 0;
    const zone = zoneOf(name) ?? "";
    if (until > now()) return { exists: false, authoritative: false, answers: [], authorities: [left(zone, until)] };
    const answer = recursively(name, type);
    if (!answer.exists && zone !== "") absences.set(`${server} ${name}`, now() + minimumSeconds * 1_000);
    return answer;
  }

  const left = (zone: string, until: number): DnsRecord => ({ ...soa(zone), ttlSeconds: (until - now()) / 1_000 });

  const answered = (server: string, name: string, type: RecordType): DnsAnswer => {
    fake.asked.push(`${server} ${type} ${name}`);
    if (fake.broken.has(server) || fake.broken.has(name)) {
      throw failure(`The DNS server ${server} answered SERVFAIL to ${type} ${name}.`);
    }
    return resolvers.has(server) ? remembering(server, name, type) : followedBy(server, name, type);
  };

  const fake: MemoryLookup = {
    broken: new Set(),
    asked: [],
    addZone: (name, servers = [`192.0.2.${2 * zones.size + 1}`, `192.0.2.${2 * zones.size + 2}`]) =>
      void zones.set(name, { servers, records: [] }),
    put: (name, record, on) => {
      const zone = zones.get(zoneOf(name) ?? "");
      zone?.records.push({ name, record, on: on ?? zone.servers });
    },
    remove: (name, type) => {
      for (const zone of zones.values())
        zone.records = zone.records.filter((one) => one.name !== name || (type && one.record.type !== type));
    },
    addResolver: (server) => void resolvers.add(server),
    texts: (name) => recursively(name, "TXT").answers.flatMap((one) => (one.type === "TXT" ? [one.text] : [])),
    resolve: async (name, type) => answered("system", name.toLowerCase(), type),
    ask: async (server, name, type) => answered(server, name.toLowerCase(), type),
  };
  for (const zone of options.zones ?? []) fake.addZone(zone);
  return fake;
}

/** What a DNS provider is lent beside the rest, where there is no DNS. */
export const withoutDns = { validationZones: [], lookup: memoryLookup() };

function failure(message: string): UnavailableError {
  return new UnavailableError({ reason: "NameServerUnavailable", message });
}
