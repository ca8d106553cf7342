import { setTimeout as sleep } from "node:timers/promises";
import type { ResourceRecordSet } from "@aws-sdk/client-route-53";
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
} from "@aws-sdk/client-route-53";
import type { TestStack } from "./integration-bed.ts";

/** A TXT record set, as Route 53 lists it. */
export interface Txt {
  zoneId: string;
  name: string;
  values: string[];
}

/** Creates a hosted zone; its id. Two zones may have one name: the name servers serve the older. */
export async function createZone(stack: TestStack, name: string, isPrivate = false): Promise<string> {
  const VPC = isPrivate ? { VPC: { VPCId: "vpc-0a1b2c3d", VPCRegion: "us-east-1" as const } } : {};
  const CallerReference = `${name}-${isPrivate}-${Date.now()}-${Math.random()}`;
  const { HostedZone } = await stack.route53.send(new CreateHostedZoneCommand({ Name: name, CallerReference, ...VPC }));
  return bareId(HostedZone?.Id);
}

/** The id of the public zone of a name, the oldest. */
export async function zoneNamed(stack: TestStack, name: string): Promise<string> {
  const { HostedZones = [] } = await stack.clients.route53.send(new ListHostedZonesCommand({}));
  return bareId(HostedZones.find((zone) => zone.Name === `${name}.` && !zone.Config?.PrivateZone)?.Id);
}

/** All TXT record sets at `_acme-challenge.<name>` of these names (wildcards without `*.`), in whatever zone. */
export async function txtOf(stack: TestStack, dnsNames: string[]): Promise<Txt[]> {
  const names = new Set(dnsNames.map((name) => `_acme-challenge.${name.replace("*.", "")}`));
  return (await allTxt(stack)).filter((txt) => names.has(txt.name));
}

/** Resolves when no zone holds a challenge record of these names; throws what is left. */
export async function untilNoTxt(stack: TestStack, dnsNames: string[], timeoutMs = 20_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; ; ) {
    const left = await txtOf(stack, dnsNames);
    if (left.length === 0) return;
    if (Date.now() > end) throw new Error(`TXT left after ${timeoutMs} ms: ${JSON.stringify(left)}`);
    await sleep(250);
  }
}

/** What a foreign writer does: the values of one TXT name become these. DNS shows it two seconds later. */
export async function writeTxt(stack: TestStack, zoneId: string, name: string, values: string[]): Promise<void> {
  const ResourceRecords = values.map((Value) => ({ Value }));
  const set: ResourceRecordSet = { Name: name, Type: "TXT", TTL: 300, ResourceRecords };
  const Changes = [{ Action: "UPSERT" as const, ResourceRecordSet: set }];
  await stack.route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch: { Changes } }));
}

async function allTxt({ clients }: TestStack): Promise<Txt[]> {
  const { HostedZones = [], IsTruncated } = await clients.route53.send(new ListHostedZonesCommand({}));
  if (IsTruncated) throw new Error("more zones than one page");
  const all = await Promise.all(HostedZones.map((zone) => listZone(clients.route53, bareId(zone.Id))));
  return all.flat();
}

async function listZone(client: TestStack["route53"], zoneId: string): Promise<Txt[]> {
  const found: Txt[] = [];
  let from: { StartRecordName?: string; StartRecordType?: "TXT" } = {};
  for (;;) {
    const page = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, ...from }));
    for (const { Name = "", Type, ResourceRecords = [] } of page.ResourceRecordSets ?? []) {
      const values = ResourceRecords.map(({ Value = "" }) => Value);
      if (Type === "TXT") found.push({ zoneId, name: Name.replace(/\.$/, ""), values });
    }
    if (!page.IsTruncated || !page.NextRecordName) return found;
    from = { StartRecordName: page.NextRecordName, StartRecordType: page.NextRecordType as "TXT" };
  }
}

function bareId(id: string | undefined): string {
  return (id ?? "").replace("/hostedzone/", "");
}
