import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDuration, printDuration } from "../../../core/duration.ts";

describe("parseDuration reads what Go reads", () => {
  it.each([
    ["2160h", 7_776_000],
    ["2160h0m0s", 7_776_000],
    ["1h30m", 5_400],
    ["1.5h", 5_400],
    ["1m1m", 120],
    ["+5s", 5],
    ["-5s", -5],
    [".5s", 0.5],
    ["5.s", 5],
    ["100ms", 0.1],
    ["1\u00b5s", 0.000_001],
    ["1\u03bcs", 0.000_001],
    ["1us", 0.000_001],
    ["0", 0],
    ["0s", 0],
  ])("%s", (text, seconds) => {
    expect(parseDuration(text)).toEqual({ seconds });
  });

  it.each([
    ["", 'time: invalid duration ""'],
    ["h", 'time: invalid duration "h"'],
    [".s", 'time: invalid duration ".s"'],
    ["-", 'time: invalid duration "-"'],
    ["90d", 'time: unknown unit "d" in duration "90d"'],
    ["1 h", 'time: unknown unit " h" in duration "1 h"'],
    ["3600", 'time: missing unit in duration "3600"'],
    ["1h30", 'time: missing unit in duration "1h30"'],
    ["9999999999h", 'time: invalid duration "9999999999h"'],
    ["1__proto__", 'time: unknown unit "__proto__" in duration "1__proto__"'],
  ])("and refuses %j in Go's words", (text, problem) => {
    expect(parseDuration(text)).toEqual({ problem });
  });
});

describe("printDuration prints what Go prints", () => {
  it.each([
    [7_776_000, "2160h0m0s"],
    [5_400, "1h30m0s"],
    [90, "1m30s"],
    [0, "0s"],
    [1.5, "1.5s"],
    [0.25, "250ms"],
    [0.000_001_5, "1.5\u00b5s"],
    [0.000_000_007, "7ns"],
    [-300, "-5m0s"],
  ])("%d s", (seconds, text) => {
    expect(printDuration(seconds)).toBe(text);
  });

  it("in a form that is read back as the same", () => {
    const duration = fc.oneof(
      fc.integer({ min: -9_000_000_000, max: 9_000_000_000 }),
      fc.nat(3_600_000).map((ms) => ms / 1_000),
    );
    fc.assert(
      fc.property(duration, (seconds) => {
        expect(parseDuration(printDuration(seconds))).toEqual({ seconds: seconds === 0 ? 0 : seconds });
      }),
      { numRuns: 2_000 },
    );
  });
});
