import { describe, expect, it } from "vitest";
import { readCertificate } from "../../../core/certificate-identity.ts";
import { RefusedError, UnavailableError } from "../../../core/errors.ts";
import type { CertificateRow } from "../../../core/rows.ts";
import { openPipeline, type PipelineOptions } from "../../support/pipeline.ts";
import { certificateSpec } from "../../support/specs.ts";

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const url = "http://crl.test/ca.crl";
const none = { renewalInformationSource: "None" };

/** A pipeline whose CA names a revocation list, with Certificates from it that are never asked about. */
async function openWorld(
  names: string[],
  {
    issuer = none,
    spec = {},
    ...options
  }: PipelineOptions & { issuer?: Record<string, unknown>; spec?: Record<string, unknown> } = {},
) {
  const read: string[] = [];
  const answer = { list: undefined as undefined | (() => Promise<Uint8Array>) };
  const p = await openPipeline({
    sweepSeconds: 600,
    revocationList: async (from) => {
      read.push(from);
      return answer.list ? answer.list() : p.ca.crl();
    },
    ...options,
  });
  p.ca.knobs.crlUrl = url;
  await p.issuer("ca", issuer);
  for (const name of names) await p.apply(`web/${name}`, certificateSpec(name, spec));
  const pass = (ms: number) => p.time.runUntil(new Date(p.time.now().getTime() + ms));
  await pass(5 * minute);
  const leaf = async (name: string) => readCertificate(String((await p.secret("web", `${name}-tls`))?.["tls.crt"]));
  const keyOf = (name: string) => ({ namespace: "web", kind: "Certificate", name }) as const;
  return {
    ...{ p, pass, read, answer, leaf },
    row: async (name: string) => (await p.row(`web/${name}`)) as CertificateRow,
    /** At the CA, by somebody else than us. */
    revoke: async (name: string, reason: number) => p.ca.revoked.set((await leaf(name)).serial, reason),
    events: async (name: string) => (await p.state.events(keyOf(name), 50)).reverse(),
    reasons: async (name: string) => (await p.state.attemptsOf(keyOf(name))).map(({ reason }) => reason),
    revocations: (name: string) => p.state.revocationsOf(keyOf(name)),
  };
}

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

  it("for a leaked key gets another key though rotationPolicy says Never, and so does all that shares it", async () => {
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
