import type { RecordSet } from "./record-set.ts";
import { applyChanges, parseChanges, parseRecordSets, parseZones } from "./record-set.ts";

/**
 * What the world sees of Route 53: the public zones, where every change shows only `lagMs` after it was accepted.
 * A zone's records are read once, when it is first seen; after that only changes made through the proxy count.
 */
export interface Zones {
  /** Reads which zones there are. */
  refresh(): Promise<void>;
  /** One change of a zone at a time: what runs inside sees the changes of the zone in the order they were made. */
  inTurn<T>(zoneId: string, change: () => Promise<T>): Promise<T>;
  /** Route 53 accepted this ChangeResourceRecordSets body now; the change id is `C...`. */
  accepted(zoneId: string, body: string, changeId: string): void;
  /** PENDING until the change shows; undefined for a change it does not know. */
  statusOf(changeId: string): "PENDING" | "INSYNC" | undefined;
  /** The record sets of a name, as they show now, from the zone that answers for it; undefined when no zone does. */
  at(name: string): { records: RecordSet[]; exists: boolean } | undefined;
  /** All record sets that show now; `accepted` gives those that Route 53 holds. */
  list(which?: "shown" | "accepted"): RecordSet[];
  /** Milliseconds a change takes to show; may be set while it runs. */
  lagMs: number;
}

interface Zone {
  id: string;
  name: string;
  shown: RecordSet[];
  accepted: RecordSet[];
  pending: { showsAt: number; changes: ReturnType<typeof parseChanges> }[];
  turn: Promise<unknown>;
}

/** Reads of Route 53's API go to the emulator itself: `get` answers the XML of a path. */
export function createZones(get: (path: string) => Promise<string>, lagMs: number): Zones {
  const zones = new Map<string, Zone>();
  const showsAt = new Map<string, number>();
  const own: Zones = {
    lagMs,
    refresh: () => refresh(zones, get),
    async inTurn(zoneId, change) {
      const zone = zones.get(zoneId);
      if (!zone) return await change();
      const turn = zone.turn.then(change, change);
      zone.turn = turn;
      return await turn;
    },
    accepted(zoneId, body, changeId) {
      const zone = zones.get(zoneId);
      // A zone's changes show in their order, also when the lag was made shorter in between.
      const at = Math.max(performance.now() + own.lagMs, zone?.pending.at(-1)?.showsAt ?? 0);
      showsAt.set(changeId, at);
      if (!zone) return;
      const changes = parseChanges(body);
      zone.accepted = applyChanges(zone.accepted, changes);
      zone.pending.push({ showsAt: at, changes });
    },
    statusOf(changeId) {
      const at = showsAt.get(changeId);
      if (at === undefined) return undefined;
      return at <= performance.now() ? "INSYNC" : "PENDING";
    },
    at(name) {
      const zone = longestSuffix([...zones.values()], name);
      if (!zone) return undefined;
      settle(zone);
      return lookUp(zone.shown, name);
    },
    list(which = "shown") {
      for (const zone of zones.values()) settle(zone);
      return [...zones.values()].flatMap((zone) => zone[which]);
    },
  };
  return own;
}

async function refresh(zones: Map<string, Zone>, get: (path: string) => Promise<string>): Promise<void> {
  const present = parseZones(await get("/2013-04-01/hostedzone?maxitems=100")).filter((zone) => !zone.isPrivate);
  for (const id of zones.keys()) if (!present.some((zone) => zone.id === id)) zones.delete(id);
  for (const { id, name } of present) {
    if (zones.has(id)) continue;
    const records = parseRecordSets(await get(`/2013-04-01/hostedzone/${id}/rrset?maxitems=300`));
    if (!zones.has(id))
      zones.set(id, { id, name, shown: records, accepted: records, pending: [], turn: Promise.resolve() });
  }
}

function settle(zone: Zone): void {
  while (zone.pending[0] && zone.pending[0].showsAt <= performance.now()) {
    zone.shown = applyChanges(zone.shown, zone.pending[0].changes);
    zone.pending.shift();
  }
}

// A wildcard below the closest encloser answers for names that are not there (RFC 4592).
function lookUp(sets: RecordSet[], name: string): { records: RecordSet[]; exists: boolean } {
  const has = (each: string) => sets.some((set) => set.name === each || set.name.endsWith(`.${each}`));
  if (has(name)) return { records: sets.filter((set) => set.name === name), exists: true };
  let encloser = name.slice(name.indexOf(".") + 1);
  while (encloser.includes(".") && !has(encloser)) encloser = encloser.slice(encloser.indexOf(".") + 1);
  const records = sets.filter((set) => set.name === `*.${encloser}`).map((set) => ({ ...set, name }));
  return { records, exists: records.length > 0 };
}

function longestSuffix(zones: Zone[], name: string): Zone | undefined {
  const serving = zones.filter((zone) => name === zone.name || name.endsWith(`.${zone.name}`));
  return serving.sort((a, b) => b.name.length - a.name.length)[0];
}
