import { describe, expect, it } from "vitest";
import { nextPlace, nobodyWaits, queueKey } from "../../../core/queue.ts";

const orders = { key: "orders#account", capacity: 300, refillSeconds: 36 };
const now = new Date("2026-11-22T12:00:00Z");
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1_000);

describe("the queue for a bucket's tokens", () => {
  it("lets two ask for each token that comes back, one after the other, from the first token on", () => {
    const first = nextPlace(orders, undefined, inSeconds(36), now);
    const second = nextPlace(orders, first.row, inSeconds(36), now);
    const third = nextPlace(orders, second.row, inSeconds(36), now);
    expect([first.at, second.at, third.at]).toEqual([inSeconds(36), inSeconds(54), inSeconds(72)]);
  });

  it("begins anew when its end has passed", () => {
    const row = { key: queueKey(orders), version: 7, tokens: 0, at: inSeconds(-3_600).getTime() };
    expect(nextPlace(orders, row, inSeconds(20), now).at).toEqual(inSeconds(20));
  });

  it("is never longer than three days: then all ask again", () => {
    let row = nextPlace(orders, undefined, inSeconds(36), now).row;
    for (let index = 0; index < 20_000; index += 1) row = nextPlace(orders, row, inSeconds(36), now).row;
    expect(nextPlace(orders, row, inSeconds(36), now).at).toEqual(inSeconds(3 * 86_400));
  });

  it("keeps the version that the next write is conditional on", () => {
    const row = { key: queueKey(orders), version: 7, tokens: 0, at: now.getTime() };
    expect(nextPlace(orders, row, now, now).row).toMatchObject({ key: "queue#orders#account", version: 7 });
  });

  it("ends when the bucket is full: who waited is gone", () => {
    const row = { key: queueKey(orders), version: 3, tokens: 0, at: inSeconds(86_400).getTime() };
    expect(nobodyWaits(orders, row, now)).toEqual({ ...row, at: now.getTime() });
    expect(nobodyWaits(orders, undefined, now)).toBeUndefined();
    expect(nobodyWaits(orders, { ...row, at: now.getTime() - 1 }, now)).toBeUndefined();
  });
});
