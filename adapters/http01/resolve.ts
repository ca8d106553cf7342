import { Resolver } from "node:dns/promises";
import type { LookupFunction } from "node:net";

/** The addresses of a name, IPv6 first, as a CA prefers them; throws DNS's own error when there is none. */
export type Resolve = (name: string) => Promise<{ address: string; family: 4 | 6 }[]>;

/**
 * Asks DNS, and no file of the machine; `servers` (host:port) replace the machine's own. Not by getaddrinfo, of which only four
 * run at once: names whose servers are silent would hold up all others.
 */
export function resolveWith(servers: readonly string[]): Resolve {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  return async (name) => {
    const [six, four] = await Promise.allSettled([resolver.resolve6(name), resolver.resolve4(name)]);
    const found = [...addresses(six, 6), ...addresses(four, 4)];
    if (found.length === 0 && four.status === "rejected") throw four.reason;
    return found;
  };
}

/** How node:net resolves a name; an address that is refused refuses the name, at the moment of connecting. */
export function lookupWith(resolve: Resolve, refusal: (address: string) => Error | undefined): LookupFunction {
  return (name, options, callback) => {
    resolve(name).then(
      (found) => {
        const refused = found.map(({ address }) => refusal(address)).find((error) => error !== undefined);
        const [first] = found;
        if (refused) callback(refused, "", 0);
        else if (options.all || !first) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, "", 0),
    );
  };
}

function addresses(answer: PromiseSettledResult<string[]>, family: 4 | 6) {
  return answer.status === "fulfilled" ? answer.value.map((address) => ({ address, family })) : [];
}
