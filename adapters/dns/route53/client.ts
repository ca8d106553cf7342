import type { ResourceRecordSet, Route53Client } from "@aws-sdk/client-route-53";
import { GetChangeCommand, ListHostedZonesCommand, ListResourceRecordSetsCommand } from "@aws-sdk/client-route-53";
import { bareName } from "./names.ts";

/** A Route 53 client that carries its credentials, user agent and retries; one client is one set of credentials. */
export type Route53Sender = Pick<Route53Client, "send">;

export interface Zone {
  id: string;
  /** Absent when the zone was given by its id and never looked up. */
  name?: string;
}

export interface ListedZone extends Required<Zone> {
  /** Answers inside VPCs only, so no CA sees it. */
  isPrivate: boolean;
}

/** All zones of the account, page by page. */
export async function listZones(client: Route53Sender): Promise<ListedZone[]> {
  const zones: ListedZone[] = [];
  let marker: string | undefined;
  do {
    const page = await client.send(new ListHostedZonesCommand({ Marker: marker }));
    for (const { Id, Name = "", Config } of page.HostedZones ?? []) {
      zones.push({ id: bareId(Id), name: bareName(Name), isPrivate: Config?.PrivateZone ?? false });
    }
    marker = page.IsTruncated ? page.NextMarker : undefined;
  } while (marker);
  return zones;
}

/** The TXT record sets of one name, as they are now (pending changes included); several when they have identifiers. */
export async function readTxt(client: Route53Sender, zone: Zone, name: string): Promise<ResourceRecordSet[]> {
  const sets: ResourceRecordSet[] = [];
  let identifier: string | undefined;
  do {
    const page = await client.send(
      new ListResourceRecordSetsCommand({
        HostedZoneId: zone.id,
        StartRecordName: name,
        StartRecordType: "TXT",
        StartRecordIdentifier: identifier,
        MaxItems: 20,
      }),
    );
    const here = (page.ResourceRecordSets ?? []).filter(
      (set) => set.Type === "TXT" && bareName(set.Name ?? "") === name,
    );
    sets.push(...here);
    const goesOn = page.IsTruncated && page.NextRecordType === "TXT" && bareName(page.NextRecordName ?? "") === name;
    identifier = goesOn ? page.NextRecordIdentifier : undefined;
  } while (identifier);
  return sets;
}

/** The name servers of a zone, as its own NS record names them. */
export async function readNameServers(client: Route53Sender, { id, name }: ListedZone): Promise<string[]> {
  const start = { StartRecordName: name, StartRecordType: "NS" as const, MaxItems: 1 };
  const page = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: id, ...start }));
  const [set] = page.ResourceRecordSets ?? [];
  if (set?.Type !== "NS" || bareName(set.Name ?? "") !== name) return [];
  return (set.ResourceRecords ?? []).map(({ Value = "" }) => bareName(Value));
}

/** Whether a change is on all name servers. Route 53 forgets changes after 30 days; a forgotten one long is. */
export async function isInSync(client: Route53Sender, change: string): Promise<boolean> {
  try {
    const answer = await client.send(new GetChangeCommand({ Id: change }));
    return answer.ChangeInfo?.Status === "INSYNC";
  } catch (error) {
    if (error instanceof Error && error.name === "NoSuchChange") return true;
    throw error;
  }
}

/** `Z123` of `/hostedzone/Z123`, `C123` of `/change/C123`. */
export function bareId(id: string | undefined): string {
  return (id ?? "").replace(/^\/\w+\//, "");
}
