import { expect } from "vitest";
import { failureOf } from "../../adapters/issuers/acme/problems.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { atRest, fleet, mostStates, renewedInOrder } from "../support/chaos/time-checks.ts";
import { described } from "../support/chaos/time-describe.ts";
import { readByOtherClock } from "../support/chaos/time-signing.ts";
import { sweepOff } from "../support/chaos/time-sweep-off.ts";
import { day, hour, minute, openTimeWorld, type TimeOptions } from "../support/chaos/time-world.ts";
import { acrossChange, acrossInstant } from "../support/chaos/time-zones.ts";
import { certificateSpec } from "../support/specs.ts";

const inMemory = "(in memory, virtual clock)";
const eight = { certificates: 8, everyMs: 17 * minute, forMs: 6 * day };

/** Eight Certificates of three days through two renewals and more. */
async function eightRenew(options: TimeOptions, withinMs: number): Promise<string> {
  const world = await fleet({ ...eight, ...options });
  const { renewals, latest, earliest } = await renewedInOrder(world, withinMs);
  expect(renewals).toBeGreaterThanOrEqual(16);
  expect(mostStates(world), "states of one execution").toBeLessThanOrEqual(26);
  return `${renewals} renewals in order, ${earliest} to ${latest} minutes after their instants`;
}

/** Relative to each other 20 minutes apart: more than a lease lasts. */
const differing = (name: string) => (name.length % 2 === 0 ? 10 : -10) * minute;

/** One issuance and its renewal, with a jump of the clock at the nth reading of it; answers how often it was read. */
async function jumpAt(n: number, jumpMs: number): Promise<number> {
  let readings = Number.NEGATIVE_INFINITY;
  const offsetMs = () => {
    readings += 1;
    return readings >= n ? jumpMs : 0;
  };
  const world = await openTimeWorld({ offsetMs });
  readings = 0;
  await world.p.apply("web/www", certificateSpec("www"));
  await world.p.time.runUntilTrue(() => world.p.ready("web/www"));
  const read = readings;
  await world.pass(2 * day + hour);
  await renewedInOrder(world, 12 * minute);
  expect(world.begun, `jump at reading ${n}`).toHaveLength(2);
  return read;
}

async function jumps(every: number): Promise<string> {
  const readings = await jumpAt(Number.POSITIVE_INFINITY, 0);
  let played = 0;
  for (let n = 1; n <= readings; n += every) {
    for (const jumpMs of [10 * minute, -10 * minute]) {
      await jumpAt(n, jumpMs);
      played += 1;
    }
  }
  return `${played} jumps: each time one order for the issuance and one for the renewal, in time, nothing left`;
}

/** A CA that is busy for ten minutes and says until when by a clock of its own; answers how often it was asked. */
async function limitedByDate(caOffsetMs: number): Promise<{ asked: number; minutes: number }> {
  let asked = 0;
  const until = Date.parse("2026-11-22T12:20:00Z");
  const world = await openTimeWorld({
    caOffsetMs,
    acme: (acme, now) => ({
      ...acme,
      createOrder: async (request) => {
        asked += 1;
        if (now().getTime() >= until) return acme.createOrder(request);
        const headers = { "retry-after": new Date(until + caOffsetMs).toUTCString() };
        const data = { type: "urn:ietf:params:acme:error:rateLimited", detail: "too many new orders recently" };
        throw failureOf({ status: 429, headers, data }, "newOrder", now()) ?? new Error("429 is a failure");
      },
    }),
  });
  await world.pass(10 * minute);
  await world.p.apply("web/www", certificateSpec("www"));
  await world.pass(minute);
  const text = await described(world.p, "www");
  expect(text).toContain("too many new orders recently");
  expect(text).toMatch(/goes on at 2026-11-22T12:\d\d:\d\dZ/);
  while (!(await world.p.ready("web/www"))) await world.pass(minute);
  const minutes = Math.round((world.p.time.now().getTime() - until) / minute);
  await world.pass(hour);
  await atRest(world);
  return { asked, minutes };
}

async function orderExpires(): Promise<string> {
  const world = await openTimeWorld();
  const { p } = world;
  const { readOrder } = p.ca;
  p.ca.readOrder = (account, id) => {
    if (p.ca.orders.size === 1 && world.begun.length === 1) p.ca.orders.delete(id);
    return readOrder(account, id);
  };
  await p.apply("web/www", certificateSpec("www"));
  await world.pass(minute / 2);
  const text = await described(p, "www");
  expect(text).toContain("OrderGone");
  expect(text).toMatch(/Next try at 2026-11-22T12:0[12]/);
  await world.pass(hour);
  expect(await p.ready("web/www")).toBe(true);
  expect([p.ca.calls.newOrder, world.begun.length, p.dns.names()]).toEqual([2, 2, []]);
  return "OrderGone with the next try in the status; a second order a minute later; Ready; no record left";
}

chaosTable(`Clocks that disagree ${inMemory}`, [
  {
    fault: "Lambda's clock is 10 minutes ahead of everybody's",
    expected: "Renewals in order, 10 minutes early; one order and one secret version each; no record left.",
    quick: true,
    run: () => eightRenew({ offsetMs: () => 10 * minute }, 12 * minute),
  },
  {
    fault: "Lambda's clock is 10 minutes behind everybody's, so certificates begin in its future",
    expected: "Renewals in order, 10 minutes late; one order and one secret version each; no record left.",
    quick: true,
    run: () => eightRenew({ offsetMs: () => -10 * minute }, 12 * minute),
  },
  {
    fault: "the CA's clock is 10 minutes ahead of ours, then 10 minutes behind",
    expected: "Renewals in order by what the certificates say; one order and one secret version each.",
    run: async () => {
      const ahead = await eightRenew({ caOffsetMs: 10 * minute }, 2 * minute);
      return `ahead: ${ahead}; behind: ${await eightRenew({ caOffsetMs: -10 * minute }, 2 * minute)}`;
    },
  },
  {
    fault: "some functions are 10 minutes ahead, the others 10 minutes behind: leases look over to some",
    expected: "Renewals in order, within 10 minutes of their instants; one order and one secret version each.",
    run: () => eightRenew({ offsetMs: differing }, 12 * minute),
  },
  {
    fault: "the clock jumps 10 minutes forward or back during an attempt, at some of its readings",
    expected: "One order for each issuance, Ready, renewed in time, no record left.",
    quick: true,
    run: () => jumps(7),
  },
  {
    fault: "the clock jumps 10 minutes forward or back during an attempt, at each of its readings",
    expected: "One order for each issuance, Ready, renewed in time, no record left.",
    run: () => jumps(1),
  },
  {
    fault: "the CA says 429 with a date by its own clock, 10 minutes ahead, then 10 minutes behind",
    expected: "Ready when the limit is over; a date that is past for us makes one request a minute at most.",
    quick: true,
    run: async () => {
      const ahead = await limitedByDate(10 * minute);
      expect(ahead).toEqual({ asked: 2, minutes: 11 });
      const behind = await limitedByDate(-10 * minute);
      expect(behind.minutes).toBeLessThanOrEqual(2);
      expect(behind.asked).toBeLessThanOrEqual(12);
      return `ahead: 2 requests, Ready 10 minutes after the limit; behind: ${behind.asked} requests in 10 minutes, then Ready`;
    },
  },
  {
    fault: "the order expires in mid-flight because the CA's clock has jumped",
    expected: "The attempt ends as OrderGone with the next try in its status; one more order; Ready.",
    run: orderExpires,
  },
  {
    fault: "AWS's clock is 10 minutes ahead of Lambda's, then behind: it refuses the signatures",
    expected: "The request is signed again with AWS's time, and later ones at once.",
    quick: true,
    run: async () => {
      expect([await readByOtherClock(10 * minute), await readByOtherClock(-10 * minute)]).toEqual([3, 3]);
      return "3 requests for 2 reads each way: one refused, two answered";
    },
  },
]);

chaosTable(
  `Calendars ${inMemory}`,
  [
    {
      fault: "summer time begins in Berlin: an hour is missing",
      expected: "Every instant is, to the second, what it is in UTC; renewals in order.",
      quick: true,
      run: () => acrossChange({ zone: "Europe/Berlin", at: "2027-03-28T01:00:00Z", offsetMinutes: 60 }),
    },
    {
      fault: "summer time begins in New York; it ends on Lord Howe by half an hour",
      expected: "Every instant is, to the second, what it is in UTC; renewals in order.",
      run: async () => {
        const begins = { zone: "America/New_York", at: "2027-03-14T07:00:00Z", offsetMinutes: -300 };
        const ends = { zone: "Australia/Lord_Howe", at: "2027-04-03T15:00:00Z", offsetMinutes: 660 };
        return `${await acrossChange(begins)}; ${await acrossChange(ends)}`;
      },
    },
    {
      fault: "summer time ends in Berlin: an hour comes twice",
      expected: "Every instant is, to the second, what it is in UTC; renewals in order.",
      run: () => acrossChange({ zone: "Europe/Berlin", at: "2026-10-25T01:00:00Z", offsetMinutes: 120 }),
    },
    {
      fault: "leap day: certificates of 3 and of 90 days are issued, renewed and end around 29 February 2028",
      expected: "Renewals in order, at two thirds of the real lifetime.",
      run: async () =>
        `${await acrossInstant("2028-02-29T00:00:00Z", 3)}; ${await acrossInstant("2028-02-29T23:59:59Z", 90)}`,
    },
    {
      fault: "32-bit seconds end on 19 January 2038; X.509 writes times differently from 2050 on",
      expected: "Renewals in order, none lost.",
      run: async () =>
        `${await acrossInstant("2038-01-19T03:14:07Z", 3)}; ${await acrossInstant("2050-01-01T00:00:00Z", 3)}`,
    },
  ],
  { oneByOne: true },
);

chaosTable(`No sweep for an hour ${inMemory}`, [
  {
    fault: "the sweep is off for an hour while 60 renewals fall due, an execution is lost and one attempt waits",
    expected:
      "Everything resumes; nothing is issued twice; starts and orders stay within their limits; renewals go first, by urgency.",
    quick: true,
    run: () => sweepOff(60),
  },
  {
    fault: "the sweep is off for an hour while 300 renewals fall due, an execution is lost and one attempt waits",
    expected:
      "Everything resumes; nothing is issued twice; starts and orders stay within their limits; renewals go first, by urgency.",
    run: () => sweepOff(300),
  },
]);
