import { RefusedError } from "../../core/errors.ts";
import type { DnsProvider, RecordResult, TxtRecord } from "../../core/ports.ts";

export interface MemoryDns extends DnsProvider {
  /** What a name serves. */
  values(name: string): string[];
  /** A value of somebody else. */
  add(name: string, value: string): void;
  /** Every name that serves something. */
  names(): string[];
}

/** The DnsProvider fake: zones, names and values in memory; a change settles at the second look. */
export function memoryDns(zones: string[]): MemoryDns {
  const records = new Map<string, Set<string>>();
  const seen = new Map<string, boolean>();

  function eachInItsZone(
    batch: TxtRecord[],
    change: (record: TxtRecord, values: Set<string>) => boolean,
  ): RecordResult[] {
    const ids = new Map<string, string>();
    return batch.map((record) => {
      const zone = zones.find((name) => record.name === name || record.name.endsWith(`.${name}`));
      if (!zone) return { record, error: notFound(record.name) };
      const values = records.get(record.name) ?? new Set();
      records.set(record.name, values);
      if (!change(record, values)) return { record, unchanged: true };
      const id = ids.get(zone) ?? `change-${seen.size + 1}`;
      ids.set(zone, id);
      seen.set(id, false);
      return { record, change: id };
    });
  }

  return {
    publish: async (batch) =>
      eachInItsZone(batch, ({ value }, values) => {
        const isNew = !values.has(value);
        values.add(value);
        return isNew;
      }),
    cleanUp: async (batch) =>
      eachInItsZone(batch, ({ value }, values) => values.delete(value)).map((result) =>
        "error" in result ? { record: result.record, unchanged: true } : result,
      ),
    settled: async (changes) =>
      new Map(
        changes.map((change) => {
          const before = seen.get(change) ?? true;
          seen.set(change, true);
          return [change, before];
        }),
      ),
    values: (name) => [...(records.get(name) ?? [])],
    add: (name, value) => records.set(name, (records.get(name) ?? new Set()).add(value)),
    names: () => [...records].filter(([, values]) => values.size > 0).map(([name]) => name),
  };
}

function notFound(name: string): RefusedError {
  return new RefusedError({
    reason: "HostedZoneNotFound",
    message: `No zone holds ${name}.`,
    fix: "Create the zone.",
  });
}
