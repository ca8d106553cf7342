import type { ResourceRecordSet, Route53Client } from "@aws-sdk/client-route-53";
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  ListResourceRecordSetsCommand,
} from "@aws-sdk/client-route-53";
import { route53Records } from "../../adapters/dns/route53/records.ts";
import type { DnsWorld } from "../contract/dns-provider.ts";
import { withoutDns } from "./memory-lookup.ts";

type Sender = Pick<Route53Client, "send">;
let serial = 0;

/** The contract's world over any Route 53: the fake, an emulator, AWS itself. Makes two zones with names of their own. */
export async function route53World(client: Sender): Promise<DnsWorld> {
  const zones = new Map<string, string>();
  for (let count = 0; count < 2; count += 1) {
    serial += 1;
    const name = `z${process.pid}-${serial}.test`;
    const request = { Name: name, CallerReference: `${name}-${process.hrtime.bigint()}` };
    const answer = await client.send(new CreateHostedZoneCommand(request));
    zones.set(name, answer.HostedZone?.Id ?? "");
  }
  const [first = "", second = ""] = zones.keys();
  let waiting: (() => Promise<void>) | undefined;
  const interrupted = interruptible(client, async () => {
    const act = waiting;
    waiting = undefined;
    await act?.();
  });
  const zoneOf = (name: string) => (name.endsWith(second) ? zones.get(second) : zones.get(first)) ?? "";
  return {
    zones: [first, second],
    provider: () => route53Records({}, { client: interrupted, clock: { now: () => new Date() }, ...withoutDns }),
    values: async (name) =>
      (await setsAt(client, zoneOf(name), name)).flatMap(valuesOf).map((value) => value.slice(1, -1)),
    addForeign: async (name, value) => addForeign(client, zoneOf(name), name, value),
    beforeNextSwap: (act) => {
      waiting = act;
    },
  };
}

/** The same client, but `act` runs before each change that follows a look at the records. */
function interruptible(client: Sender, act: () => Promise<void>): Sender {
  let looked = false;
  const send = async (command: unknown) => {
    if (looked && command instanceof ChangeResourceRecordSetsCommand) await act();
    looked ||= command instanceof ListResourceRecordSetsCommand;
    return client.send(command as never);
  };
  return { send } as unknown as Sender;
}

async function setsAt(client: Sender, zone: string, name: string): Promise<ResourceRecordSet[]> {
  const start = { StartRecordName: name, StartRecordType: "TXT" as const };
  const page = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: zone, ...start }));
  return (page.ResourceRecordSets ?? []).filter((set) => set.Name === `${name}.` && set.Type === "TXT");
}

async function addForeign(client: Sender, zone: string, name: string, value: string): Promise<void> {
  const [before] = await setsAt(client, zone, name);
  const set: ResourceRecordSet = before ?? { Name: name, Type: "TXT", TTL: 300 };
  const ResourceRecords = [...(before?.ResourceRecords ?? []), { Value: `"${value}"` }];
  const change = { Action: "UPSERT" as const, ResourceRecordSet: { ...set, ResourceRecords } };
  await client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes: [change] } }));
}

function valuesOf(set: ResourceRecordSet): string[] {
  return (set.ResourceRecords ?? []).map(({ Value }) => Value ?? "");
}
