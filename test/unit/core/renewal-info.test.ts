import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Ari } from "../../../core/ari.ts";
import { RateLimitedError, RefusedError, UnavailableError } from "../../../core/errors.ts";
import {
  type Allowed,
  asksForRenewalInfo,
  firstQuestion,
  type Suggestion,
  suggested,
  unanswered,
} from "../../../core/renewal-info.ts";
import type { IssuerRow } from "../../../core/rows.ts";
import { newIssuer } from "../../support/realistic-rows.ts";

const now = new Date("2026-11-22T12:00:00Z");
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const at = (ms: number) => now.getTime() + ms;
const certId = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
const window = { start: at(30 * day), end: at(31 * day) };
const before: Ari = { nextCheckAt: 0 };
/** After this answer for this certificate, about which nothing was known. */
function answered(id: string, suggestion: Suggestion, then = now, fraction = 0.5, allowed?: Allowed) {
  return suggested(before, { certId: id, suggestion, allowed }, then, fraction);
}

/** How long until the CA is asked again, in the middle of the jitter. */
function askedAfter(retryAfterMs: number | undefined, fraction = 0.5): number {
  const retryAt = retryAfterMs === undefined ? {} : { retryAt: new Date(at(retryAfterMs)) };
  return answered(certId, { ...window, ...retryAt }, now, fraction).nextCheckAt - now.getTime();
}

describe("the next question after an answer", () => {
  it.each([
    ["is when the CA says", 4 * hour, 4 * hour],
    ["is after six hours when the CA says nothing", undefined, 6 * hour],
    ["is after six hours when the CA names the past", -hour, 6 * hour],
    ["is after six hours when the CA names this instant", 0, 6 * hour],
    ["is not within a minute", 5_000, minute],
    ["is within a day", 7 * day, day],
  ])("%s", (_sentence, said, expected) => {
    expect(askedAfter(said)).toBe(expected);
  });

  it("is spread by a tenth to both sides, and still not within a minute", () => {
    expect([askedAfter(10 * hour, 0), askedAfter(10 * hour, 1)]).toEqual([9 * hour, 11 * hour]);
    expect(askedAfter(1_000, 0)).toBe(minute);
  });
});

describe("the instant", () => {
  const chosen = (id: string, start: number, end: number) =>
    answered(id, { start, end }).window?.chosenAt ?? Number.NaN;

  it("is the same whoever asks, as long as the window is the same", () => {
    const again = answered(certId, window, new Date(at(hour)), 0.9).window;
    expect(again).toEqual(answered(certId, window, now, 0.1).window);
  });

  it("is another one for another window and another certificate", () => {
    const first = chosen(certId, window.start, window.end);
    expect(chosen(certId, window.start + 1_000, window.end + 1_000)).not.toBe(first + 1_000);
    expect(chosen("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyF", window.start, window.end)).not.toBe(first);
  });

  it("lies in the window, in whole seconds", () => {
    const starts = fc.integer({ min: at(-day), max: at(400 * day) }).map((ms) => Math.floor(ms / 1_000) * 1_000);
    fc.assert(
      fc.property(fc.string(), starts, fc.integer({ min: 1, max: 100 * day }), (id, start, length) => {
        const instant = chosen(id, start, start + length);
        expect(instant % 1_000).toBe(0);
        expect(instant).toBeGreaterThanOrEqual(start);
        expect(instant).toBeLessThan(start + length);
      }),
    );
  });

  it("is spread evenly over the window", () => {
    const shares = Array.from({ length: 2_000 }, (_, index) => {
      return (chosen(`id-${index}`, window.start, window.end) - window.start) / day;
    });
    for (const quarter of [0, 0.25, 0.5, 0.75]) {
      const inside = shares.filter((share) => share >= quarter && share < quarter + 0.25).length;
      expect(Math.abs(inside - 500)).toBeLessThan(100);
    }
  });
});

describe("after an error", () => {
  const known: Ari = {
    certId,
    window: { ...window, chosenAt: at(30.5 * day) },
    nextCheckAt: at(0),
    checkedAt: at(-day),
  };
  const away = new UnavailableError({ reason: "CAUnavailable", message: "away" });
  const refused = new RefusedError({ reason: "RefusedByCA", message: "who?" });
  const limited = (ms: number) =>
    new RateLimitedError({ reason: "RateLimited", message: "slow", retryAt: new Date(at(ms)) });

  it.each([
    ["a moment's one is asked again in a minute", {}, away, minute],
    ["the second in a row in ten minutes", { failures: 1 }, away, 10 * minute],
    ["the fifth and all later in six hours", { failures: 11 }, away, 6 * hour],
    ["one that lasts is asked again in six hours", {}, refused, 6 * hour],
    ["a bug is asked again in six hours", {}, undefined, 6 * hour],
    ["a limit is kept to", {}, limited(3 * hour), 3 * hour],
    ["a limit of a month is asked again in a day", {}, limited(30 * day), day],
  ])("%s", (_sentence, before, error, expected) => {
    const ari = unanswered({ ...known, ...before }, error, "x", now, 0.5);
    expect(ari.nextCheckAt - now.getTime()).toBe(expected);
  });

  it("the last window stands, and what went wrong is one short line", () => {
    const ari = unanswered(known, away, `away\n${"x".repeat(500)}`, now, 0.5);
    expect(ari).toMatchObject({ certId, window: known.window, checkedAt: now.getTime(), failures: 1 });
    expect(ari.lastError).toMatch(/^away x{155}$/);
  });

  it("an answer forgets it", () => {
    expect(answered(certId, window)).toEqual({
      certId,
      window: { ...window, chosenAt: expect.any(Number) },
      checkedAt: now.getTime(),
      nextCheckAt: at(6 * hour),
    });
  });
});

describe("a CA is asked", () => {
  const issuer = (acme: object, directory: object, more: Partial<IssuerRow> = {}) => {
    const row = newIssuer(more);
    return { ...row, spec: { acme }, acme: { ...row.acme, directory } } as IssuerRow;
  };
  const offers = { renewalInfo: "https://acme.test/ari" };

  it.each([
    ["when it offers renewal information", issuer({}, offers), true],
    ["when the issuer says ARI", issuer({ renewalInformationSource: "ARI" }, offers), true],
    ["not when the issuer says None", issuer({ renewalInformationSource: "None" }, offers), false],
    ["not when it offers none", issuer({}, {}), false],
    ["not when its directory has something else there", issuer({}, { renewalInfo: true }), false],
    ["not for an issuer that is gone", issuer({}, offers, { deletedAt: 1 }), false],
    ["not for an issuer that is no ACME issuer", newIssuer({ spec: { ca: {} }, acme: undefined as never }), false],
    ["not without an issuer", undefined, false],
  ])("%s", (_sentence, row, expected) => {
    expect(asksForRenewalInfo(row)).toBe(expected);
  });

  it("for the first time ten minutes after the issuance", () => {
    const first = (fraction: number, own: { renewalTime?: number; notAfter?: number }, spec = {}) =>
      firstQuestion(
        { clock: { now: () => now }, chance: { fraction: () => fraction, uuid: () => "" } },
        issuer({}, offers),
        { notBefore: at(0), notAfter: at(90 * day), ...own },
        spec,
      );
    expect(first(0.5, { renewalTime: 1 })).toEqual({ nextCheckAt: at(10 * minute), latest: at(75 * day) });
    expect(first(0, { renewalTime: 1 })?.nextCheckAt).toBe(at(9 * minute));
    expect(first(0.5, {})).toBeUndefined();
    expect(first(0.5, { renewalTime: 1, notAfter: at(day) - 1 })).toBeUndefined();
    const windows = [{ cron: "0 2 * * *", durationSeconds: 3_600, timezone: "UTC" }];
    const windowed = { renewal: { policy: "RenewBefore", windows } };
    expect(first(0.5, { renewalTime: 1 }, windowed)).toEqual({ nextCheckAt: at(10 * minute), windowed: true });
  });
});

describe("windows of spec.renewal", () => {
  const windows = [{ cron: "0 2 * * *", durationSeconds: 3_600, timezone: "UTC" }];
  const chosenIn = (from: number, to: number, notAfter = at(90 * day)) =>
    answered(certId, { start: from, end: to }, now, 0.5, { windows, notAfter }).window?.chosenAt;

  it("hold for what the CA wants, too: its instant moves to the start of the next one", () => {
    expect(chosenIn(at(30 * day), at(30 * day + minute))).toBe(Date.UTC(2026, 11, 23, 2));
    expect(chosenIn(at(-2 * day), at(-day))).toBe(Date.UTC(2026, 10, 23, 2));
  });

  it("are left aside when none opens in time", () => {
    expect(chosenIn(at(-2 * day), at(-2 * day + 1_000), at(hour))).toBe(at(-2 * day));
  });

  it("move it once: the next answer with the same window changes nothing", () => {
    const suggestion = { start: at(-2 * day), end: at(-day) };
    const first = answered(certId, suggestion, now, 0.5, { windows, notAfter: at(90 * day) });
    const later = new Date(at(3 * day));
    const again = suggested(first, { certId, suggestion, allowed: { windows, notAfter: at(90 * day) } }, later, 0.5);
    expect(again.window).toEqual(first.window);
  });
});
