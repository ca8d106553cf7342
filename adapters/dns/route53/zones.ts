import { RefusedError } from "../../../core/errors.ts";
import type { Clock } from "../../../core/ports.ts";
import type { Route53Sender, Zone } from "./client.ts";
import { listPublicZones } from "./client.ts";

/** Whose zones, and how the issuer narrowed them. */
export interface ZoneSource {
  client: Route53Sender;
  clock: Clock;
  hostedZoneID?: string | undefined;
}

interface Listing {
  zones: Promise<Required<Zone>[]>;
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
  return new Map(names.map((name) => [name, pick(zones, name)]));
}

function list(client: Route53Sender, readAt: number): Listing {
  const listing: Listing = { zones: listPublicZones(client), readAt };
  listings.set(client, listing);
  listing.zones.catch(() => {
    if (listings.get(client) === listing) listings.delete(client);
  });
  return listing;
}

function covering(zones: Required<Zone>[], name: string): Required<Zone>[] {
  const all = zones.filter((zone) => name === zone.name || name.endsWith(`.${zone.name}`));
  const longest = Math.max(...all.map((zone) => zone.name.length));
  return all.filter((zone) => zone.name.length === longest);
}

function pick(zones: Required<Zone>[], name: string): Zone | RefusedError {
  const [zone, ...others] = covering(zones, name);
  if (!zone) {
    return new RefusedError({
      reason: "HostedZoneNotFound",
      message: `No public Route 53 zone of this account holds ${name}.`,
      fix: "Create the public zone (or delegate to it), or name a role of the account that has it in the issuer's solver.",
    });
  }
  if (others.length === 0) return zone;
  const ids = [zone, ...others].map((each) => each.id).sort();
  return new RefusedError({
    reason: "HostedZoneAmbiguous",
    message: `${ids.length} public zones are named ${zone.name}: ${ids.join(", ")}.`,
    fix: "Set hostedZoneID in the issuer's route53 solver to the one the domain is delegated to.",
  });
}
