import { describe, expect, it } from "vitest";
import type { Candidate } from "../../../core/admission.ts";
import { giveBack, overrule, takeTokens } from "../../../core/ledger.ts";
import type { RateLimits } from "../../../core/limits.ts";
import type { Needs } from "../../../core/needs.ts";
import type { Saved, State } from "../../../core/ports.ts";
import { type Bucket, tokensIn } from "../../../core/rate-limit.ts";
import type { BucketRow } from "../../../core/rows.ts";
import { memoryState } from "../../support/memory-state.ts";

const now = new Date("2026-11-22T12:00:00Z");
const off: RateLimits = { executions: "off", ordersInFlight: "off" };
const bucket = (key: string, capacity = 10): Bucket => ({ key, capacity, refillSeconds: 60 });
const orders = bucket("orders#a");

function candidate(id: string, needs: Partial<Needs> = { orders: [orders] }): Candidate {
  const all: Needs = { orders: [], domains: [], sets: [], ...needs };
  return { id, lane: "renew", names: 1, needs: all, resumed: false, alone: false };
}

const many = (count: number, prefix = "c") =>
  Array.from({ length: count }, (_, index) => candidate(`${prefix}${index}`));
const take = (state: State, candidates: Candidate[], limits = off) =>
  takeTokens(state, candidates, { id: "le", limits }, now);

async function tokensOf(state: State, one: Bucket): Promise<number> {
  return tokensIn(one, (await state.buckets([one.key])).get(one.key), now);
}

async function seed(state: State, ...rows: [Bucket, number][]): Promise<void> {
  await state.putBuckets(rows.map(([{ key }, tokens]) => ({ key, version: 0, tokens, at: now.getTime() })));
}

/** A State whose bucket writes lose the first so many races. */
function contended(losses: number): State & { puts: BucketRow[][] } {
  const state = memoryState();
  const puts: BucketRow[][] = [];
  const putBuckets = async (rows: BucketRow[]): Promise<Saved> => {
    puts.push(rows);
    return puts.length <= losses ? "conflict" : state.putBuckets(rows);
  };
  return { ...state, puts, putBuckets };
}

describe("taking tokens", () => {
  it("writes what it gave", async () => {
    const state = memoryState();
    const { batches, later } = await take(state, many(3));
    expect([batches.flat().length, later.size]).toEqual([3, 0]);
    expect(await tokensOf(state, orders)).toBe(7);
  });

  it("gives as many as there are, and the others an instant", async () => {
    const state = memoryState();
    const { batches, later } = await take(state, many(13));
    expect(batches.flat()).toHaveLength(10);
    expect([...later.values()]).toEqual(Array(3).fill({ at: new Date(now.getTime() + 60_000), bucket: "orders#a" }));
    expect(await tokensOf(state, orders)).toBe(0);
  });

  it("writes nothing when nothing is limited", async () => {
    const state = contended(0);
    expect((await take(state, [candidate("a", {})])).batches).toHaveLength(1);
    expect(state.puts).toEqual([]);
  });

  it("writes nothing when nobody gets one", async () => {
    const state = contended(0);
    await seed(state, [orders, 0]);
    await take(state, many(3));
    expect(state.puts).toHaveLength(1);
  });

  it.each([1, 5])("goes on after %i lost races with what is there then", async (losses) => {
    const state = contended(losses);
    const { batches, later } = await take(state, many(3));
    expect([batches.flat().length, later.size]).toEqual([3, 0]);
    expect(await tokensOf(state, orders)).toBe(7);
  });

  it("gives up after six lost races: everybody comes back in ten seconds, nobody starts without a token", async () => {
    const state = contended(99);
    const { batches, later } = await take(state, many(3));
    expect(batches).toEqual([]);
    expect([...later]).toHaveLength(3);
    expect(later.get("c0")).toEqual({ at: new Date(now.getTime() + 10_000), bucket: "contended" });
    expect(state.puts).toHaveLength(6);
  });

  it("of two at once gives no token twice", async () => {
    const state = memoryState();
    const takers = await Promise.all(["a", "b", "c", "d"].map((prefix) => take(state, many(4, prefix))));
    expect(takers.flatMap(({ batches }) => batches.flat())).toHaveLength(10);
    expect(await tokensOf(state, orders)).toBe(0);
  });

  it("takes several transactions when one does not hold them all", async () => {
    const state = contended(0);
    const wide = Array.from({ length: 250 }, (_, index) =>
      candidate(`c${index}`, { domains: [bucket(`domain#${index}`)] }),
    );
    const { batches, later } = await take(state, wide);
    expect([batches.flat().length, later.size]).toEqual([250, 0]);
    expect(state.puts.map((rows) => rows.length)).toEqual([100, 100, 50]);
  });

  it("keeps what earlier transactions gave when a later one loses every race", async () => {
    const state = memoryState();
    let puts = 0;
    const putBuckets = async (rows: BucketRow[]): Promise<Saved> => {
      puts += 1;
      return puts === 1 ? state.putBuckets(rows) : "conflict";
    };
    const wide = Array.from({ length: 150 }, (_, index) =>
      candidate(`c${index}`, { domains: [bucket(`domain#${index}`)] }),
    );
    const { batches, later } = await take({ ...state, putBuckets }, wide);
    expect([batches.flat().length, later.size]).toEqual([100, 50]);
    expect(new Set([...later.values()].map((when) => when.bucket))).toEqual(new Set(["contended"]));
  });

  it("reaches a certificate of 100 names in 100 registered domains", async () => {
    const domains = Array.from({ length: 100 }, (_, index) => bucket(`domain#${index}`));
    const limits: RateLimits = {
      executions: { capacity: 20, refillSeconds: 3 },
      ordersInFlight: { capacity: 99, refillSeconds: 10 },
    };
    const wide = candidate("wide", { orders: [orders], domains, sets: [bucket("set#a")] });
    const { batches } = await take(memoryState(), [wide], limits);
    expect(batches.flat().map(({ id }) => id)).toEqual(["wide"]);
  });
});

describe("giving back", () => {
  it("returns one token to each bucket", async () => {
    const state = memoryState();
    const [set, domain] = [bucket("set#a"), bucket("domain#a")];
    await seed(state, [set, 3], [domain, 5]);
    await giveBack(state, [set, domain], now);
    expect([await tokensOf(state, set), await tokensOf(state, domain)]).toEqual([4, 6]);
  });

  it("returns as many as a bucket is named", async () => {
    const state = memoryState();
    await seed(state, [orders, 3]);
    await giveBack(state, [orders, orders, orders], now);
    expect(await tokensOf(state, orders)).toBe(6);
  });

  it("never fills a bucket above its capacity", async () => {
    const state = memoryState();
    await seed(state, [orders, 9.5]);
    await giveBack(state, [orders, orders], now);
    expect(await tokensOf(state, orders)).toBe(10);
  });

  it("writes nothing for a bucket that nobody took from, and nothing for none", async () => {
    const state = contended(0);
    await giveBack(state, [orders], now);
    await giveBack(state, [], now);
    expect(state.puts).toEqual([]);
  });

  it("writes at most 100 rows at once", async () => {
    const state = contended(0);
    const buckets = Array.from({ length: 130 }, (_, index) => bucket(`set#${index}`));
    await seed(state, ...buckets.slice(0, 100).map((one) => [one, 1] as [Bucket, number]));
    await seed(state, ...buckets.slice(100).map((one) => [one, 1] as [Bucket, number]));
    state.puts.length = 0;
    await giveBack(state, buckets, now);
    expect(state.puts.map((rows) => rows.length)).toEqual([100, 30]);
    expect(await tokensOf(state, bucket("set#129"))).toBe(2);
  });

  it("survives a lost race", async () => {
    const state = memoryState();
    await seed(state, [orders, 3]);
    const racing = contendedOnce(state);
    await giveBack(racing, [orders], now);
    expect(await tokensOf(state, orders)).toBe(4);
  });

  it("loses no token of ten executions that end at once", async () => {
    const state = memoryState();
    const inFlight = bucket("inFlight#le", 1_000);
    const sets = Array.from({ length: 10 }, (_, index) => bucket(`set#${index}`, 5));
    await seed(state, [inFlight, 500], ...sets.map((set) => [set, 1] as [Bucket, number]));
    await Promise.all(sets.map((set) => giveBack(state, [set, inFlight], now)));
    const left = await Promise.all(sets.map((set) => tokensOf(state, set)));
    expect(left).toEqual(Array(10).fill(2));
  });
});

describe("a CA's 429", () => {
  it("empties the bucket until the instant it named, also one that nobody touched", async () => {
    const state = memoryState();
    await overrule(state, [orders], new Date(now.getTime() + 3_600_000), now);
    const { batches, later } = await take(state, many(1));
    expect(batches).toEqual([]);
    expect(later.get("c0")?.at.getTime()).toBeCloseTo(now.getTime() + 3_600_000, -1);
  });

  it("survives a lost race", async () => {
    const state = memoryState();
    await seed(state, [orders, 8]);
    await overrule(contendedOnce(state), [orders], new Date(now.getTime() + 3_600_000), now);
    expect(await tokensOf(state, orders)).toBeLessThan(1);
  });
});

/** Loses the first race on a State that has rows already. */
function contendedOnce(state: State): State {
  let lost = false;
  const putBuckets = async (rows: BucketRow[]): Promise<Saved> => {
    if (lost) return state.putBuckets(rows);
    lost = true;
    return "conflict";
  };
  return { ...state, putBuckets };
}
