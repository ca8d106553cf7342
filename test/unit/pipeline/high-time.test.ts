import { describe, expect, it } from "vitest";
import { UnavailableError } from "../../../core/errors.ts";
import { certificateSpec } from "../../support/specs.ts";
import { day, hour, minute, openWorld } from "./listing-ca.ts";

describe("when the CA says that it is high time", () => {
  const past = (now: number) => ({ start: now - 2 * day, end: now - day });
  const open = async (spec: Record<string, unknown>) => {
    const world = await openWorld([], { issuer: {}, sweepSeconds: 60 });
    let passed = false;
    world.p.ca.knobs.suggest = () => {
      const now = world.p.time.now().getTime();
      return passed ? past(now) : { start: now + 50 * day, end: now + 51 * day };
    };
    await world.p.issuer("ca", { profile: "default" });
    await world.p.apply("web/www", certificateSpec("www", spec));
    await world.pass(20 * minute);
    return { ...world, hurry: () => (passed = true), calm: () => (passed = false) };
  };

  it("the list is read, once, and tells a revocation from a mere wish", async () => {
    const world = await open({});
    world.hurry();
    await world.pass(7 * hour);
    world.calm();
    expect(await world.reasons("www")).toContain("Renewing");
    expect(world.read.length).toBeGreaterThan(0);
    expect(world.read.length).toBeLessThanOrEqual(3);
  });

  it("a leaked key is not kept, though rotationPolicy says Never", async () => {
    const world = await open({ privateKey: { rotationPolicy: "Never" } });
    const before = await world.leaf("www");
    await world.revoke("www", 1);
    world.hurry();
    await world.p.time.runUntilTrue(async () => ((await world.row("www")).revision ?? 0) > 1, day);
    world.calm();
    expect((await world.leaf("www")).publicKeyHash).not.toBe(before.publicKeyHash);
    expect(await world.reasons("www")).toEqual(["KeyCompromised", "DoesNotExist"]);
  });

  it("a revoked certificate waits for no window of spec.renewal", async () => {
    const world = await open({ renewal: { windows: [{ cron: "0 3 1 1 *", windowDuration: "1h" }] } });
    world.hurry();
    await world.pass(7 * hour);
    expect(await world.reasons("www")).toEqual(["DoesNotExist"]);
    await world.revoke("www", 4);
    await world.pass(7 * hour);
    expect(await world.reasons("www")).toContain("Revoked");
  });

  it("a list that cannot be read holds up nothing", async () => {
    const world = await open({});
    world.answer.list = () => Promise.reject(new UnavailableError({ reason: "ListUnavailable", message: "away" }));
    world.hurry();
    await world.p.time.runUntilTrue(async () => ((await world.row("www")).revision ?? 0) > 1, day);
    world.calm();
    expect(await world.reasons("www")).toEqual(["Renewing", "DoesNotExist"]);
    expect((await world.events("www")).map(({ reason }) => reason)).toContain("CRLError");
    expect(await world.row("www")).not.toHaveProperty("crl");
  });
});
