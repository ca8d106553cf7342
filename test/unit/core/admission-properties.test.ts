import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admit, batchLimits } from "../../../core/admission.ts";
import type { RateLimits } from "../../../core/limits.ts";
import type { Needs } from "../../../core/needs.ts";
import { tokensIn } from "../../../core/rate-limit.ts";

const now = new Date("2026-11-22T12:00:00Z");
const none: Needs = { orders: [], domains: [], sets: [] };
const bucket = (key: string, capacity: number) => ({ key, capacity, refillSeconds: 60 });

describe("whatever asks, an admission", () => {
  const pool = ["orders#1", "orders#2", "set#1", "set#2", "domain#1"].map((key) => bucket(key, 10));
  const anyCandidate = fc.record({
    lane: fc.constantFrom("new" as const, "renew" as const),
    names: fc.integer({ min: 1, max: 120 }),
    rsaBits: fc.constantFrom(undefined, 2_048, 3_072, 4_096, 8_192),
    needs: fc.subarray(pool).map((orders) => ({ ...none, orders })),
    resumed: fc.boolean(),
    alone: fc.boolean(),
  });
  const anyRows = fc.array(fc.tuple(fc.constantFrom(...pool), fc.double({ min: -3, max: 10, noNaN: true })), {
    maxLength: 5,
  });
  const limits: RateLimits = {
    executions: { capacity: 20, refillSeconds: 3 },
    ordersInFlight: { capacity: 40, refillSeconds: 10 },
  };
  const worlds = fc.tuple(fc.array(anyCandidate, { maxLength: 90 }), anyRows).map(([list, rows]) => {
    const candidates = list.map((one, index) => ({ ...one, id: `c${index}` }));
    const read = new Map(rows.map(([{ key }, tokens]) => [key, { key, version: 1, tokens, at: now.getTime() }]));
    return { candidates, read };
  });

  it("answers for each candidate once and keeps every limit of a batch", () => {
    fc.assert(
      fc.property(worlds, ({ candidates, read }) => {
        const { batches, later, rest } = admit(candidates, { id: "le", limits }, read, now);
        const answered = [...batches.flat(), ...rest].map(({ id }) => id).concat([...later.keys()]);
        expect(answered.sort()).toEqual(candidates.map(({ id }) => id).sort());
        for (const batch of batches) {
          expect(batch.length).toBeLessThanOrEqual(batchLimits.certificates);
          expect(batch.reduce((sum, { names }) => sum + names, 0)).toBeLessThanOrEqual(batchLimits.names);
          expect(batch.filter(({ rsaBits }) => (rsaBits ?? 0) > 2_048).length).toBeLessThanOrEqual(
            batchLimits.slowKeys,
          );
          if (batch.some(({ alone, rsaBits }) => alone || (rsaBits ?? 0) > 4_096)) expect(batch).toHaveLength(1);
        }
      }),
    );
  });

  it("takes no token that is not there, and leaves a fifth to renewals", () => {
    fc.assert(
      fc.property(worlds, ({ candidates, read }) => {
        const onlyNew = candidates.map((one) => ({ ...one, lane: "new" as const }));
        for (const [list, least] of [
          [candidates, 0],
          [onlyNew, 2],
        ] as const) {
          for (const row of admit(list, { id: "le", limits }, read, now).rows) {
            const shape = pool.find(({ key }) => key === row.key);
            if (shape)
              expect(row.tokens).toBeGreaterThanOrEqual(Math.min(least, tokensIn(shape, read.get(row.key), now)));
          }
        }
      }),
    );
  });

  it("names an instant in the future for all that wait", () => {
    fc.assert(
      fc.property(worlds, ({ candidates, read }) => {
        for (const { at } of admit(candidates, { id: "le", limits }, read, now).later.values()) {
          expect(at.getTime()).toBeGreaterThan(now.getTime());
        }
      }),
    );
  });
});
