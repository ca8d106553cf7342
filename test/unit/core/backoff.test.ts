import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoff } from "../../../core/backoff.ts";

const now = new Date("2026-11-22T12:00:00Z");
const minute = 60_000;
const hour = 60 * minute;
/** 0 <= x < 1. */
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function delay(failures: number, more: { notAfter?: number; fraction?: number } = {}): number {
  return backoff({ failures, now, fraction: 0.5, ...more }).getTime() - now.getTime();
}

describe("the delay after a failure", () => {
  it.each([
    ["first", 1, minute],
    ["second", 2, 10 * minute],
    ["third", 3, hour],
    ["fourth", 4, 3 * hour],
    ["fifth", 5, 6 * hour],
    ["sixth", 6, 6 * hour],
    ["hundredth", 100, 6 * hour],
  ])("after the %s is in the middle of its spread", (_which, failures, expected) => {
    expect(delay(failures)).toBe(expected);
  });

  it.each([0, -1])("for a count of %i is the first one", (failures) => {
    expect(delay(failures)).toBe(minute);
  });

  it.each([
    ["a fifth less at the least", 0, 0.8],
    ["a fifth more at the most", 1 - 2 ** -53, 1.2],
  ])("is %s", (_what, fraction, factor) => {
    for (const [index, middle] of [minute, 10 * minute, hour, 3 * hour, 6 * hour].entries()) {
      expect(delay(index + 1, { fraction })).toBe(middle * factor);
    }
  });

  it("never leaves its spread", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), chance, (failures, fraction) => {
        const middle = delay(failures);
        const one = delay(failures, { fraction });
        expect(one).toBeGreaterThanOrEqual(middle * 0.8);
        expect(one).toBeLessThanOrEqual(middle * 1.2);
      }),
    );
  });
});

describe("with a working certificate the delay", () => {
  it.each([
    ["is a tenth of what is left when the ladder would be longer", 5, 10 * hour, hour],
    ["is the ladder's when a tenth of what is left is longer", 1, 10 * hour, minute],
    ["is the ladder's when both are the same", 3, 10 * hour, hour],
    ["follows the ladder for a certificate of three months", 5, 90 * 24 * hour, 6 * hour],
    ["is seconds for a certificate of two minutes", 1, 100_000, 10_000],
  ])("%s", (_what, failures, left, expected) => {
    expect(delay(failures, { notAfter: now.getTime() + left })).toBe(expected);
  });

  it("is at least a second, so that a dying certificate does not make a busy loop", () => {
    expect(delay(5, { notAfter: now.getTime() + 300 })).toBe(1_000);
  });

  it.each([
    ["has ended", -1],
    ["ends now", 0],
  ])("is the ladder's when it %s", (_what, left) => {
    expect(delay(2, { notAfter: now.getTime() + left })).toBe(10 * minute);
  });

  it("is never longer than a tenth of what is left, and never shorter than a second", () => {
    const left = fc.integer({ min: 10_000, max: 400 * 24 * hour });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), chance, left, (failures, fraction, ms) => {
        const one = delay(failures, { fraction, notAfter: now.getTime() + ms });
        expect(one).toBeLessThanOrEqual(ms / 10 + 0.5);
        expect(one).toBeGreaterThanOrEqual(1_000);
      }),
    );
  });

  it("leaves room for at least ten tries before the end, however long it failed", () => {
    let at = now;
    const notAfter = now.getTime() + 30 * 24 * hour;
    let tries = 0;
    while (at.getTime() < notAfter && tries < 1_000) {
      tries += 1;
      at = backoff({ failures: tries, now: at, notAfter, fraction: 0.999 });
    }
    expect(tries).toBeGreaterThan(100);
  });
});
