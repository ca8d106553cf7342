import { concurrently } from "../../../core/concurrently.ts";
import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { RefusedError } from "../../../core/errors.ts";
import type { DnsProvider } from "../../../core/ports.ts";
import { byName } from "../by-name.ts";
import type { CloudDnsSolver } from "../cloud-dns.ts";
import { changeZone } from "./changes.ts";
import { type CloudDnsDeps, isDone, publicZones, type Zone } from "./client.ts";
import { accessTokens, readServiceAccount } from "./service-account.ts";

const asksAtOnce = 5;

/** Reads the service account's key; tokens are asked for when they are needed. */
export async function openCloudDns(
  { project, hostedZoneName, serviceAccountSecretRef }: CloudDnsSolver,
  { secret, fetch, clock }: Pick<DnsAccess, "secret" | "fetch" | "clock">,
): Promise<DnsProvider> {
  const account = readServiceAccount(await secret(serviceAccountSecretRef));
  const deps: CloudDnsDeps = { project, fetch, clock, token: accessTokens(account, { fetch, clock }) };
  return {
    ...byName<Zone>({
      zones: () => publicZones(deps, hostedZoneName),
      change: (verb, zone, wishes) => changeZone(deps, verb, zone, wishes),
      noZone: (name) => noZone(name, project, hostedZoneName),
      ambiguous,
    }),
    settled: async (changes) =>
      new Map(await concurrently(asksAtOnce, [...new Set(changes)], (id) => settled(deps, id))),
  };
}

/** A change id is `<managed zone>/<id>`. */
async function settled(deps: CloudDnsDeps, change: string): Promise<[string, boolean]> {
  const [zoneId = "", changeId = ""] = change.split("/");
  return [change, changeId === "" || (await isDone(deps, zoneId, changeId))];
}

function noZone(name: string, project: string, hostedZoneName: string | undefined): RefusedError {
  const which = hostedZoneName === undefined ? "No public managed zone" : `No public managed zone ${hostedZoneName}`;
  return new RefusedError({
    reason: "HostedZoneNotFound",
    message: `${which} of project ${project} holds ${name}.`,
    fix: "Create the public zone (or delegate to it), correct project or hostedZoneName, or use another solver.",
  });
}

function ambiguous(zones: Zone[]): RefusedError {
  const ids = zones.map(({ id }) => id).sort();
  return new RefusedError({
    reason: "HostedZoneAmbiguous",
    message: `${ids.length} public managed zones are named ${zones[0]?.name}: ${ids.join(", ")}.`,
    fix: "Set hostedZoneName in the issuer's cloudDNS solver to the one the domain is delegated to.",
  });
}
