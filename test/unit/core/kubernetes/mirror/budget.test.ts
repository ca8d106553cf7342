import { describe, expect, it } from "vitest";
import { openBudget } from "../../../../../core/kubernetes/budget.ts";
import { retryAfter } from "../../../../../core/kubernetes/retry.ts";
import { loneClock } from "../../../../support/lone-clock.ts";
import { clusterKey, openMirrorBed } from "../../../../support/mirror-bed.ts";

const start = new Date("2026-11-22T12:00:00Z");

/** The most that arrived in any span of so many seconds. */
function mostWithin(at: number[], seconds: number): number {
  return Math.max(...at.map((begin) => at.filter((one) => one >= begin && one < begin + seconds * 1_000).length));
}

describe("a budget", () => {
  it.each([1, 3, 20, 500])(
    "of %i a second lets one second's worth come at once, and then one after the other",
    async (rate) => {
      const clock = loneClock(start);
      const budget = openBudget(undefined, rate, { clock, pause: clock.pause });
      const at: number[] = [];
      const worker = async () => {
        for (let count = 0; count < rate; count += 1) {
          await budget.take();
          at.push(clock.now().getTime());
        }
      };
      await clock.run(() => Promise.all(Array.from({ length: 10 }, worker)));
      expect(at).toHaveLength(10 * rate);
      expect(at.filter((one) => one === start.getTime())).toHaveLength(rate);
      for (const seconds of [1, 2, 5]) expect(mostWithin(at, seconds)).toBeLessThanOrEqual(rate * (seconds + 1));
      expect((at.at(-1) ?? 0) - start.getTime()).toBeCloseTo(9_000, -2);
    },
  );

  it("goes on as it was left, and owes what was sent without asking", async () => {
    const clock = loneClock(start);
    const world = { clock, pause: clock.pause };
    const first = openBudget(undefined, 10, world);
    await first.take();
    first.charge(19);
    expect(first.left()).toEqual({ tokens: -10, at: start.getTime() });
    clock.advance(500);
    const second = openBudget(first.left(), 10, world);
    await clock.run(() => second.take());
    expect(clock.now().getTime() - start.getTime()).toBe(1_100);
  });

  it("is never exceeded by runs one after another, wakes and drift checks among them", async () => {
    const bed = openMirrorBed();
    const cluster = await bed.addCluster("prod", { requestsPerSecond: 5, driftCheckInterval: "1m" });
    const at: number[] = [];
    cluster.onCall = () => void at.push(bed.clock.now().getTime());
    for (let round = 0; round < 6; round += 1) {
      const ids = Array.from({ length: 10 }, (_, index) => `web/c${round}x${index}`);
      for (const id of ids) await bed.issue({ id });
      await bed.tell(...ids);
      bed.clock.advance(12_300);
      await bed.sync({ key: clusterKey("prod") });
    }
    expect(at.length).toBeGreaterThan(120);
    for (const seconds of [1, 3, 10]) expect(mostWithin(at, seconds)).toBeLessThanOrEqual(5 * (seconds + 1));
  });
});

describe("the next try", () => {
  const minutes: [of: "cluster" | "mirror", failures: number, after: number][] = [
    ["cluster", 1, 1],
    ["cluster", 2, 2],
    ["cluster", 3, 5],
    ["cluster", 4, 10],
    ["cluster", 99, 10],
    ["mirror", 4, 10],
    ["mirror", 5, 30],
    ["mirror", 99, 30],
  ];
  it.each(minutes)("of a %s after %i failures comes after %i minutes, give or take a fifth", (of, failures, after) => {
    const tries = [0, 0.5, 1].map((fraction) => retryAfter({ of, failures, now: start, fraction }) - start.getTime());
    expect(tries).toEqual([after * 48_000, after * 60_000, after * 72_000]);
  });
});
