import { RefusedError } from "../../core/errors.ts";
import type { Clock, DnsProvider, RecordResult, TxtRecord } from "../../core/ports.ts";

export interface MemoryDns extends DnsProvider {
  /** What a name serves. */
  values(name: string): string[];
  /** A value of somebody else. */
  add(name: string, value: string): void;
  /** Every name that serves something. */
  names(): string[];
}

/** As in the local stack. */
const settlesAfterMs = 2_000;

/** The DnsProvider fake: zones, names and values in memory; a change settles two seconds later, or at the second look where there is no clock. */
export function memoryDns(zones: string[], clock?: Clock): MemoryDns {
  const records = new Map<string, Set<string>>();
  const made = new Map<string, { at: number; seen: boolean }>();
  const now = () => clock?.now().getTime() ?? 0;

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
      const id = ids.get(zone) ?? `change-${made.size + 1}`;
      ids.set(zone, id);
      made.set(id, { at: now(), seen: false });
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
          const { at, seen } = made.get(change) ?? { at: 0, seen: true };
          made.set(change, { at, seen: true });
          return [change, clock ? now() - at >= settlesAfterMs : seen];
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
