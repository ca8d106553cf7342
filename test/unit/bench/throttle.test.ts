import { describe, expect, it } from "vitest";
import { fleetClock } from "../../bench/fleet/clock.ts";
import { retrying, throttle } from "../../bench/fleet/throttle.ts";

const start = Date.parse("2026-11-22T12:00:00Z");
const route53 = { burst: 50, perSecond: 10 };

describe("a bucket that somebody else enforces", () => {
  it("gives its burst at once and then as many a second as it refills", async () => {
    const clock = fleetClock(start);
    const bucket = throttle(clock, route53);
    const taken = () => Array.from({ length: 100 }, () => bucket.take()).filter(Boolean).length;
    expect(taken()).toBe(50);
    expect(taken()).toBe(0);
    await clock.run(start + 1_500);
    expect(taken()).toBe(15);
  });

  it("never holds more than its burst, however long nobody asks", async () => {
    const clock = fleetClock(start);
    const bucket = throttle(clock, route53);
    await clock.run(start + 86_400_000);
    expect(Array.from({ length: 80 }, () => bucket.take()).filter(Boolean)).toHaveLength(50);
  });

  it("lets who queues wait in turn", () => {
    const bucket = throttle(fleetClock(start), { burst: 1, perSecond: 4 });
    expect([bucket.queue(1), bucket.queue(1), bucket.queue(1)]).toEqual([0, 250, 500]);
  });
});

describe("a call repeated as an SDK does", () => {
  const world = (clock = fleetClock(start)) => ({ clock, fraction: () => 0.5, refusals: 0 });

  it.each([
    ["succeeds after one pause", 1, "done", 1, 250],
    ["succeeds after two, the second twice as long", 2, "done", 2, 750],
    ["gives up after three attempts", 3, "refused", 3, 750],
  ])("%s", async (_what, refusals, ended, seen, waitedMs) => {
    const { clock, fraction } = world();
    let left = refusals;
    let counted = 0;
    const answer = retrying(
      { clock, fraction, refused: () => void counted++ },
      () => left-- <= 0,
      async () => "done",
      () => new Error("refused"),
    ).catch((error: Error) => error.message);
    let at = Number.NaN;
    const result = answer.then((text) => {
      at = clock.at();
      return text;
    });
    await clock.run(start + 10_000);
    expect([await result, counted, at - start]).toEqual([ended, seen, waitedMs]);
  });
});

describe("the clock", () => {
  it("wakes who sleeps in the order of their instants, whatever the order of asking", async () => {
    const clock = fleetClock(start);
    const woken: number[] = [];
    for (const ms of [500, 20, 300, 20, 1_000]) clock.spawn(() => clock.sleep(ms).then(() => void woken.push(ms)));
    await clock.run(start + 600);
    expect(woken).toEqual([20, 20, 300, 500]);
    expect(clock.at()).toBe(start + 600);
  });

  it("ends the run with the error of what was spawned", async () => {
    const clock = fleetClock(start);
    clock.spawn(() => clock.sleep(5).then(() => Promise.reject(new Error("lost"))));
    await expect(clock.run(start + 10)).rejects.toThrow("lost");
  });
});
