import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fencedUntil, latestRenewal, nextLook, renewalTime, renewsAt } from "../../../core/renewal.ts";
import { firstInWindow } from "../../../core/renewal-windows.ts";
import type { Issued } from "../../../core/rows.ts";

const notBefore = Date.parse("2026-11-22T12:00:00Z");
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** How long after notBefore, for a certificate of this lifetime. */
function renewedAfter(lifetime: number, more: Partial<Parameters<typeof renewalTime>[0]> = {}): number {
  return (
    (renewalTime({ notBefore, notAfter: notBefore + lifetime, fraction: 0, ...more }).at ?? Number.NaN) - notBefore
  );
}

describe("the renewal of a certificate", () => {
  it.each([
    ["is at two thirds of 90 days", 90 * day, {}, 60 * day],
    ["is at two thirds of the real lifetime of two minutes", 2 * minute, {}, 80_000],
    ["is renewBefore before the end", 90 * day, { renewBeforeSeconds: 15 * 86_400 }, 75 * day],
    [
      "is at two thirds when renewBefore is as long as the CA's lifetime",
      6 * day,
      { renewBeforeSeconds: 6 * 86_400 },
      4 * day,
    ],
    [
      "is at two thirds when renewBefore is longer than the CA's lifetime",
      6 * day,
      { renewBeforeSeconds: 30 * 86_400 },
      4 * day,
    ],
    ["is a second after the start when renewBefore leaves no more", hour, { renewBeforeSeconds: 3_599 }, 1_000],
    ["is when that percentage of the lifetime is left", 100 * day, { renewBeforePercentage: 25 }, 75 * day],
    ["takes 1 per cent", 100 * day, { renewBeforePercentage: 1 }, 99 * day],
    ["takes 99 per cent", 100 * day, { renewBeforePercentage: 99 }, day],
    [
      "takes the percentage when renewBefore does not fit",
      10 * day,
      { renewBeforeSeconds: 10 * 86_400, renewBeforePercentage: 50 },
      5 * day,
    ],
    ["does not take 100 per cent", 90 * day, { renewBeforePercentage: 100 }, 60 * day],
    ["does not take 0 per cent", 90 * day, { renewBeforePercentage: 0 }, 60 * day],
    ["does not take a renewBefore of nothing", 90 * day, { renewBeforeSeconds: 0 }, 60 * day],
    ["does not take a negative renewBefore", 90 * day, { renewBeforeSeconds: -5 }, 60 * day],
    ["is in whole seconds", 100_000, {}, 66_000],
  ])("%s", (_sentence, lifetime, more, expected) => {
    expect(renewedAfter(lifetime, more)).toBe(expected);
  });

  it("is spread to earlier by at most a twentieth of the way there", () => {
    expect(renewedAfter(90 * day, { fraction: 0.5 })).toBe(58.5 * day);
    expect(renewedAfter(90 * day, { fraction: 1 - 2 ** -53 })).toBe(57 * day);
  });

  it("is spread, so that certificates issued together do not renew together", () => {
    const times = [0, 0.25, 0.5, 0.75].map((fraction) => renewedAfter(90 * day, { fraction }));
    expect(new Set(times).size).toBe(4);
  });

  it("falls on every third minute from a day on, so that those of a fleet fill whole batches", () => {
    const instants = [0.1, 0.37, 0.62].map((fraction) => notBefore + renewedAfter(7 * day, { fraction }));
    expect(instants.map((instant) => instant % (3 * minute))).toEqual([0, 0, 0]);
    expect(renewedAfter(day, { fraction: 0.37 }) % (3 * minute)).not.toBe(0);
  });

  it("is never later than wished, never before the twentieth, never before the start, always in whole seconds", () => {
    const lifetimes = fc.integer({ min: 10, max: 400 * 86_400 }).map((seconds) => seconds * 1_000);
    const wish = fc.option(fc.integer({ min: 1, max: 500 * 86_400 }), { nil: undefined });
    const percentage = fc.option(fc.integer({ min: 1, max: 99 }), { nil: undefined });
    fc.assert(
      fc.property(
        lifetimes,
        wish,
        percentage,
        chance,
        (lifetime, renewBeforeSeconds, renewBeforePercentage, fraction) => {
          const wished = renewedAfter(lifetime, { renewBeforeSeconds, renewBeforePercentage });
          const spread = renewedAfter(lifetime, { renewBeforeSeconds, renewBeforePercentage, fraction });
          expect(spread).toBeLessThanOrEqual(wished);
          expect(spread).toBeGreaterThanOrEqual(wished * 0.95 - 1_000 - 3 * minute);
          expect(spread).toBeGreaterThanOrEqual(0);
          expect(spread).toBeLessThan(lifetime);
          expect(spread % 1_000).toBe(0);
        },
      ),
    );
  });
});

describe("a renewal in windows", () => {
  const notAfter = notBefore + 90 * day;
  const at = (text: string) => Date.parse(text);
  // 60 days after notBefore: 2027-01-21T12:00:00Z, a Thursday.
  const saturdays = { cron: "0 3 * * sat", durationSeconds: 7_200, timezone: "UTC" };
  const renewal = (...windows: (typeof saturdays)[]) => ({ policy: "RenewBefore" as const, windows });
  const timed = (more: Partial<Parameters<typeof renewalTime>[0]>) =>
    renewalTime({ notBefore, notAfter, fraction: 0, ...more });

  it("moves to the start of the next window", () => {
    expect(timed({ renewal: renewal(saturdays) })).toEqual({ at: at("2027-01-23T03:00:00Z") });
  });

  it("stays where it is in an open window", () => {
    const noons = { ...saturdays, cron: "0 12 * * *" };
    expect(timed({ renewal: renewal(noons) })).toEqual({ at: at("2027-01-21T12:00:00Z") });
  });

  it("stays where it is without windows", () => {
    expect(timed({ renewal: renewal() })).toEqual({ at: notBefore + 60 * day });
  });

  it("is as if there were no window when none opens in time, and says so", () => {
    const { at: renewed, windowError } = timed({ renewal: renewal({ ...saturdays, cron: "0 3 1 6 *" }) });
    expect(renewed).toBe(notBefore + 60 * day);
    expect(windowError).toBe(
      "no window of spec.renewal opens between 2027-01-21T12:00:00Z and the end of the certificate at 2027-02-20T12:00:00Z: it renews as if there were none",
    );
  });

  it("is in a window however it is spread, and never later than unspread", () => {
    const windows = fc.array(
      fc.record({
        cron: fc.constantFrom("0 3 * * sat", "30 22 * * mon-fri", "0 0 1 * *", "*/20 4 * * *"),
        durationSeconds: fc.integer({ min: 60, max: 90_000 }),
        timezone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York"),
      }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(windows, chance, fc.integer({ min: 1, max: 99 }), (some, fraction, renewBeforePercentage) => {
        const input = { renewal: renewal(...some), renewBeforePercentage };
        const spread = timed({ ...input, fraction });
        const unspread = timed(input);
        if (spread.windowError !== undefined || unspread.windowError !== undefined) return;
        expect(spread.at).toBeLessThanOrEqual(unspread.at ?? 0);
        expect(firstInWindow(some, spread.at ?? 0, notAfter)).toBe(spread.at);
      }),
    );
  });
});

describe("a renewal that is disabled", () => {
  it("has no time", () => {
    const disabled = { policy: "Disabled" as const, windows: [] };
    expect(renewalTime({ notBefore, notAfter: notBefore + day, fraction: 0, renewal: disabled })).toEqual({});
  });
});

describe("the runaway fence", () => {
  const notAfter = notBefore + 90 * day;
  const at = (days: number) => notBefore + days * day;
  const fence = (recent: number[], days: number) => fencedUntil(recent, notBefore, notAfter, new Date(at(days)));

  it.each([
    ["does not hold before any issuance", [], 0, undefined],
    ["does not hold after two in a row", [at(2), at(1)], 2, undefined],
    ["holds after three, until a third of the lifetime after the first of them", [at(3), at(2), at(1)], 3, at(31)],
    ["holds to the last millisecond", [at(3), at(2), at(1)], 31 - 1 / day, at(31)],
    ["ends at that instant", [at(3), at(2), at(1)], 31, undefined],
    ["does not hold for three that are far apart", [at(62), at(31), at(0)], 62, undefined],
    ["counts the three newest only", [at(80), at(40), at(1), at(0)], 80, undefined],
  ])("%s", (_sentence, recent, days, until) => {
    expect(fence(recent, days)).toBe(until);
  });

  it("lets through no more than three in any third of the lifetime, whatever asks for them", () => {
    const steps = fc.array(fc.integer({ min: 1, max: 10 * day }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (pauses) => {
        let now = notBefore;
        const issued: number[] = [];
        for (const pause of pauses) {
          now += pause;
          if (fencedUntil(issued.slice(0, 3), notBefore, notAfter, new Date(now)) === undefined) issued.unshift(now);
        }
        for (const one of issued) {
          expect(issued.filter((other) => other >= one && other < one + 30 * day).length).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});

describe("what the CA suggests", () => {
  const notAfter = notBefore + 90 * day;
  const latest = (more: object = {}) => latestRenewal({ notBefore, notAfter, ...more });
  const own = { renewalTime: notBefore + 58 * day };
  const ariAt = (chosenAt: number) => ({
    nextCheckAt: 0,
    window: { start: 0, end: 0, chosenAt },
    latest: notBefore + 75 * day,
  });

  it.each([
    ["may leave a sixth of the lifetime", {}, 75 * day],
    ["may leave no less than spec.renewBefore", { renewBeforeSeconds: 30 * 86_400 }, 60 * day],
    ["may leave less where spec.renewBefore is less", { renewBeforeSeconds: 86_400 }, 89 * day],
    [
      "may not be later than ours when there are windows",
      { renewal: { policy: "RenewBefore", windows: [] } },
      undefined,
    ],
    ["may leave no less than spec.renewBeforePercentage", { renewBeforePercentage: 50 }, 45 * day],
  ])("%s", (_sentence, more, expected) => {
    expect(latest(more)).toBe(expected && notBefore + expected);
  });

  it.each([
    ["nothing yet", undefined, 58 * day],
    ["an earlier instant", ariAt(notBefore + 20 * day), 20 * day],
    ["a later instant", ariAt(notBefore + 70 * day), 70 * day],
    ["a much too late instant", ariAt(notBefore + 89 * day), 75 * day],
    ["an instant in the past", ariAt(notBefore - day), -day],
  ])("decides, when it is %s", (_sentence, ari, expected) => {
    expect(renewsAt(own, ari)).toBe(notBefore + expected);
  });

  it("only makes it earlier where nothing says how late it may be, and brings none where there is none", () => {
    const { latest: _, ...unlimited } = ariAt(notBefore + 70 * day);
    expect(renewsAt(own, unlimited)).toBe(own.renewalTime);
    expect(renewsAt({}, ariAt(notBefore + 20 * day))).toBeUndefined();
  });
});

describe("what a working certificate waits for", () => {
  const issued = { renewalTime: 1_000, notAfter: 2_000 } as Issued;

  it.each([
    ["its renewal", {}, { dueAt: 1_000, lane: "renew" }],
    ["its end, when it is not renewed", { issued: { notAfter: 700 } as Issued }, { dueAt: 700, lane: "new" }],
    ["nothing, when it has ended", { issued: { notAfter: 0 } as Issued }, {}],
    ["a question to its CA before that", { ari: { nextCheckAt: 500 } }, { dueAt: 500, lane: "new" }],
    ["a reading of its CA's list before that", { crl: { nextCheckAt: 400 } }, { dueAt: 400, lane: "new" }],
    ["its renewal before a reading", { crl: { nextCheckAt: 1_000 } }, { dueAt: 1_000, lane: "renew" }],
    [
      "a reading before its end, when it is not renewed",
      { issued: { notAfter: 700 } as Issued, crl: { nextCheckAt: 600 } },
      { dueAt: 600, lane: "new" },
    ],
    ["the earlier of two looks", { ari: { nextCheckAt: 500 }, crl: { nextCheckAt: 400 } }, { dueAt: 400, lane: "new" }],
    ["its renewal before a question", { ari: { nextCheckAt: 1_000 } }, { dueAt: 1_000, lane: "renew" }],
    [
      "the instant its CA suggested",
      { ari: { nextCheckAt: 500, window: { start: 0, end: 0, chosenAt: 300 } } },
      { dueAt: 300, lane: "renew" },
    ],
  ])("is %s", (_sentence, row, expected) => {
    expect(nextLook({ issued, ...row }, new Date(0))).toEqual(expected);
  });
});
