import { Resolver, resolve4, resolveNs } from "node:dns/promises";
import { isPrivateAddress } from "../../../core/url-guard.ts";

/** The values that a name serves now; undefined when nobody can be asked. */
export type Look = (name: string) => Promise<string[] | undefined>;

/** The system's DNS, as far as it is needed to find the servers of a zone. */
export interface SystemDns {
  resolveNs(name: string): Promise<string[]>;
  resolve4(name: string): Promise<string[]>;
}

/**
 * Asks the servers of the zone above the name themselves: a resolver in between would remember for an hour that there was
 * nothing. acme-dns has no other way to say what it serves.
 */
export function lookAtServers(system: SystemDns = { resolveNs, resolve4 }): Look {
  const known = new Map<string, Promise<string[]>>();
  return async (name) => {
    const zone = name.slice(name.indexOf(".") + 1);
    const servers = known.get(zone) ?? serversOf(zone, system);
    known.set(zone, servers);
    const addresses = await servers;
    return addresses.length > 0 ? txtAt(addresses, name) : undefined;
  };
}

/** `servers`: addresses, with a port if it is not 53. */
export async function txtAt(servers: string[], name: string): Promise<string[] | undefined> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers(servers);
  try {
    return (await resolver.resolveTxt(name)).map((strings) => strings.join(""));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENODATA" || code === "ENOTFOUND" ? [] : undefined;
  }
}

/** Public addresses only: the zone's owner chooses them. */
async function serversOf(zone: string, system: SystemDns): Promise<string[]> {
  try {
    const names = (await system.resolveNs(zone)).slice(0, 4);
    const addresses = await Promise.all(names.map((name) => system.resolve4(name).catch(() => [])));
    return addresses.flat().filter((address) => !isPrivateAddress(address));
  } catch {
    return [];
  }
}
