import { describe, expect, it } from "vitest";
import { firstCrlLook, wasNotRead, wasRead } from "../../../core/crl-look.ts";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";

const now = new Date("2026-11-22T12:03:00Z");
const [minute, hour] = [60_000, 3_600_000];
const msUntil = (look: { nextCheckAt: number }) => look.nextCheckAt - now.getTime();

describe("the next reading of a revocation list", () => {
  it.each([
    ["is a day later", 0.5, 24 * hour - 3 * minute],
    ["or a tenth earlier", 0, 21.6 * hour - 9 * minute],
    ["or a tenth later", 1, 26.4 * hour - 7 * minute],
  ])("%s, on a tenth minute", (_sentence, fraction, expected) => {
    expect(msUntil(wasRead(now, fraction))).toBe(expected);
    expect(wasRead(now, fraction).nextCheckAt % (10 * minute)).toBe(0);
  });

  const away = new UnavailableError({ reason: "ListUnavailable", message: "away" });
  const wrong = new RefusedError({ reason: "ListNotUsable", message: "wrong" });

  it.each([
    ["is soon when the list is away", 0, away, minute],
    ["is in six hours when it stays away", 9, away, 6 * hour],
    ["is a day later when it cannot be used", 9, wrong, 24 * hour - 3 * minute],
    ["is a day later after a bug", 0, new TypeError("x"), 24 * hour - 3 * minute],
  ])("%s", (_sentence, failures, error, expected) => {
    const look = wasNotRead({ nextCheckAt: 0, failures }, error, "x", now, 0.5);
    expect(msUntil(look)).toBe(expected);
    expect(look).toMatchObject({ failures: failures + 1, checkedAt: now.getTime(), lastError: "x" });
  });

  it("keeps one short line of what was wrong, and forgets it with the next list", () => {
    expect(wasNotRead({ nextCheckAt: 0 }, wrong, `a\n${"b".repeat(500)}`, now, 0.5).lastError).toMatch(/^a b{158}$/);
    expect(Object.keys(wasRead(now, 0.5)).sort()).toEqual(["checkedAt", "nextCheckAt"]);
  });

  it("needs a certificate", () => {
    const world = { clock: { now: () => now }, chance: { fraction: () => 0.5, uuid: () => "" } };
    expect(() => firstCrlLook(world, "nothing")).toThrow("no readable certificate");
  });
});
