import { describe, expect, it } from "vitest";
import { certificateSpec } from "../../support/specs.ts";
import { day, everyMinute, hour, inDays, minute, openWorld, slack, start } from "./suggesting-ca.ts";

describe("a window that the CA suggests", () => {
  it("before our own time is followed, at the instant chosen in it", async () => {
    const world = await openWorld(inDays(20, 22));
    await world.pass(2 * hour);
    const { ari, dueAt, lane } = await world.row();
    expect(ari?.window?.chosenAt).toBeGreaterThanOrEqual(start.getTime() + 20 * day);
    expect({ dueAt, lane }).toEqual({ dueAt: ari?.nextCheckAt, lane: "new" });
    const renewed = await world.renewed();
    expect(renewed - (ari?.window?.chosenAt ?? 0)).toBeGreaterThanOrEqual(0);
    expect(renewed - (ari?.window?.chosenAt ?? 0)).toBeLessThan(slack);
  });

  it("after our own time is followed, too", async () => {
    const world = await openWorld(inDays(65, 66));
    expect(world.first.renewalTime).toBeLessThan(start.getTime() + 60 * day);
    const renewed = await world.renewed();
    expect(renewed).toBeGreaterThanOrEqual(start.getTime() + 65 * day);
    expect(renewed).toBeLessThan(start.getTime() + 66 * day + slack);
  });

  it.each([
    ["beyond the end of the certificate", 100, 110],
    ["shortly before its end", 88, 89],
  ])("%s is not waited for: a sixth of the lifetime is left at the renewal", async (_sentence, from, to) => {
    const world = await openWorld(inDays(from, to));
    const left = world.first.notAfter - (await world.renewed());
    expect(Math.abs(left - (world.first.notAfter - world.first.notBefore) / 6)).toBeLessThan(slack);
  });

  it("later than spec.renewBefore allows is not waited for", async () => {
    const world = await openWorld(inDays(85, 86));
    await world.p.apply("web/www", { ...certificateSpec("www"), renewBefore: "720h" });
    await world.pass(minute);
    const left = world.first.notAfter - (await world.renewed());
    expect(left).toBeGreaterThanOrEqual(30 * day - slack);
  });

  it("in the past is followed at once, once, and the order names what it replaces", async () => {
    const replaced: unknown[] = [];
    const ids = new Set<string>();
    const world = await openWorld((certId, now) => {
      ids.add(certId);
      return ids.size === 1 ? { from: now - 2 * day, to: now - day } : { from: now + 50 * day, to: now + 51 * day };
    }, everyMinute);
    const { newOrder } = world.p.ca;
    world.p.ca.newOrder = (account, request) => {
      replaced.push(request.replaces);
      return newOrder(account, request);
    };
    const renewed = await world.renewed();
    expect(renewed - start.getTime()).toBeLessThan(15 * minute);
    expect(replaced).toEqual([...ids]);
    await world.pass(10 * day);
    expect((await world.row()).revision).toBe(2);
    expect(ids.size).toBe(2);
    const [attempt] = await world.p.state.attemptsOf({ namespace: "web", kind: "Certificate", name: "www" });
    expect(attempt?.reason).toBe("Renewing");
  });

  it("in the past for every certificate is fenced: three issuances within a third of the lifetime", async () => {
    const world = await openWorld((_id, now) => ({ from: now - 2 * day, to: now - day }));
    await world.pass(29 * day);
    expect((await world.row()).revision).toBe(3);
    expect((await world.row()).issuing?.reason).toBe("RunawayFence");
  });

  it("that moves away at each question postpones the renewal to the latest instant and no further", async () => {
    const world = await openWorld((_id, now) => ({ from: now + 10 * day, to: now + 11 * day }));
    const left = world.first.notAfter - (await world.renewed());
    expect(left).toBeGreaterThan(14 * day);
    expect((await world.row()).revision).toBe(2);
  });

  it("that jumps to and fro is no renewal at each question", async () => {
    const world = await openWorld((_id, now, asked) => {
      const days = asked % 2 === 0 ? 40 : 20;
      return { from: now + days * day, to: now + days * day + hour };
    });
    await world.pass(14 * day);
    expect((await world.row()).revision).toBe(1);
    expect(world.asked()).toBeGreaterThan(40);
  });

  it("is told when it comes earlier or is explained, and only then", async () => {
    const explanationUrl = "https://ca.test/incident";
    const world = await openWorld((_id, _now, asked) => {
      const days = asked < 3 ? 50 : 30;
      return { ...inDays(days, days + 1)(), ...(asked > 4 ? { explanationUrl } : {}) };
    });
    await world.pass(3 * day);
    const told = (await world.events()).filter(({ reason }) => reason === "RenewalSuggested");
    expect(told.map(({ message }) => message)).toEqual([
      "the CA suggests renewal between 2026-12-22T12:00:00Z and 2026-12-23T12:00:00Z",
      `the CA suggests renewal between 2026-12-22T12:00:00Z and 2026-12-23T12:00:00Z, see ${explanationUrl}`,
    ]);
    await world.p.time.runUntilTrue(async () => (await world.row()).issuing?.status === "True", 100 * day);
    expect((await world.row()).issuing?.message).toMatch(
      /^renewing certificate as renewal was suggested by the CA \(ARI\) for 2026-12-2\S+, see https:\/\/ca\.test\/incident$/,
    );
  });
});
