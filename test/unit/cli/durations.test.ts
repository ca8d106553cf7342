import { describe, expect, it } from "vitest";
import { fromNow, parseTimeout, span, took } from "../../../cli/durations.ts";

const [s, m, h, d] = [1_000, 60_000, 3_600_000, 86_400_000];

describe("span prints ages as kubectl does", () => {
  it.each([
    [0, "0s"],
    [-5 * s, "0s"],
    [119 * s, "119s"],
    [2 * m, "2m"],
    [3 * m + 12 * s, "3m12s"],
    [10 * m + 30 * s, "10m"],
    [179 * m, "179m"],
    [3 * h, "3h"],
    [7 * h + 59 * m, "7h59m"],
    [47 * h, "47h"],
    [2 * d + 5 * h, "2d5h"],
    [8 * d + 5 * h, "8d"],
    [729 * d, "729d"],
    [800 * d, "2y70d"],
  ])("%i ms is %s", (ms, text) => expect(span(ms)).toBe(text));
});

describe("other times", () => {
  it("took counts tenths below a minute", () =>
    expect([took(5_240), took(-1), took(90 * s)]).toEqual(["5.2s", "0.0s", "90s"]));
  it("fromNow says before or after", () => expect([fromNow(5 * s, 0), fromNow(0, 5 * s)]).toEqual(["in 5s", "5s ago"]));
  it("a negative time-out is a week, as for kubectl", () => expect(parseTimeout("-1s")).toBe(7 * d));
});
