import { concurrently } from "../../core/concurrently.ts";
import { RefusedError } from "../../core/errors.ts";
import type { DnsProvider, RecordResult, TxtRecord } from "../../core/ports.ts";
import { holding } from "./one-by-one.ts";

export type Verb = "publish" | "cleanUp";

/** All that one call wants at one name; values are distinct, without quotes. */
export interface Wish {
  name: string;
  values: string[];
}

/** What became of one name; its values share it. */
export type NameResult = { change: string } | { unchanged: true } | { error: Error };

/** An API where the values of a name are one record set, which is replaced as a whole: so it must be compared, too. */
export interface ByName<Zone extends { name: string }> {
  /** Asked once for a batch. */
  zones(): Promise<Zone[]>;
  /** A result for each name; what it throws is the result of all of them. */
  change(verb: Verb, zone: Zone, wishes: Wish[]): Promise<Map<string, NameResult>>;
  /** The refusal for a name that no zone holds. */
  noZone(name: string): RefusedError;
  /** The refusal where several zones have the same name. */
  ambiguous(zones: Zone[]): RefusedError;
}

const zonesAtOnce = 4;

/** Both verbs over such an API. */
export function byName<Zone extends { name: string }>(api: ByName<Zone>): Pick<DnsProvider, "publish" | "cleanUp"> {
  return {
    publish: (records) => each("publish", records, api),
    cleanUp: (records) => each("cleanUp", records, api),
  };
}

/** What a name holds after a wish is fulfilled; undefined when nothing has to be done. */
export function valuesAfter(verb: Verb, { values }: Wish, found: string[]): string[] | undefined {
  const after = verb === "publish" ? [...new Set([...found, ...values])] : found.filter((one) => !values.includes(one));
  return after.length === found.length ? undefined : after;
}

/** A TXT value as a zone file has it: quoted strings of at most 255 characters (RFC 1035 3.3). */
export function quoted(value: string): string {
  const strings = value.match(/.{1,255}/gs) ?? [""];
  return strings.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(" ");
}

/** And back; what has no quotes is one string. */
export function unquoted(data: string): string {
  const strings = [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text.replace(/\\(.)/g, "$1"));
  return strings.length > 0 ? strings.join("") : data;
}

async function each<Zone extends { name: string }>(
  verb: Verb,
  records: TxtRecord[],
  api: ByName<Zone>,
): Promise<RecordResult[]> {
  if (records.length === 0) return [];
  const results = new Map<string, NameResult>();
  const zones = await api.zones().catch(asError);
  const wishes = [...Map.groupBy(records, ({ name }) => name)].map(([name, same]) => ({
    name,
    values: [...new Set(same.map(({ value }) => value))],
  }));
  const placed = wishes.flatMap((wish) => {
    const zone = zones instanceof Error ? zones : zoneOf(zones, wish.name, api);
    if (!(zone instanceof Error)) return [{ zone, wish }];
    results.set(wish.name, withoutZone(verb, zone));
    return [];
  });
  await concurrently(zonesAtOnce, [...Map.groupBy(placed, ({ zone }) => zone)], async ([zone, inZone]) => {
    const own = inZone.map(({ wish }) => wish);
    const done = await api.change(verb, zone, own).catch(asError);
    for (const { name } of own) {
      const result = done instanceof Error ? { error: done } : (done.get(name) ?? unanswered(name));
      results.set(name, "error" in result ? withoutZone(verb, result.error) : result);
    }
  });
  return records.map((record) => ({ record, ...(results.get(record.name) ?? unanswered(record.name)) }));
}

function zoneOf<Zone extends { name: string }>(zones: Zone[], name: string, api: ByName<Zone>): Zone | RefusedError {
  const zone = holding(zones, name);
  if (zone === undefined) return api.noZone(name);
  const same = zones.filter((other) => other.name === zone.name);
  return same.length > 1 ? api.ambiguous(same) : zone;
}

/** What no zone can hold is not there. */
function withoutZone(verb: Verb, error: Error): NameResult {
  const gone = error instanceof RefusedError && error.reason === "HostedZoneNotFound";
  return verb === "cleanUp" && gone ? { unchanged: true } : { error };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function unanswered(name: string): NameResult {
  return { error: new Error(`No answer for ${name}.`) };
}
