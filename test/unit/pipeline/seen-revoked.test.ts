import { describe, expect, it } from "vitest";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import { certificateSpec } from "../../support/specs.ts";
import { day, hour, minute, none, openWorld, url } from "./listing-ca.ts";

describe("a certificate on the revocation list of its CA", () => {
  it("is replaced at once when that is seen, within a day, and the others are left alone", async () => {
    const world = await openWorld(["www", "api"]);
    const before = await world.leaf("www");
    await world.pass(2 * hour);
    await world.revoke("www", 4);
    await world.pass(25 * hour);
    expect((await world.leaf("www")).serial).not.toBe(before.serial);
    expect(await world.reasons("www")).toEqual(["Revoked", "DoesNotExist"]);
    expect(await world.row("www")).toMatchObject({ revision: 2, ready: { status: "True" } });
    expect(await world.row("api")).toMatchObject({ revision: 1, lane: "new" });
    const told = (await world.events("www")).find(({ reason }) => reason === "Revoked");
    expect(told).toMatchObject({ type: "Warning", message: expect.stringContaining(`(superseded): ${url} lists it`) });
  });

  it("has its replacement looked at in its turn, and is not replaced again", async () => {
    const world = await openWorld(["www"]);
    await world.revoke("www", 1);
    await world.pass(10 * day);
    expect((await world.row("www")).revision).toBe(2);
    expect(world.read.length).toBeGreaterThan(8);
  });

  it("without a reason is replaced, too", async () => {
    const world = await openWorld(["www"]);
    const serialNumber = (await world.leaf("www")).serial;
    world.p.ca.revoked.set(serialNumber, 0);
    await world.pass(26 * hour);
    expect(await world.reasons("www")).toEqual(["Revoked", "DoesNotExist"]);
  });

  it("for a leaked key gets another key though rotationPolicy says Never, and the CA is asked for nothing", async () => {
    const world = await openWorld(["www"], { spec: { privateKey: { rotationPolicy: "Never" } } });
    const before = await world.leaf("www");
    await world.revoke("www", 1);
    await world.pass(26 * hour);
    expect((await world.leaf("www")).publicKeyHash).not.toBe(before.publicKeyHash);
    expect(await world.reasons("www")).toEqual(["KeyCompromised", "DoesNotExist"]);
    expect(await world.p.state.blockedKey(before.publicKeyHash)).toMatchObject({ saidBy: "web/Certificate/www" });
    const [revocation] = await world.revocations("www");
    expect(revocation).toMatchObject({ reason: "keyCompromise", blocked: true, ended: "replaced" });
    expect(world.p.ca.calls.revokeCert).toBeUndefined();
  });

  it("for a leaked key takes along every Certificate that has it", async () => {
    const world = await openWorld(["www", "other"]);
    const { state } = world.p;
    const [leaked, theirs] = await Promise.all(
      ["www", "other"].map(async (name) => (await world.row(name)).issued?.attemptId ?? ""),
    );
    const csrs = state.csrs;
    const hash = (await world.leaf("www")).publicKeyHash;
    state.csrs = async (refs) => {
      const found = await csrs(refs);
      const own = found.get(theirs ?? "");
      if (own) found.set(theirs ?? "", { ...own, publicKeyHash: hash });
      return found;
    };
    await world.revoke("www", 1);
    await world.pass(26 * hour);
    expect(await world.reasons("www")).toEqual(["KeyCompromised", "DoesNotExist"]);
    expect(await world.reasons("other")).toEqual(["KeyCompromised", "DoesNotExist"]);
    expect((await world.revocations("www"))[0]).toMatchObject({
      ref: { attemptId: leaked },
      shared: ["web/Certificate/other"],
    });
  });

  it("is found by the sweep when the function dies before it could hand it on, and when it dies before it wrote", async () => {
    let deaths = 0;
    const world = await openWorld(["www", "api"], {
      around: async ({ name, deps }, run) => {
        if (name !== "check-certificates" || deaths === 2) return run(deps);
        deaths += 1;
        const dies = () => new Promise<never>(() => {});
        const at =
          deaths === 1
            ? { state: { ...deps.state, putCertificate: dies } }
            : { starter: { ...deps.starter, dispatch: dies } };
        void run({ ...deps, ...at });
      },
    });
    await world.revoke("www", 4);
    await world.pass(27 * hour);
    expect(deaths).toBe(2);
    expect(await world.reasons("www")).toEqual(["Revoked", "DoesNotExist"]);
    expect(await world.row("www")).toMatchObject({ revision: 2, ready: { status: "True" } });
  });

  it("keeps its key under rotationPolicy Never when that did not leak, and nothing is blocked", async () => {
    const world = await openWorld(["www"], { spec: { privateKey: { rotationPolicy: "Never" } } });
    const before = await world.leaf("www");
    await world.revoke("www", 4);
    await world.pass(26 * hour);
    expect(await world.leaf("www")).toMatchObject({ publicKeyHash: before.publicKeyHash });
    expect((await world.leaf("www")).serial).not.toBe(before.serial);
    expect(await world.p.state.blockedKey(before.publicKeyHash)).toBeUndefined();
  });

  it("is replaced though it is not renewed by itself", async () => {
    const world = await openWorld(["www"], { spec: { renewal: { policy: "Disabled" } } });
    expect((await world.row("www")).issued).not.toHaveProperty("renewalTime");
    await world.revoke("www", 5);
    await world.pass(26 * hour);
    expect((await world.row("www")).revision).toBe(2);
  });

  it("is fenced when the CA revokes all that it issues: three issuances within a third of the lifetime", async () => {
    const world = await openWorld(["www"]);
    world.answer.list = async () => {
      await world.revoke("www", 4);
      return world.p.ca.crl();
    };
    await world.pass(20 * day);
    expect((await world.row("www")).revision).toBe(3);
    expect((await world.row("www")).issuing?.reason).toBe("RunawayFence");
  });
});

describe("the list", () => {
  it("is read once for all that are looked at together, about once a day", async () => {
    const world = await openWorld(["www", "api", "app", "shop"]);
    await world.pass(10 * day);
    expect(world.read.length).toBeGreaterThanOrEqual(9);
    expect(world.read.length).toBeLessThanOrEqual(11);
  });

  it("is not read of an issuer whose CA is asked when to renew, nor of a certificate that names none", async () => {
    const asked = await openWorld([], { issuer: {} });
    asked.p.ca.knobs.suggest = () => ({ start: Date.UTC(2027, 0, 10), end: Date.UTC(2027, 0, 11) });
    await asked.p.issuer("ca", {});
    await asked.p.apply("web/www", certificateSpec("www"));
    await asked.pass(5 * day);
    expect(asked.p.ca.calls.renewalInfo).toBeGreaterThan(5);
    const without = await openWorld([]);
    without.p.ca.knobs.crlUrl = undefined;
    await without.p.apply("web/www", certificateSpec("www"));
    await without.pass(5 * day);
    expect(await without.row("www")).not.toHaveProperty("crl");
    expect([...asked.read, ...without.read]).toEqual([]);
  });

  it.each([
    [
      "that cannot be read",
      async () => Promise.reject(new UnavailableError({ reason: "ListUnavailable", message: "x" })),
    ],
    ["that may not be read", async () => Promise.reject(new RefusedError({ reason: "ForbiddenUrl", message: "x" }))],
    ["that is none", async () => Buffer.from("<html>")],
  ])("%s changes nothing, is told once, is in the status, and is read when it is back", async (_sentence, list) => {
    const world = await openWorld(["www"]);
    world.answer.list = list;
    await world.pass(5 * day);
    expect(await world.row("www")).toMatchObject({ revision: 1, ready: { status: "True" } });
    expect((await world.row("www")).crl).toMatchObject({ failures: expect.any(Number), lastError: expect.any(String) });
    expect((await world.events("www")).filter(({ reason }) => reason === "CRLError")).toHaveLength(1);
    expect(world.read.length).toBeLessThan(30);
    world.answer.list = undefined;
    await world.revoke("www", 4);
    await world.pass(27 * hour);
    expect(await world.row("www")).toMatchObject({ revision: 2, ready: { status: "True" } });
    expect((await world.row("www")).crl).not.toHaveProperty("lastError");
  });

  it("that nobody reads, because the function is broken, holds up no renewal, and the status says so", async () => {
    const world = await openWorld(["www"], {
      around: async ({ name, deps }, run) => (name === "check-certificates" ? undefined : run(deps)),
    });
    const decided: number[] = [];
    const put = world.p.state.putCertificate;
    world.p.state.putCertificate = (row) => {
      decided.push(world.p.time.now().getTime());
      return put(row);
    };
    await world.pass(3 * day);
    expect((await world.row("www")).crl).toMatchObject({ lastError: expect.stringMatching(/^NotAsked: /) });
    expect(decided.length).toBeLessThan(12);
  });

  it("is read from now on when the CA is not to be asked any more, and not any more when it is", async () => {
    const world = await openWorld([], { issuer: {} });
    const { suggest, ...knobs } = world.p.ca.knobs;
    expect([suggest, knobs.crlUrl]).toEqual([undefined, url]);
    world.p.ca.knobs.suggest = () => ({ start: Date.UTC(2027, 0, 10), end: Date.UTC(2027, 0, 11) });
    await world.p.issuer("ca", { profile: "default" });
    await world.p.apply("web/www", certificateSpec("www"));
    await world.pass(day);
    expect((await world.row("www")).ari).toBeDefined();
    await world.p.issuer("ca", none);
    await world.pass(3 * day);
    expect(await world.row("www")).toMatchObject({ crl: { checkedAt: expect.any(Number) } });
    expect(await world.row("www")).not.toHaveProperty("ari");
    expect(world.read.length).toBeGreaterThan(0);
    await world.p.issuer("ca", {});
    await world.pass(minute);
    world.p.resync();
    await world.pass(hour);
    expect(await world.row("www")).toMatchObject({ ari: { window: expect.any(Object) } });
    expect(await world.row("www")).not.toHaveProperty("crl");
  });
});
