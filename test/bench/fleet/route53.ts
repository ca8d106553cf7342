import type { Change } from "@aws-sdk/client-route-53";
import type { Route53Sender } from "../../../adapters/dns/route53/client.ts";
import { type AwsWorld, awsError, type Command, sender } from "./aws.ts";
import { type Throttle, throttle, unlimited } from "./throttle.ts";

/** Route 53 as one account sees it. */
export interface FleetZones {
  names: string[];
  /** 10 requests a second, burst 50, for everybody. */
  requests: Throttle;
  /** TXT values by `name value`: when it is on all name servers. */
  records: Map<string, number>;
  /** When each change is. */
  changes: Map<string, number>;
  busy: Set<string>;
  down: boolean;
  /** From when to when a change takes until INSYNC. */
  lagMs: { least: number; most: number };
  /** As the emulator: no throttling, any number of changes of a zone at a time. */
  lenient: boolean;
}

/** Hosted zones without records. */
export function fleetZones(
  { clock }: Pick<AwsWorld, "clock">,
  { names, lagMs, lenient }: Pick<FleetZones, "names" | "lagMs" | "lenient">,
): FleetZones {
  const requests = throttle(clock, lenient ? unlimited : { burst: 50, perSecond: 10 });
  const empty = { records: new Map<string, number>(), changes: new Map<string, number>(), busy: new Set<string>() };
  return { names, requests, ...empty, down: false, lagMs, lenient };
}

/** A Route 53 client of one Lambda: who holds it has its own listing of zones. */
export function route53Client(world: AwsWorld, zones: FleetZones): Route53Sender {
  return sender<Route53Sender>(world, {
    name: "route53",
    ms: (action) => (action === "ChangeResourceRecordSets" ? 200 : 80),
    limit: () => zones.requests,
    throttled: "Throttling",
    run: (action, input, command) => {
      if (zones.down) throw awsError("ServiceUnavailable", 503);
      return answer(world, zones, action, input, command);
    },
  });
}

function answer(world: AwsWorld, zones: FleetZones, action: string, input: Command["input"], command: Command): object {
  switch (action) {
    case "ListHostedZones":
      return listed(zones, Number(input.Marker ?? 0));
    case "GetChange": {
      const inSync = (zones.changes.get(input.Id) ?? 0) <= world.clock.at();
      if (inSync) zones.changes.delete(input.Id);
      return { ChangeInfo: { Status: inSync ? "INSYNC" : "PENDING" } };
    }
    case "ChangeResourceRecordSets":
      return changed(world, zones, input.HostedZoneId, input.ChangeBatch.Changes);
    default:
      throw new Error(`the fleet's Route 53 does not know ${command.constructor.name}`);
  }
}

const zonesPerPage = 100;

function listed({ names }: FleetZones, from: number): object {
  const page = names.slice(from, from + zonesPerPage).map((name) => ({ Id: `/hostedzone/${name}`, Name: `${name}.` }));
  const next = from + zonesPerPage;
  return { HostedZones: page, ...(next < names.length ? { IsTruncated: true, NextMarker: String(next) } : {}) };
}

const zoneBusyMs = 100;
let made = 0;

async function changed(world: AwsWorld, zones: FleetZones, zone: string, changes: Change[]): Promise<object> {
  // One change of a zone at a time; the SDK repeats this one, too.
  for (let attempt = 0; zones.busy.has(zone) && !zones.lenient; attempt += 1) {
    if (attempt === 2) throw awsError("PriorRequestNotComplete", 400);
    world.used.throttled += 1;
    await world.clock.sleep(500 * 2 ** attempt * world.fraction());
  }
  zones.busy.add(zone);
  await world.clock.sleep(zoneBusyMs);
  zones.busy.delete(zone);
  refuseTooMuch(changes);
  const { least, most } = zones.lagMs;
  const settledAt = world.clock.at() + least + world.fraction() * (most - least);
  for (const change of changes) apply(zones, change, settledAt);
  made += 1;
  const id = `C${String(made).padStart(20, "0")}`;
  if (changes.some(({ Action }) => Action === "CREATE")) zones.changes.set(id, settledAt);
  return { ChangeInfo: { Id: `/change/${id}`, Status: "PENDING" } };
}

/** 1,000 records and 32,000 characters of values a call (CREATE and DELETE count once). */
function refuseTooMuch(changes: Change[]): void {
  const values = changes.flatMap(({ ResourceRecordSet: set }) => set?.ResourceRecords ?? []);
  const characters = values.reduce((sum, { Value = "" }) => sum + Value.length, 0);
  if (values.length > 1_000 || characters > 32_000)
    throw awsError("InvalidChangeBatch", 400, "RDATA character limit of 32000 exceeded.");
}

function apply({ records }: FleetZones, { Action, ResourceRecordSet: set }: Change, settledAt: number): void {
  for (const { Value = "" } of set?.ResourceRecords ?? []) {
    const key = `${set?.Name} ${Value.replaceAll('"', "")}`;
    const there = records.has(key);
    if (Action === "CREATE" && there) throw conflict("create", set?.Name, "it already exists");
    if (Action === "DELETE" && !there) throw conflict("delete", set?.Name, "it was not found");
    if (Action === "CREATE") records.set(key, settledAt);
    else records.delete(key);
  }
}

function conflict(verb: string, name: string | undefined, why: string): Error {
  const message = `[Tried to ${verb} resource record set [name='${name}.', type='TXT'] but ${why}]`;
  return awsError("InvalidChangeBatch", 400, message);
}
