import { describe, expect, it } from "vitest";
import { CaProblem } from "../../support/acme-ca-state.ts";
import { certificateSpec } from "../../support/specs.ts";
import { day, everyMinute, hour, inDays, minute, openWorld, slack, start } from "./suggesting-ca.ts";

describe("the CA", () => {
  it("is asked when it said so, until the renewal", async () => {
    const world = await openWorld(() => ({ ...inDays(60, 61)(), retryAfter: 12 * hour }));
    await world.pass(10 * day);
    expect(world.asked()).toBeGreaterThanOrEqual(19);
    expect(world.asked()).toBeLessThanOrEqual(22);
  });

  it.each([
    ["that knows no such certificate", () => new CaProblem(404, "malformed", "no such certificate"), 42],
    ["that is away", () => new CaProblem(503, "serverInternal", "down"), 46],
    [
      "that is asked too often",
      () => new CaProblem(429, "rateLimited", "slow down", { retryAfterSeconds: 7_200 }),
      120,
    ],
  ])("%s hinders no renewal, is told once, and is not asked more than it should be", async (_sentence, fault, most) => {
    const world = await openWorld(() => {
      throw fault();
    });
    await world.pass(10 * day);
    expect(world.asked()).toBeLessThanOrEqual(most);
    expect(world.asked()).toBeGreaterThan(most / 2);
    const told = (await world.events()).filter(({ reason }) => reason === "ARIError");
    expect(told.length).toBe(1);
    expect((await world.row()).ready.status).toBe("True");
    const renewed = await world.renewed();
    expect(Math.abs(renewed - (world.first.renewalTime ?? 0))).toBeLessThan(slack);
  });

  it("that answers nonsense for a while changes nothing of what it said before, and is heard again", async () => {
    const world = await openWorld((_id, now, asked) => {
      if (asked > 2 && asked < 6) throw new TypeError("nonsense");
      return asked < 6 ? inDays(30, 31)() : { from: now + 2 * day, to: now + 3 * day };
    });
    await world.pass(13 * hour);
    const before = (await world.row()).ari?.window;
    await world.pass(5 * hour);
    expect((await world.row()).ari).toMatchObject({
      window: before,
      lastError: expect.stringContaining("InternalError"),
    });
    await world.pass(18 * hour);
    const { ari } = await world.row();
    expect(ari?.window?.start).toBeLessThan(before?.start ?? 0);
    expect(ari).not.toHaveProperty("lastError");
  });

  it("of an issuer that says None is not asked", async () => {
    const world = await openWorld(inDays(20, 21), { issuer: { renewalInformationSource: "None" } });
    await world.pass(day);
    expect(world.asked()).toBe(0);
    expect(await world.row()).toMatchObject({ dueAt: world.first.renewalTime, lane: "renew" });
    expect(await world.row()).not.toHaveProperty("ari");
  });

  it("is not asked any more when the issuer says None from now on", async () => {
    const world = await openWorld(inDays(20, 21));
    await world.pass(day);
    const asked = world.asked();
    await world.p.issuer("ca", { renewalInformationSource: "None" });
    await world.pass(2 * day);
    expect(world.asked()).toBe(asked);
    expect(await world.row()).toMatchObject({ dueAt: world.first.renewalTime, lane: "renew" });
  });

  it("is asked about what was issued before it could be, from the next resync on", async () => {
    const world = await openWorld(inDays(20, 21), { ...everyMinute, issuer: { renewalInformationSource: "None" } });
    await world.p.issuer("ca");
    await world.pass(minute);
    world.p.resync();
    await world.pass(15 * minute);
    expect(world.asked()).toBe(1);
    expect((await world.row()).ari?.window?.start).toBe(start.getTime() + 20 * day);
  });

  it("is not asked about a certificate that lives too short for it", async () => {
    const world = await openWorld(inDays(20, 21), { ...everyMinute, issuer: { profile: "two-minutes" } });
    await world.pass(10 * minute);
    expect(world.asked()).toBe(0);
    expect((await world.row()).revision).toBeGreaterThan(3);
  });
});

describe("a look", () => {
  it("whose function dies before it wrote is repeated by the next sweep, and neither moves nor loses anything", async () => {
    let deaths = 3;
    const world = await openWorld(inDays(20, 21), {
      ...everyMinute,
      around: async ({ name, deps }, run) => {
        if (name !== "check-certificates" || deaths === 0) return run(deps);
        deaths -= 1;
        const putCertificate = () => new Promise<never>(() => {});
        void run({ ...deps, state: { ...deps.state, putCertificate } });
      },
    });
    await world.pass(15 * minute);
    expect(world.asked()).toBe(4);
    expect((await world.row()).ari?.window?.start).toBe(start.getTime() + 20 * day);
  });

  it("that is never made, because its function is broken, holds up no renewal, and the status says so", async () => {
    const world = await openWorld(inDays(20, 21), {
      sweepSeconds: 900,
      around: async ({ name, deps }, run) => (name === "check-certificates" ? undefined : run(deps)),
    });
    await world.pass(day);
    expect((await world.row()).ari).toMatchObject({ failures: 4, lastError: expect.stringMatching(/^NotAsked: /) });
    const renewed = await world.renewed();
    expect(Math.abs(renewed - (world.first.renewalTime ?? 0))).toBeLessThan(8 * hour);
  });

  it("that two functions make at once has one outcome", async () => {
    const world = await openWorld(inDays(20, 21), {
      ...everyMinute,
      around: async ({ name, deps }, run) => {
        if (name !== "check-certificates") return run(deps);
        await Promise.all([run(deps), run(deps)]);
      },
    });
    await world.pass(12 * minute);
    const { ari, dueAt } = await world.row();
    expect(world.asked()).toBe(2);
    expect(dueAt).toBe(ari?.nextCheckAt);
    await world.pass(60 * minute);
    expect(world.asked()).toBe(2);
  });

  it("that answers after an edit was taken up leaves the edit alone", async () => {
    const world = await openWorld(inDays(20, 21), {
      ...everyMinute,
      around: async ({ name, deps }, run) => {
        if (name !== "check-certificates") return run(deps);
        const state = {
          ...deps.state,
          certificates: async (keys: Parameters<typeof deps.state.certificates>[0]) => {
            const rows = await deps.state.certificates(keys);
            const row = await deps.state.certificate({ namespace: "web", kind: "Certificate", name: "www" });
            const dueAt = start.getTime() + day;
            if (row) await deps.state.putCertificate({ ...row, dueAt, lane: "renew", specHash: "edited" });
            return rows;
          },
        };
        return run({ ...deps, state });
      },
    });
    await world.pass(12 * minute);
    expect(await world.row()).toMatchObject({ dueAt: start.getTime() + day, lane: "renew", specHash: "edited" });
  });

  it("is nothing that a certificate gets while it is renewed", async () => {
    const world = await openWorld(inDays(20, 21), everyMinute);
    await world.pass(12 * minute);
    world.p.ca.knobs.down = true;
    await world.p.apply("web/www", { ...certificateSpec("www"), dnsNames: ["other.example.test"] });
    await world.pass(minute);
    const asked = world.asked();
    await world.pass(day);
    expect(await world.row()).not.toHaveProperty("ari");
    expect(world.asked()).toBe(asked);
  });
});
