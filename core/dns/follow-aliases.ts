import type { DnsLookup } from "../dns-lookup.ts";
import { RefusedError } from "../errors.ts";
import { firstAnswer, type ServedZone, serversOf } from "./servers.ts";

/** Where the chain of CNAMEs from a name ends. */
export interface Followed extends ServedZone {
  /** The name at the end: the name itself when it is no alias. */
  name: string;
}

/** As many as resolvers mostly follow. */
const mostAliases = 8;
/** A name that records are written at; our own names need the underscore. */
const nameSyntax = /^(?!.{254})[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+$/;

/**
 * Follows the CNAMEs from a name, asking the servers of each zone themselves: no memory in between says that one made a moment
 * ago is not there. Throws RefusedError CnameLoop, CnameTooLong or CnameTargetInvalid.
 */
export async function followAliases(lookup: DnsLookup, start: string): Promise<Followed> {
  const chain = [start];
  for (;;) {
    const name = chain.at(-1) ?? start;
    const served = await serversOf(lookup, name);
    const target = await aliasAt(lookup, served, name);
    if (target === undefined) return { name, ...served };
    if (chain.includes(target)) throw loop([...chain, target]);
    if (!nameSyntax.test(target)) throw noName(name, target);
    chain.push(target);
    if (chain.length > mostAliases + 1) throw tooLong(chain);
  }
}

async function aliasAt(lookup: DnsLookup, { servers }: ServedZone, name: string): Promise<string | undefined> {
  const { answers } = await firstAnswer(lookup, servers, name);
  const alias = answers.find((record) => record.type === "CNAME" && record.name === name);
  return alias?.type === "CNAME" ? alias.target : undefined;
}

function loop(chain: string[]): RefusedError {
  return new RefusedError({
    reason: "CnameLoop",
    message: `The CNAMEs at ${chain[0]} lead in a circle: ${chain.join(" -> ")}.`,
    fix: "Let the last of them lead to a name without a CNAME.",
  });
}

function tooLong(chain: string[]): RefusedError {
  return new RefusedError({
    reason: "CnameTooLong",
    message: `More than ${mostAliases} CNAMEs follow each other: ${chain.join(" -> ")}.`,
    fix: `Let ${chain[0]} lead to the last name directly.`,
  });
}

function noName(name: string, target: string): RefusedError {
  return new RefusedError({
    reason: "CnameTargetInvalid",
    message: `The CNAME at ${name} leads to "${target.slice(0, 253)}", where no record can be written.`,
    fix: "Let it lead to a name of letters, digits, - and _ with at least two labels.",
  });
}
