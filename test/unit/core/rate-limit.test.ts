import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyUntil, fullTo, reserve, take, tokensIn } from "../../../core/rate-limit.ts";
import type { BucketRow } from "../../../core/rows.ts";

const start = Date.parse("2026-11-22T12:00:00Z");
const seconds = (count: number) => new Date(start + count * 1_000);
const bucket = { key: "orders#a", capacity: 10, refillSeconds: 60 };
const row = (tokens: number): BucketRow => ({ key: bucket.key, version: 7, tokens, at: start });

describe("the tokens in a bucket", () => {
  it.each([
    ["are all of them when nobody touched it", undefined, 0, 10],
    ["are what was left, at once", row(3), 0, 3],
    ["come back one by one", row(3), 120, 5],
    ["come back in parts, so that no time is lost between two looks", row(3), 30, 3.5],
    ["are never more than it holds", row(9), 3_600, 10],
    ["heal from below zero", row(-2), 180, 1],
    ["do not get fewer when a clock is behind", row(3), -600, 3],
    ["shrink with a capacity that was lowered", row(300), 0, 10],
  ])("%s", (_sentence, before, after, expected) => {
    expect(tokensIn(bucket, before, seconds(after))).toBe(expected);
  });
});

describe("what first issuances must leave in a bucket", () => {
  it.each([
    [300, 60],
    [50, 10],
    [20, 4],
    [10, 2],
    [5, 1],
  ])("of %i tokens is a fifth: %i", (capacity, expected) => {
    expect(reserve({ ...bucket, capacity }, false)).toBe(expected);
  });

  it("is at least a fifth when that is no whole number", () => {
    for (let capacity = 2; capacity <= 1_000; capacity += 1) {
      const kept = reserve({ ...bucket, capacity }, false);
      expect(capacity - kept).toBeLessThanOrEqual(0.8 * capacity + 1e-9);
      expect(kept).toBeLessThan(0.2 * capacity + 1);
    }
  });

  it("is nothing for a renewal", () => {
    expect(reserve(bucket, true)).toBe(0);
  });

  it("is never so much that none could ever start: a bucket of one token serves a first issuance too", () => {
    const one = { ...bucket, capacity: 1 };
    expect(tokensIn(one, undefined, seconds(0))).toBeGreaterThanOrEqual(1 + reserve(one, false));
  });
});

describe("taking and giving back", () => {
  it("keeps the version that was read, which the write is conditional on", () => {
    expect(take(bucket, row(3), 1, seconds(60))).toEqual({
      key: bucket.key,
      version: 7,
      tokens: 3,
      at: start + 60_000,
    });
    expect(take(bucket, undefined, 1, seconds(0))).toEqual({ key: bucket.key, version: 0, tokens: 9, at: start });
  });

  it("loses no part of a token", () => {
    const taken = take(bucket, row(3), 1, seconds(30));
    expect(tokensIn(bucket, taken, seconds(60))).toBe(3);
  });

  it.each([
    ["gives back one", 3, -1, 4],
    ["gives back many", 3, -5, 8],
    ["never goes above the capacity", 9, -5, 10],
  ])("%s", (_sentence, before, tokens, expected) => {
    expect(take(bucket, row(before), tokens, seconds(0)).tokens).toBe(expected);
  });

  it("does not go above the capacity although it refilled meanwhile", () => {
    expect(take(bucket, row(9), -1, seconds(3_600)).tokens).toBe(10);
  });
});

describe("when a bucket will hold so many tokens", () => {
  it.each([
    ["is now when it does", row(3), 3, 0],
    ["is now for a bucket nobody touched", undefined, 10, 0],
    ["is when the missing ones have come back", row(3), 5, 120],
    ["counts from below zero", row(-1), 1, 120],
  ])("%s", (_sentence, before, tokens, after) => {
    expect(fullTo(bucket, before, tokens, seconds(0))).toEqual(seconds(after));
  });

  it("is an instant at which it does, but for a rounding error, and not one at which it did long before", () => {
    const rows = fc.record({
      tokens: fc.double({ min: -50, max: 10, noNaN: true }),
      refill: fc.integer({ min: 1, max: 200_000 }),
      wanted: fc.integer({ min: 1, max: 10 }),
      wait: fc.integer({ min: 0, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(rows, ({ tokens, refill, wanted, wait }) => {
        const slow = { ...bucket, refillSeconds: refill };
        const at = fullTo(slow, row(tokens), wanted, new Date(start + wait));
        expect(tokensIn(slow, row(tokens), at)).toBeGreaterThanOrEqual(wanted - 1e-9);
        if (at.getTime() > start + wait) {
          expect(tokensIn(slow, row(tokens), new Date(at.getTime() - 2))).toBeLessThan(wanted);
        }
      }),
    );
  });
});

describe("a CA that names an instant", () => {
  it("overrules our count: there is one token then and none before", () => {
    const after = emptyUntil(bucket, row(8), seconds(3_600), seconds(0));
    expect(tokensIn(bucket, after, seconds(3_600))).toBeCloseTo(1, 9);
    expect(tokensIn(bucket, after, seconds(3_599))).toBeLessThan(1);
    expect(after.version).toBe(7);
  });

  it("overrules a bucket that nobody touched", () => {
    const after = emptyUntil(bucket, undefined, seconds(600), seconds(0));
    expect(tokensIn(bucket, after, seconds(599))).toBeLessThan(1);
    expect(after.version).toBe(0);
  });

  it.each([
    ["in the past", -60],
    ["of now", 0],
  ])("%s leaves at most one token", (_what, at) => {
    expect(emptyUntil(bucket, row(8), seconds(at), seconds(0)).tokens).toBe(1);
  });
});
