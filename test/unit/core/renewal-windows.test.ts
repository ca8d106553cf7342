import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCron } from "../../../core/cron.ts";
import { firstInWindow } from "../../../core/renewal-windows.ts";

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const forEver = Date.parse("2100-01-01T00:00:00Z");

/** The first instants of the windows' starts from a time on. */
function starts(cron: string, timezone: string, from: string, count: number): string[] {
  const found: string[] = [];
  let after = Date.parse(from);
  while (found.length < count) {
    // A window of a millisecond: only its start is in it.
    const next = firstInWindow([{ cron, durationSeconds: 0.001, timezone }], after, forEver);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().replace(":00.000Z", "Z"));
    after = next + 1;
  }
  return found;
}

describe("a schedule", () => {
  it.each<[string, string, string, string, string[]]>([
    [
      "takes lists, ranges and steps",
      "0,30 9-17/4 * * *",
      "UTC",
      "2026-12-01T09:10:00Z",
      ["2026-12-01T09:30Z", "2026-12-01T13:00Z"],
    ],
    [
      "goes on to the end from a number with a step",
      "20/25 3 * * *",
      "UTC",
      "2026-12-01T00:00:00Z",
      ["2026-12-01T03:20Z", "2026-12-01T03:45Z", "2026-12-02T03:20Z"],
    ],
    [
      "takes names in any case",
      "0 2 * JAN Sat",
      "UTC",
      "2026-12-01T00:00:00Z",
      ["2027-01-02T02:00Z", "2027-01-09T02:00Z"],
    ],
    ["takes ? for a star", "0 2 ? * 1", "UTC", "2026-12-01T00:00:00Z", ["2026-12-07T02:00Z"]],
    [
      "joins a day of the month and one of the week by or",
      "0 0 13 * fri",
      "UTC",
      "2026-12-01T00:00:00Z",
      ["2026-12-04T00:00Z", "2026-12-11T00:00Z", "2026-12-13T00:00Z"],
    ],
    [
      "joins a star with a step by or, as it is no star",
      "0 0 */20 * fri",
      "UTC",
      "2026-12-01T00:01:00Z",
      ["2026-12-04T00:00Z", "2026-12-11T00:00Z", "2026-12-18T00:00Z", "2026-12-21T00:00Z"],
    ],
    [
      "skips months without day 31",
      "0 0 31 * *",
      "UTC",
      "2026-12-01T00:00:00Z",
      ["2026-12-31T00:00Z", "2027-01-31T00:00Z", "2027-03-31T00:00Z", "2027-05-31T00:00Z"],
    ],
    ["knows leap days", "0 0 29 2 *", "UTC", "2026-12-01T00:00:00Z", ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]],
    ["knows that 2100 would be none", "0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", []],
    ["never comes on February 30", "0 0 30 2 *", "UTC", "2026-12-01T00:00:00Z", []],
    ["is in its time zone", "0 2 * * *", "Asia/Kolkata", "2026-12-01T00:00:00Z", ["2026-12-01T20:30Z"]],
    [
      "is on the local day, not on that of UTC",
      "0 2 1 * *",
      "Pacific/Kiritimati",
      "2026-12-15T00:00:00Z",
      ["2026-12-31T12:00Z"],
    ],
    [
      "is on the local day west of Greenwich, too",
      "0 22 31 * *",
      "Pacific/Pago_Pago",
      "2026-12-15T00:00:00Z",
      ["2027-01-01T09:00Z"],
    ],
  ])("%s", (_sentence, cron, timezone, from, expected) => {
    expect(starts(cron, timezone, from, Math.max(expected.length, 1))).toEqual(expected);
  });

  it.each<[string, string, string, string, string[]]>([
    [
      "skips a time that is left out in spring",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-03-28T00:00:00Z",
      ["2026-03-28T01:30Z", "2026-03-30T00:30Z"],
    ],
    [
      "has the hour after the gap",
      "0 3 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00:00Z",
      ["2026-03-29T01:00Z", "2026-03-30T01:00Z"],
    ],
    [
      "happens twice where a time comes twice in autumn",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-10-24T12:00:00Z",
      ["2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-26T01:30Z"],
    ],
    [
      "orders both passes of the hour by instants",
      "0,30 2 * * *",
      "Europe/Berlin",
      "2026-10-24T12:00:00Z",
      ["2026-10-25T00:00Z", "2026-10-25T00:30Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z", "2026-10-26T01:00Z"],
    ],
    ["skips in New York, too", "0 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", ["2026-03-09T06:00Z"]],
    [
      "repeats in New York, too",
      "0 1 * * *",
      "America/New_York",
      "2026-10-31T12:00:00Z",
      ["2026-11-01T05:00Z", "2026-11-01T06:00Z", "2026-11-02T06:00Z"],
    ],
    [
      "knows a half-hour change",
      "15 2 * * *",
      "Australia/Lord_Howe",
      "2026-10-02T00:00:00Z",
      ["2026-10-02T15:45Z", "2026-10-04T15:15Z"],
    ],
    ["knows a gap at midnight", "0 0 * * *", "Africa/Cairo", "2026-04-22T22:30:00Z", ["2026-04-24T21:00Z"]],
  ])("%s", (_sentence, cron, timezone, from, expected) => {
    expect(starts(cron, timezone, from, expected.length)).toEqual(expected);
  });
});

describe("an instant", () => {
  const nightly = { cron: "0 2 * * *", durationSeconds: 7_200, timezone: "UTC" };
  const weekend = { cron: "0 12 * * sat", durationSeconds: 3_600, timezone: "UTC" };
  const at = (text: string) => Date.parse(text);
  const until = at("2026-12-31T00:00:00Z");
  const inWindow = (text: string, windows = [nightly]) => firstInWindow(windows, at(text), until);

  it.each([
    ["in a window stays", "2026-12-01T03:10:20Z", "2026-12-01T03:10:20Z"],
    ["at the start of a window stays", "2026-12-01T02:00:00Z", "2026-12-01T02:00:00Z"],
    ["a second before the end of a window stays", "2026-12-01T03:59:59Z", "2026-12-01T03:59:59Z"],
    ["at the end of a window moves to the next one", "2026-12-01T04:00:00Z", "2026-12-02T02:00:00Z"],
    ["before a window moves to its start", "2026-12-01T01:59:59Z", "2026-12-01T02:00:00Z"],
    ["after a window moves to the next one's start", "2026-12-01T12:00:00Z", "2026-12-02T02:00:00Z"],
  ])("%s", (_sentence, desired, expected) => {
    expect(inWindow(desired)).toBe(at(expected));
  });

  it("goes to the first of several windows", () => {
    expect(inWindow("2026-12-05T04:30:00Z", [nightly, weekend])).toBe(at("2026-12-05T12:00:00Z"));
    expect(inWindow("2026-12-05T13:30:00Z", [weekend, nightly])).toBe(at("2026-12-06T02:00:00Z"));
  });

  it("stays in a window that began days ago", () => {
    const long = { cron: "0 0 1 * *", durationSeconds: 10 * 86_400, timezone: "UTC" };
    expect(inWindow("2026-12-10T23:00:00Z", [long])).toBe(at("2026-12-10T23:00:00Z"));
    expect(inWindow("2026-12-11T00:00:00Z", [long])).toBeUndefined();
  });

  it("has none when the next window opens at the end or later", () => {
    expect(firstInWindow([nightly], at("2026-12-01T05:00:00Z"), at("2026-12-02T02:00:00Z"))).toBeUndefined();
    expect(firstInWindow([nightly], at("2026-12-01T05:00:00Z"), at("2026-12-02T02:00:01Z"))).toBe(
      at("2026-12-02T02:00:00Z"),
    );
    expect(firstInWindow([], at("2026-12-01T05:00:00Z"), until)).toBeUndefined();
    expect(firstInWindow([nightly], at("2026-12-01T03:00:00Z"), at("2026-12-01T03:00:00Z"))).toBeUndefined();
    expect(firstInWindow([nightly], at("2026-12-01T03:00:00Z"), at("2026-12-01T02:30:00Z"))).toBeUndefined();
  });
});

describe("whatever the schedule, zone and instant", () => {
  const zones = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Tehran",
    "Pacific/Apia",
  ];
  const list = (least: number, most: number) =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant("*") },
      { weight: 1, arbitrary: fc.integer({ min: least, max: most }).map(String) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(
            fc.integer({ min: least, max: most }),
            fc.integer({ min: least, max: most }),
            fc.integer({ min: 1, max: 7 }),
          )
          .map(([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}/${step}`),
      },
    );
  const crons = fc
    .tuple(list(0, 59), list(0, 4), list(1, 31), list(1, 12), list(0, 6))
    .map((fields) => fields.join(" "));
  // Around the changes of the clock, month ends and a leap day.
  const marks = [
    "2026-03-29",
    "2026-10-25",
    "2026-03-08",
    "2026-11-01",
    "2026-04-05",
    "2026-10-04",
    "2028-02-28",
    "2026-12-30",
  ];
  const instants = fc
    .tuple(fc.constantFrom(...marks), fc.integer({ min: -1_440, max: 2_000 }))
    .map(([mark, minutes]) => Date.parse(`${mark}T00:00:00Z`) + minutes * minute);

  it("a window starts at the first minute at which the local clock shows what the schedule says", () => {
    fc.assert(
      fc.property(crons, fc.constantFrom(...zones), instants, (cron, timezone, from) => {
        const until = from + day;
        const found = firstInWindow([{ cron, durationSeconds: 0.001, timezone }], from, until);
        expect(found).toBe(scan(cron, timezone, from, until));
      }),
      { numRuns: 60 },
    );
  });

  it("the instant is never earlier than desired, and moves with it", () => {
    const lengths = fc.integer({ min: 60, max: 200_000 });
    fc.assert(
      fc.property(
        crons,
        fc.constantFrom(...zones),
        instants,
        lengths,
        fc.integer({ min: 0, max: 5 * hour }),
        (cron, timezone, from, durationSeconds, later) => {
          const windows = [{ cron, durationSeconds, timezone }];
          const until = from + 20 * day;
          const early = firstInWindow(windows, from, until);
          const late = firstInWindow(windows, from + later, until);
          if (early !== undefined) expect(early).toBeGreaterThanOrEqual(from);
          if (late !== undefined) expect(early).toBeLessThanOrEqual(late);
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** The slow way: every minute of the real clock, and what the wall clock shows then. */
function scan(text: string, timezone: string, from: number, until: number): number | undefined {
  const parsed = parseCron(text);
  if (!("cron" in parsed)) throw new Error(parsed.problem);
  const { cron } = parsed;
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    hourCycle: "h23",
    weekday: "short",
    ...({ month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const),
  });
  for (let at = Math.ceil(from / minute) * minute; at < until; at += minute) {
    const shown = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].indexOf(shown.weekday ?? "");
    const [ofMonth, ofWeek] = [cron.daysOfMonth.has(Number(shown.day)), cron.daysOfWeek.has(weekday)];
    const isTime = cron.minutes.includes(Number(shown.minute)) && cron.hours.includes(Number(shown.hour));
    const isDay = cron.bothDays ? ofMonth && ofWeek : ofMonth || ofWeek;
    if (isTime && isDay && cron.months.has(Number(shown.month))) return at;
  }
  return undefined;
}
