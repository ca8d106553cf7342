import type { Change, ResourceRecordSet, Route53Client } from "@aws-sdk/client-route-53";
import {
  InvalidChangeBatch,
  InvalidInput,
  NoSuchChange,
  NoSuchHostedZone,
  Route53ServiceException,
} from "@aws-sdk/client-route-53";
import { judge, sameSet, shown } from "./fake-route53-rules.ts";

export interface Call {
  action: string;
  zone: string | undefined;
  changes: Change[];
}

interface FakeZone {
  id: string;
  name: string;
  isPrivate: boolean;
  sets: ResourceRecordSet[];
}

type Input = Record<string, unknown> & {
  HostedZoneId?: string;
  Id?: string;
  ChangeBatch?: { Changes?: Change[] };
  StartRecordName?: string;
  StartRecordType?: string;
  StartRecordIdentifier?: string;
  MaxItems?: number;
  Marker?: string;
  Name?: string;
};

export type FakeRoute53 = ReturnType<typeof fakeRoute53>;

/**
 * A strict Route 53 in memory behind the SDK's `send`: AWS's rules and sentences (fake-route53-rules.ts), every call
 * recorded, faults and a foreign writer by switch; `namesOneConflict` as the emulator does. It does not retry: a fault here is one the SDK's retries did not cure.
 */
export function fakeRoute53(
  options: { pendingReads?: number; zonesPerPage?: number; namesOneConflict?: boolean } = {},
) {
  const zones = new Map<string, FakeZone>();
  const changes = new Map<string, number>();
  const calls: Call[] = [];
  const faults: { action: string; zone: string | undefined; times: number; error: () => Error }[] = [];
  let serial = 0;

  function addZone(name: string, isPrivate = false): string {
    serial += 1;
    const id = `Z${String(serial).padStart(4, "0")}`;
    zones.set(id, { id, name: shown(name), isPrivate, sets: [] });
    return id;
  }

  function zoneOf(id: string | undefined): FakeZone {
    const zone = zones.get(id ?? "");
    if (zone) return zone;
    throw new NoSuchHostedZone({ message: `No hosted zone found with ID: ${id}`, $metadata: { httpStatusCode: 404 } });
  }

  const actions: Record<string, (input: Input) => object> = {
    CreateHostedZoneCommand: ({ Name = "" }) => ({
      HostedZone: { Id: `/hostedzone/${addZone(Name)}`, Name: shown(Name) },
    }),
    ListHostedZonesCommand: ({ Marker }) => listZones([...zones.values()], Marker, options.zonesPerPage ?? 100),
    ListResourceRecordSetsCommand: (input) => listSets(zoneOf(input.HostedZoneId).sets, input),
    ChangeResourceRecordSetsCommand: ({ HostedZoneId, ChangeBatch }) => {
      const zone = zoneOf(HostedZoneId);
      zone.sets = changed(zone, ChangeBatch?.Changes ?? [], options.namesOneConflict ? 1 : Number.POSITIVE_INFINITY);
      serial += 1;
      changes.set(`C${serial}`, options.pendingReads ?? 1);
      return { ChangeInfo: { Id: `/change/C${serial}`, Status: "PENDING", SubmittedAt: new Date(0) } };
    },
    GetChangeCommand: ({ Id = "" }) => {
      const left = changes.get(Id);
      if (left === undefined) {
        throw new NoSuchChange({ message: `No change found with ID: ${Id}`, $metadata: { httpStatusCode: 404 } });
      }
      changes.set(Id, Math.max(left - 1, 0));
      return { ChangeInfo: { Id: `/change/${Id}`, Status: left > 0 ? "PENDING" : "INSYNC", SubmittedAt: new Date(0) } };
    },
  };

  async function send(command: { constructor: { name: string }; input: Input }): Promise<object> {
    const action = command.constructor.name;
    const zone = withoutPrefix(command.input.HostedZoneId);
    const input: Input = { ...command.input };
    if (zone !== undefined) input.HostedZoneId = zone;
    if (input.Id !== undefined) input.Id = withoutPrefix(input.Id) ?? "";
    calls.push({ action: action.replace(/Command$/, ""), zone, changes: input.ChangeBatch?.Changes ?? [] });
    // Other callers get their turn between a caller's read and its write.
    await Promise.resolve();
    const fault = faults.find(
      (each) => `${each.action}Command` === action && (!each.zone || each.zone === zone) && each.times > 0,
    );
    if (fault) {
      fault.times -= 1;
      throw fault.error();
    }
    const act = actions[action];
    if (!act) throw new Error(`fake Route 53 has no ${action}`);
    return structuredClone(act(input));
  }

  return {
    client: { send } as unknown as Pick<Route53Client, "send">,
    calls,
    addZone,
    count: (action: string) => calls.filter((call) => call.action === action).length,
    /** The record sets at a name, as stored. */
    setsAt: (zone: string, name: string) => zoneOf(zone).sets.filter((set) => set.Name === shown(name)),
    allSets: (zone: string) => zoneOf(zone).sets,
    /** A foreign writer: adds or replaces one record set, uncounted and unjudged. */
    put: (zone: string, set: ResourceRecordSet) => {
      const stored = { ...set, Name: shown(set.Name ?? "") };
      zoneOf(zone).sets = [...zoneOf(zone).sets.filter((each) => !sameSet(each, stored)), stored];
    },
    removeZone: (zone: string) => zones.delete(zone),
    deny: (action: string, zone?: string) =>
      faults.push({ action, zone, times: Number.POSITIVE_INFINITY, error: () => notAuthorized(action, zone) }),
    throttle: (action: string, times: number) =>
      faults.push({ action, zone: undefined, times, error: () => rejected("Throttling", "Rate exceeded") }),
    busy: (zone: string, times: number) =>
      faults.push({
        action: "ChangeResourceRecordSets",
        zone,
        times,
        error: () =>
          rejected(
            "PriorRequestNotComplete",
            "The request was rejected because Route 53 was still processing a prior request.",
          ),
      }),
    fail: (action: string, times: number, error: () => Error) => faults.push({ action, zone: undefined, times, error }),
  };
}

/** As the SDK's middleware does. */
function withoutPrefix(id: string | undefined): string | undefined {
  return id?.replace(/^\/(hostedzone|change)\//, "");
}

function listZones(zones: FakeZone[], marker: string | undefined, pageSize: number): object {
  const from = marker === undefined ? 0 : zones.findIndex((zone) => zone.id === marker);
  const next = zones[from + pageSize];
  return {
    HostedZones: zones.slice(from, from + pageSize).map((zone) => ({
      Id: `/hostedzone/${zone.id}`,
      Name: zone.name,
      CallerReference: zone.id,
      Config: { PrivateZone: zone.isPrivate },
    })),
    IsTruncated: next !== undefined,
    NextMarker: next?.id,
    MaxItems: pageSize,
  };
}

/** Sorted by the name with its labels reversed, then type, then identifier. */
function listSets(sets: ResourceRecordSet[], input: Input): object {
  const limit = Math.min(input.MaxItems ?? 300, 300);
  const start = [input.StartRecordName ?? "", input.StartRecordType ?? "", input.StartRecordIdentifier ?? ""] as const;
  const startKey = input.StartRecordName ? sortKey(...start) : "";
  const keyOf = (set: ResourceRecordSet) => sortKey(set.Name ?? "", set.Type ?? "", set.SetIdentifier ?? "");
  const sorted = sets.filter((set) => keyOf(set) >= startKey).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const next = sorted[limit];
  return {
    ResourceRecordSets: sorted.slice(0, limit),
    IsTruncated: next !== undefined,
    NextRecordName: next?.Name,
    NextRecordType: next?.Type,
    NextRecordIdentifier: next?.SetIdentifier,
    MaxItems: limit,
  };
}

function sortKey(name: string, type: string, identifier: string): string {
  const reversed = shown(name).slice(0, -1).split(".").reverse().join(".");
  return `${reversed}. ${type} ${identifier}`;
}

function changed(zone: FakeZone, changes: Change[], told: number): ResourceRecordSet[] {
  const bad = changes.find(
    ({ ResourceRecordSet: set }) => !set?.AliasTarget && (set?.TTL === undefined || !set.ResourceRecords?.length),
  );
  if (bad || changes.length === 0) {
    throw new InvalidInput({
      message:
        "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]",
      $metadata: { httpStatusCode: 400 },
    });
  }
  const { sets, messages } = judge(zone.name, zone.sets, changes);
  if (messages.length === 0) return sets;
  throw new InvalidChangeBatch({
    message: `[${messages.slice(0, told).join(", ")}]`,
    $metadata: { httpStatusCode: 400 },
  });
}

function rejected(name: string, message: string): Error {
  return new Route53ServiceException({ name, message, $fault: "client", $metadata: { httpStatusCode: 400 } });
}

function notAuthorized(action: string, zone: string | undefined): Error {
  const resource = zone ? ` on resource: arn:aws:route53:::hostedzone/${zone}` : "";
  const message = `User: arn:aws:sts::111122223333:assumed-role/certwright-publish-challenge/x is not authorized to perform: route53:${action}${resource} because no identity-based policy allows the route53:${action} action`;
  return new Route53ServiceException({
    name: "AccessDenied",
    message,
    $fault: "client",
    $metadata: { httpStatusCode: 403 },
  });
}
