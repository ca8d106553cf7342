import { domainToASCII } from "node:url";
import { concurrently } from "../../core/concurrently.ts";
import type { Clock, DnsProvider, RecordResult, TxtRecord } from "../../core/ports.ts";

/** An API where every value is a record of its own, so that adding or removing one never touches its neighbours. */
export interface OneByOne<Zone extends { name: string }> {
  clock: Clock;
  /** All zones that the credential may change; asked once for a batch. The other calls get their names in ASCII. */
  zones(): Promise<Zone[]>;
  /** False when it was there. */
  add(zone: Zone, record: TxtRecord): Promise<boolean>;
  /** False when it was not there. */
  remove(zone: Zone, record: TxtRecord): Promise<boolean>;
  /** The refusal for a record that no zone holds. */
  noZone(record: TxtRecord): Error;
  /** The API tells nothing of propagation, so a change counts as settled after this time. */
  settlingMs: number;
}

type Result = { change: string } | { unchanged: true } | { error: Error };

/** Calls of one batch under way at the same time. */
const callsAtOnce = 5;

/** A provider over such an API. A change id is `<zone>@<epoch ms from which it counts as settled>`. */
export function oneByOne<Zone extends { name: string }>(api: OneByOne<Zone>): DnsProvider {
  return {
    publish: (records) => each(records, api, api.add, (record) => ({ error: api.noZone(record) })),
    cleanUp: (records) => each(records, api, api.remove, () => ({ unchanged: true })),
    settled: async (changes) => {
      const now = api.clock.now().getTime();
      return new Map(changes.map((change) => [change, !(Number(change.split("@")[1]) > now)]));
    },
  };
}

/** An answer for each record, in their order; one that is given twice is done once. */
async function each<Zone extends { name: string }>(
  records: TxtRecord[],
  api: OneByOne<Zone>,
  act: (zone: Zone, record: TxtRecord) => Promise<boolean>,
  withoutZone: (record: TxtRecord) => Result,
): Promise<RecordResult[]> {
  if (records.length === 0) return [];
  const zones = await api.zones().then((found) => found.map(inAscii), asError);
  const change = api.clock.now().getTime() + api.settlingMs;
  const one = async (record: TxtRecord): Promise<Result> => {
    if (zones instanceof Error) return { error: zones };
    const zone = holding(zones, record.name);
    if (zone === undefined) return withoutZone(record);
    return (await act(zone, record)) ? { change: `${zone.name}@${change}` } : { unchanged: true };
  };
  const distinct = new Map(records.map((record) => [keyOf(record), record]));
  const done = await concurrently(callsAtOnce, [...distinct.values()], async (record) => {
    const result = await one(record).catch((error: unknown) => ({ error: asError(error) }));
    return [keyOf(record), result] as const;
  });
  const results = new Map<string, Result>(done);
  return records.map((record) => ({ record, ...(results.get(keyOf(record)) ?? unanswered(record)) }));
}

/** The longest of the zones that hold the name; names come in ASCII, and some APIs write zones in Unicode. */
export function holding<Zone extends { name: string }>(zones: Zone[], name: string): Zone | undefined {
  const ascii = zones.map((zone) => ({ zone, name: domainToASCII(zone.name) }));
  const holds = ascii.filter((zone) => zone.name !== "" && `.${name}`.endsWith(`.${zone.name}`));
  return holds.sort((a, b) => b.name.length - a.name.length)[0]?.zone;
}

function inAscii<Zone extends { name: string }>(zone: Zone): Zone {
  return { ...zone, name: domainToASCII(zone.name) };
}

function keyOf({ name, value }: TxtRecord): string {
  return `${name} ${value}`;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function unanswered({ name }: TxtRecord): Result {
  return { error: new Error(`No answer for ${name}.`) };
}
