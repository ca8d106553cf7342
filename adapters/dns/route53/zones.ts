import { delegationOf } from "../../../core/dns/delegation.ts";
import type { DnsLookup } from "../../../core/dns-lookup.ts";
import { RefusedError } from "../../../core/errors.ts";
import type { Clock } from "../../../core/ports.ts";
import type { ListedZone, Route53Sender, Zone } from "./client.ts";
import { listZones } from "./client.ts";
import { delegatedZone } from "./delegated-zone.ts";

/** Whose zones, and how the issuer narrowed them. */
export interface ZoneSource {
  client: Route53Sender;
  clock: Clock;
  lookup: DnsLookup;
  /** Ids of the zones that are made for validation only. */
  validationZones: readonly string[];
  hostedZoneID?: string | undefined;
}

interface Listing {
  zones: Promise<ListedZone[]>;
  readAt: number;
}

/** Zones change by hand, so minutes of delay are fine; a name without a zone looks again at once. */
const listingLivesMs = 5 * 60_000;
/** One client is one set of credentials; entries go with their clients. */
const listings = new WeakMap<Route53Sender, Listing>();

/** The public zone with the longest suffix of each name, or why there is none. */
export async function findZones(names: string[], source: ZoneSource): Promise<Map<string, Zone | RefusedError>> {
  const { hostedZoneID } = source;
  if (hostedZoneID) {
    const zone = { id: hostedZoneID };
    return new Map(names.map((name) => [name, zone]));
  }
  const now = source.clock.now().getTime();
  const before = listings.get(source.client);
  const cached = before && now - before.readAt < listingLivesMs ? before : undefined;
  let zones = await (cached ?? list(source.client, now)).zones;
  if (cached && names.some((name) => covering(zones, name).length === 0)) {
    const current = listings.get(source.client);
    zones = await (current && current !== cached ? current : list(source.client, now)).zones;
  }
  return pickAll(zones, names, source);
}

function list(client: Route53Sender, readAt: number): Listing {
  const listing: Listing = { zones: listZones(client), readAt };
  listings.set(client, listing);
  listing.zones.catch(() => {
    if (listings.get(client) === listing) listings.delete(client);
  });
  return listing;
}

/** Names of one zone share the object: the caller groups by it. */
async function pickAll(
  zones: ListedZone[],
  names: string[],
  source: ZoneSource,
): Promise<Map<string, Zone | RefusedError>> {
  const told = new Map<string, Promise<Zone | RefusedError>>();
  const picked = names.map(async (name): Promise<[string, Zone | RefusedError]> => {
    const [zone, ...others] = covering(zones, name);
    if (!zone) return [name, notFound(zones, name, source.validationZones)];
    if (others.length === 0) return [name, zone];
    const one = told.get(zone.name) ?? delegatedZone([zone, ...others], source);
    told.set(zone.name, one);
    return [name, await one];
  });
  return new Map(await Promise.all(picked));
}

function covering(zones: ListedZone[], name: string): ListedZone[] {
  const all = zones.filter((zone) => !zone.isPrivate && holds(zone, name));
  const longest = Math.max(...all.map((zone) => zone.name.length));
  return all.filter((zone) => zone.name.length === longest);
}

function holds(zone: ListedZone, name: string): boolean {
  return name === zone.name || name.endsWith(`.${zone.name}`);
}

function notFound(zones: ListedZone[], name: string, validationZones: readonly string[]): RefusedError {
  const passedOver = zones
    .filter((zone) => zone.isPrivate && holds(zone, name))
    .map((zone) => `${zone.name} (${zone.id})`);
  const privately =
    passedOver.length === 0
      ? ""
      : ` Private zones were passed over, because no CA can see them: ${passedOver.join(", ")}.`;
  const validation = zones.find((zone) => !zone.isPrivate && validationZones.includes(zone.id));
  const fix =
    "Create the public zone (or delegate to it), or name a role of the account that has it in the issuer's solver";
  return new RefusedError({
    reason: "HostedZoneNotFound",
    message: `No public Route 53 zone of this account holds ${name}.${privately}`,
    fix: validation ? `${fix}; or ${howToDelegate(name, validation.name)}.` : `${fix}.`,
  });
}

function howToDelegate(name: string, validationZone: string): string {
  const { from, to } = delegationOf(name, validationZone);
  return `create the record ${from} CNAME ${to} where that name is hosted, and set cnameStrategy: Follow in the solver`;
}
