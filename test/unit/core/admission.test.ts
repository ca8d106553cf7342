import { describe, expect, it } from "vitest";
import { admit, bucketsOf, type Candidate } from "../../../core/admission.ts";
import type { RateLimits } from "../../../core/limits.ts";
import type { Needs } from "../../../core/needs.ts";
import type { BucketRow } from "../../../core/rows.ts";

const now = new Date("2026-11-22T12:00:00Z");
const off: RateLimits = { executions: "off", ordersInFlight: "off" };
const none: Needs = { orders: [], domains: [], sets: [] };
const bucket = (key: string, capacity: number, refillSeconds = 60) => ({ key, capacity, refillSeconds });

function candidate(id: string, more: Partial<Candidate> = {}): Candidate {
  return { id, lane: "new", names: 1, needs: none, resumed: false, alone: false, ...more };
}

function many(count: number, more: Partial<Candidate> = {}): Candidate[] {
  return Array.from({ length: count }, (_, index) => candidate(`${more.lane ?? "new"}${index}`, more));
}

function admitted(candidates: Candidate[], limits: RateLimits = off, rows: BucketRow[] = []) {
  const read = new Map(rows.map((row) => [row.key, row]));
  const admission = admit(candidates, { id: "le", limits }, read, now);
  return { ...admission, sizes: admission.batches.map((batch) => batch.length), ids: idsOf(admission.batches) };
}

const idsOf = (batches: Candidate[][]) => batches.map((batch) => batch.map(({ id }) => id));

describe("a batch", () => {
  it.each([
    ["holds 50 certificates", many(50), [50]],
    ["does not hold 51", many(51), [50, 1]],
    ["is filled before the next begins", many(120), [50, 50, 20]],
    ["holds 300 names", many(3, { names: 100 }), [3]],
    ["does not hold 301", [...many(3, { names: 100 }), candidate("one")], [3, 1]],
    ["holds a certificate of more than 300 names alone", [candidate("a", { names: 301 }), candidate("b")], [1, 1]],
    ["holds five slow keys", many(5, { rsaBits: 4_096 }), [5]],
    ["does not hold six", many(6, { rsaBits: 3_072 }), [5, 1]],
    ["holds any number of RSA 2048", many(50, { rsaBits: 2_048 }), [50]],
    ["holds slow keys among others", [...many(5, { rsaBits: 3_072 }), ...many(45)], [50]],
  ])("%s", (_sentence, candidates, sizes) => {
    expect(admitted(candidates).sizes).toEqual(sizes);
  });

  it.each([
    ["RSA 8192", { rsaBits: 8_192 }],
    ["RSA 4097", { rsaBits: 4_097 }],
    ["an attempt whose last execution died", { alone: true }],
  ])("is of one for %s, and the others still share theirs", (_what, more) => {
    const candidates = [candidate("a"), candidate("big", more), candidate("b"), candidate("big2", more)];
    expect(admitted(candidates).ids.sort()).toEqual([["a", "b"], ["big"], ["big2"]].sort());
  });

  it("of one is not where RSA 4096 has to be", () => {
    expect(admitted([candidate("a"), candidate("b", { rsaBits: 4_096 })]).sizes).toEqual([2]);
  });

  it("may hold both lanes, renewals first", () => {
    expect(admitted([candidate("n"), candidate("r", { lane: "renew" })]).ids).toEqual([["r", "n"]]);
  });

  it("takes the renewal that ends first, first", () => {
    const renewals = [9, 3, 7].map((endsAt) => candidate(`r${endsAt}`, { lane: "renew", endsAt }));
    expect(admitted([candidate("n"), ...renewals]).ids).toEqual([["r3", "r7", "r9", "n"]]);
  });

  it("is none when nobody asks", () => {
    expect(admitted([])).toMatchObject({ batches: [], rows: [], rest: [] });
  });
});

describe("a token of the issuer's executions", () => {
  const limits: RateLimits = { executions: { capacity: 20, refillSeconds: 3 }, ordersInFlight: "off" };

  it("is taken for each batch, not for each certificate", () => {
    const { rows, sizes } = admitted(many(100, { lane: "renew" }), limits);
    expect(sizes).toEqual([50, 50]);
    expect(rows).toEqual([{ key: "executions#le", version: 0, tokens: 18, at: now.getTime() }]);
  });

  it("is there for 20 renewals that go alone", () => {
    const { sizes, later } = admitted(many(25, { lane: "renew", alone: true }), limits);
    expect([sizes.length, later.size]).toEqual([20, 5]);
    expect([...later.values()]).toContainEqual({ at: new Date(now.getTime() + 3_000), bucket: "executions#le" });
  });

  it("is there for 16 first issuances that go alone: the others are for renewals", () => {
    const { sizes, later } = admitted(many(25, { alone: true }), limits);
    expect([sizes.length, later.size]).toEqual([16, 9]);
  });

  it("is taken by a resumed attempt too, and nothing else", () => {
    const needs: Needs = { orders: [bucket("orders#a", 5)], domains: [], sets: [bucket("set#a", 5)] };
    const { rows } = admitted([candidate("a", { resumed: true, needs })], {
      ...limits,
      ordersInFlight: { capacity: 5, refillSeconds: 10 },
    });
    expect(rows.map(({ key }) => key)).toEqual(["executions#le"]);
  });

  it("that is missing does not keep out who still fits into an open batch", () => {
    const empty = [{ key: "executions#le", version: 4, tokens: 1, at: now.getTime() }];
    const candidates = [
      candidate("first", { lane: "renew", names: 250 }),
      candidate("wide", { lane: "renew", names: 100 }),
      candidate("small", { lane: "renew", names: 50 }),
    ];
    const { ids, later } = admitted(candidates, limits, empty);
    expect(ids).toEqual([["first", "small"]]);
    expect([...later.keys()]).toEqual(["wide"]);
  });
});

describe("the tokens of a CA", () => {
  const orders = bucket("orders#a", 10, 60);
  const needs: Needs = { ...none, orders: [orders] };

  it("go to renewals first, wherever they stand in the list", () => {
    const candidates = [...many(20, { needs }), ...many(10, { lane: "renew", needs })];
    const { ids, later } = admitted(candidates);
    expect(ids.flat().every((id) => id.startsWith("renew"))).toBe(true);
    expect(ids.flat()).toHaveLength(10);
    expect(later.size).toBe(20);
  });

  it("go to first issuances up to 80 per cent, and to the last one for renewals", () => {
    const first = admitted(many(20, { needs }));
    expect(first.ids.flat()).toHaveLength(8);
    const second = admitted(many(20, { lane: "renew", needs }), off, first.rows);
    expect(second.ids.flat()).toHaveLength(2);
  });

  it("are never starved by first issuances: a renewal finds one right after 100 of them asked", () => {
    const { rows } = admitted(many(100, { needs }));
    expect(admitted([candidate("r", { lane: "renew", needs })], off, rows).ids).toEqual([["r"]]);
  });

  it("are named with the instant for who has to wait: a first issuance until there is one above the reserve", () => {
    const row = { key: orders.key, version: 3, tokens: 0, at: now.getTime() };
    const { later } = admitted([candidate("r", { lane: "renew", needs }), candidate("n", { needs })], off, [row]);
    expect(later.get("r")).toEqual({ at: new Date(now.getTime() + 60_000), bucket: orders.key });
    expect(later.get("n")).toEqual({ at: new Date(now.getTime() + 180_000), bucket: orders.key });
  });

  it("are all taken or none: who lacks one leaves the others to his neighbours", () => {
    const rows = [{ key: "set#x", version: 1, tokens: 0, at: now.getTime() }];
    const lacking = { ...needs, sets: [bucket("set#x", 5)] };
    const {
      ids,
      later,
      rows: written,
    } = admitted([candidate("x", { needs: lacking }), candidate("y", { needs })], off, rows);
    expect(ids).toEqual([["y"]]);
    expect(later.get("x")?.bucket).toBe("set#x");
    expect(written).toEqual([{ key: orders.key, version: 0, tokens: 9, at: now.getTime() }]);
  });

  it("that come last name the instant when several are missing", () => {
    const rows = ["set#x", "orders#a"].map((key) => ({ key, version: 1, tokens: 0, at: now.getTime() }));
    const both = { ...needs, sets: [bucket("set#x", 5, 3_600)] };
    const { later } = admitted([candidate("x", { lane: "renew", needs: both })], off, rows);
    expect(later.get("x")).toEqual({ at: new Date(now.getTime() + 3_600_000), bucket: "set#x" });
  });

  it("are written on the version that was read", () => {
    const rows = [{ key: orders.key, version: 41, tokens: 5, at: now.getTime() - 60_000 }];
    expect(admitted(many(2, { needs }), off, rows).rows).toEqual([
      { key: orders.key, version: 41, tokens: 4, at: now.getTime() },
    ]);
  });

  it("of attempts under way are taken once for each", () => {
    const limits: RateLimits = { executions: "off", ordersInFlight: { capacity: 5, refillSeconds: 10 } };
    const { ids, later } = admitted(many(9), limits);
    expect([ids.flat().length, later.size]).toEqual([4, 5]);
  });

  it("give a bucket of one to a first issuance: otherwise it would wait for ever", () => {
    const limits: RateLimits = { executions: "off", ordersInFlight: { capacity: 1, refillSeconds: 10 } };
    expect(admitted(many(2), limits).ids.flat()).toHaveLength(1);
  });
});

describe("one transaction", () => {
  const domains = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => bucket(`domain#${from + index}`, 50));

  it("holds 100 rows: who does not fit asks again", () => {
    const candidates = Array.from({ length: 150 }, (_, index) =>
      candidate(`c${index}`, { needs: { ...none, domains: domains(index, 1) } }),
    );
    const { rows, rest, ids } = admitted(candidates);
    expect([rows.length, ids.flat().length, rest.length]).toEqual([100, 100, 50]);
  });

  it("lets in who touches nothing new although it is full", () => {
    const full = Array.from({ length: 101 }, (_, index) =>
      candidate(`c${index}`, { needs: { ...none, domains: domains(index, 1) } }),
    );
    const { rest, ids } = admitted([...full, candidate("again", { needs: { ...none, domains: domains(0, 1) } })]);
    expect(rest.map(({ id }) => id)).toEqual(["c100"]);
    expect(ids.flat()).toContain("again");
  });

  it("is enough for a certificate of 100 names in 100 registered domains, which Let's Encrypt allows", () => {
    const needs: Needs = { orders: [bucket("orders#a", 300)], domains: domains(0, 100), sets: [bucket("set#a", 5)] };
    const limits: RateLimits = {
      executions: { capacity: 20, refillSeconds: 3 },
      ordersInFlight: { capacity: 1_000, refillSeconds: 10 },
    };
    const { ids, rest, rows } = admitted([candidate("wide", { names: 100, needs })], limits);
    expect(rest).toEqual([]);
    expect(ids).toEqual([["wide"]]);
    expect(rows).toHaveLength(100);
    expect(rows.map(({ key }) => key)).toEqual(expect.arrayContaining(["executions#le", "inFlight#le", "orders#a"]));
  });
});

describe("who finds no order token", () => {
  const orders = { key: "orders#a", capacity: 5, refillSeconds: 36 };
  const needs = { orders: [orders], domains: [], sets: [] };
  const limits = { executions: "off", ordersInFlight: "off" } as const;

  it("asks again in turn, two for each token, and not all for the next one", () => {
    const { batches, later, rows } = admit(many(10, { needs }), { id: "le", limits }, new Map(), now);
    expect(batches.flat()).toHaveLength(4);
    const seconds = [...later.values()].map(({ at }) => (at.getTime() - now.getTime()) / 1_000);
    expect(seconds).toEqual([36, 54, 72, 90, 108, 126]);
    expect(rows.map(({ key }) => key)).toEqual(["orders#a", "queue#orders#a"]);
  });

  it("asks for the very next token when it is a renewal", () => {
    const read = new Map([["orders#a", { key: "orders#a", version: 1, tokens: 0, at: now.getTime() }]]);
    const { later } = admit(many(3, { needs, lane: "renew" }), { id: "le", limits }, read, now);
    expect([...later.values()].map(({ at }) => at.getTime() - now.getTime())).toEqual([36_000, 36_000, 36_000]);
  });
});

describe("the buckets to read", () => {
  it("are those of all candidates and the issuer's own, each once", () => {
    const needs: Needs = {
      orders: [bucket("orders#a", 5)],
      domains: [bucket("domain#a", 5)],
      sets: [bucket("set#a", 5)],
    };
    const limits: RateLimits = {
      executions: { capacity: 1, refillSeconds: 1 },
      ordersInFlight: { capacity: 1, refillSeconds: 1 },
    };
    expect(bucketsOf(many(3, { needs }), { id: "le", limits }).sort()).toEqual([
      "domain#a",
      "executions#le",
      "inFlight#le",
      "orders#a",
      "queue#orders#a",
      "set#a",
    ]);
  });
});
