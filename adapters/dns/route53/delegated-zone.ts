import type { DnsLookup } from "../../../core/dns-lookup.ts";
import { RefusedError } from "../../../core/errors.ts";
import type { ListedZone, Route53Sender } from "./client.ts";
import { readNameServers } from "./client.ts";

/**
 * Which of several zones of one name the world is sent to: the one whose name servers the public DNS tells. Refused when none
 * or more than one has these.
 */
export async function delegatedZone(
  zones: [ListedZone, ...ListedZone[]],
  { client, lookup }: { client: Route53Sender; lookup: DnsLookup },
): Promise<ListedZone | RefusedError> {
  const [{ name }] = zones;
  // Without an answer nobody knows, and nothing is guessed.
  const world = await toldBy(lookup, name).catch((): string[] => []);
  const own = await Promise.all(zones.map((zone) => readNameServers(client, zone).catch((): string[] => [])));
  const fitting = zones.filter((_, index) => own[index]?.some((server) => world.includes(server)));
  const [one, ...more] = fitting;
  return one && more.length === 0 ? one : ambiguous(zones, world);
}

async function toldBy(lookup: DnsLookup, zone: string): Promise<string[]> {
  const { answers } = await lookup.resolve(zone, "NS");
  return answers.flatMap((record) => (record.type === "NS" && record.name === zone ? [record.target] : []));
}

function ambiguous(zones: [ListedZone, ...ListedZone[]], world: string[]): RefusedError {
  const ids = zones.map(({ id }) => id).sort();
  const [{ name }] = zones;
  const told =
    world.length === 0
      ? "the public DNS names no name servers of it"
      : `the public DNS sends to ${world.join(", ")}, and that tells not one of them from the others`;
  return new RefusedError({
    reason: "HostedZoneAmbiguous",
    message: `${ids.length} public zones are named ${name}: ${ids.join(", ")}; ${told}.`,
    fix: "Set hostedZoneID in the issuer's route53 solver to the one the domain is delegated to.",
  });
}
