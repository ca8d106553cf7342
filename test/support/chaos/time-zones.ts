import { expect } from "vitest";
import { fleet, renewedInOrder } from "./time-checks.ts";
import { day, hour, minute, type TimeWorld } from "./time-world.ts";

/** Runs something with the process in a time zone; throws when the process cannot change its own. */
async function inZone<Out>(zone: string, offsetMinutes: number, at: Date, run: () => Promise<Out>): Promise<Out> {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    expect(at.getTimezoneOffset() + offsetMinutes, `${zone} is in force`).toBe(0);
    return await run();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

/** A change of the clock by law. */
export interface ClockChange {
  zone: string;
  /** The instant of the change. */
  at: string;
  /** Minutes from UTC before it. */
  offsetMinutes: number;
}

/** Eight Certificates whose renewals fall before, into and after the changed hour; all is as it is in UTC. */
export async function acrossChange({ zone, at, offsetMinutes }: ClockChange): Promise<string> {
  const start = new Date(Date.parse(at) - 2 * day - hour);
  const options = { start, certificates: 8, everyMs: 17 * minute, forMs: 5 * day };
  const utc = await inZone("UTC", 0, start, () => fleet(options));
  const local = await inZone(zone, offsetMinutes, start, () => fleet(options));
  const { renewals, latest } = await renewedInOrder(local);
  expect(await seenOf(local)).toEqual(await seenOf(utc));
  const hours = local.begun.map((one) => Math.abs(one.at - Date.parse(at)) / hour);
  expect(Math.min(...hours), "a renewal falls into the changed hour").toBeLessThan(1);
  return `${zone}: ${renewals} renewals in order, ${latest} minute late at most, to the second as in UTC`;
}

/** All instants that somebody can see. */
async function seenOf({ p, begun }: TimeWorld) {
  const rows = await Promise.all([...new Set(begun.map(({ id }) => id))].map((id) => p.row(id)));
  return {
    begun: begun.map(({ id, reason, at }) => ({ id, reason, at })),
    rows: rows.map((row) => ({ ready: row?.ready, dueAt: row?.dueAt, ends: row?.issued?.notAfter })),
    told: p.facts.map(({ detail }) => [detail.notBefore, detail.notAfter]),
  };
}

/** A fleet whose issuances, renewals or ends meet an instant at which counting of time has failed elsewhere. */
export async function acrossInstant(at: string, lifetimeDays: number): Promise<string> {
  const start = new Date(Date.parse(at) - (lifetimeDays * 2 * day) / 3 - hour);
  const world = await fleet({
    ...{ start, certificates: 12, everyMs: 17 * minute, forMs: lifetimeDays * 2 * day },
    profiles: { days: lifetimeDays * 86_400 },
  });
  const { renewals, latest } = await renewedInOrder(world);
  expect(renewals).toBeGreaterThanOrEqual(24);
  expect(world.begun.some((one) => one.at < Date.parse(at)) && world.begun.some((one) => one.at > Date.parse(at))).toBe(
    true,
  );
  return `${renewals} renewals in order, ${latest} minute late at most`;
}
