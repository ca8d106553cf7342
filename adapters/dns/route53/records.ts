import { Route53Client } from "@aws-sdk/client-route-53";
import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import type { DnsProvider, RecordResult, TxtRecord } from "../../../core/ports.ts";
import type { NameResult } from "./apply.ts";
import { applyToZone } from "./apply.ts";
import type { Route53Sender, Zone } from "./client.ts";
import { bareId, isInSync } from "./client.ts";
import { asFault } from "./faults.ts";
import { inParallel } from "./in-parallel.ts";
import type { Verb, Wish } from "./record-sets.ts";
import { wishesOf } from "./record-sets.ts";
import type { Route53Solver } from "./solver.ts";
import type { ZoneSource } from "./zones.ts";
import { findZones } from "./zones.ts";

/** The zone to use; the region and the role are in the client. */
type Route53Records = Pick<Route53Solver, "hostedZoneID">;

export interface Route53Deps extends Pick<DnsAccess, "clock" | "lookup" | "validationZones"> {
  /** Kept by the caller over invocations: the listing of zones is cached for it. */
  client: Route53Sender;
}

/** The account has 10 requests a second for everybody (burst 50). */
const callsAtOnce = 5;

/** Opens a client with the solver's role and region. */
export async function openRoute53(
  { region, hostedZoneID, role }: Route53Solver,
  { aws, ...access }: Pick<DnsAccess, "aws" | "clock" | "lookup" | "validationZones">,
): Promise<DnsProvider> {
  const client = new Route53Client({ ...(await aws(role)), ...(region === undefined ? {} : { region }) });
  return route53Records(hostedZoneID === undefined ? {} : { hostedZoneID }, { ...access, client });
}

/** TXT records in public Route 53 zones: one transactional ChangeResourceRecordSets per zone and batch. */
export function route53Records(settings: Route53Records, deps: Route53Deps): DnsProvider {
  const { client } = deps;
  const source: ZoneSource = { ...deps, hostedZoneID: settings.hostedZoneID && bareId(settings.hostedZoneID) };
  return {
    publish: (records) => change("publish", records, source),
    cleanUp: (records) => change("cleanUp", records, source),
    settled: (changes) => settled(client, changes),
  };
}

async function change(verb: Verb, records: TxtRecord[], source: ZoneSource): Promise<RecordResult[]> {
  const wishes = wishesOf(records);
  const zones = await zonesOf(wishes, source);
  const results = new Map<string, NameResult>();
  const byZone = new Map<Zone, Wish[]>();
  for (const wish of wishes) {
    const zone = zones.get(wish.name);
    if (!zone) continue;
    if (zone instanceof Error) results.set(wish.name, withoutZone(verb, zone));
    else byZone.set(zone, [...(byZone.get(zone) ?? []), wish]);
  }
  await inParallel([...byZone], callsAtOnce, async ([zone, inZone]) => {
    for (const [name, result] of await applyToZone(source.client, zone, verb, inZone)) results.set(name, result);
  });
  return records.map((record) => ({ record, ...(results.get(record.name) ?? unanswered(record.name)) }));
}

async function zonesOf(wishes: Wish[], source: ZoneSource): Promise<Map<string, Zone | Error>> {
  const names = wishes.map(({ name }) => name);
  try {
    return await findZones(names, source);
  } catch (error) {
    const fault = asFault(error, "ListHostedZones");
    return new Map(names.map((name) => [name, fault]));
  }
}

function unanswered(name: string): NameResult {
  return { error: new Error(`No answer for ${name}.`) };
}

/** What no zone can hold is not there. */
function withoutZone(verb: Verb, error: Error): NameResult {
  const gone = verb === "cleanUp" && error instanceof RefusedError && error.reason === "HostedZoneNotFound";
  return gone ? { unchanged: true } : { error };
}

/** A change that could not be asked for just now counts as not settled, unless none could. */
async function settled(client: Route53Sender, changes: string[]): Promise<Map<string, boolean>> {
  const answers = await inParallel([...new Set(changes)], callsAtOnce, async (change) => {
    try {
      return { change, inSync: await isInSync(client, change) };
    } catch (error) {
      const fault = asFault(error, "GetChange");
      if (fault instanceof UnavailableError) return { change, fault };
      throw fault;
    }
  });
  const [first] = answers;
  if (first?.fault && answers.every(({ fault }) => fault)) throw first.fault;
  return new Map(answers.map(({ change, inSync }) => [change, inSync ?? false]));
}
