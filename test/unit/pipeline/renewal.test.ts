import { describe, expect, it } from "vitest";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec } from "../../support/specs.ts";

const hour = 3_600_000;
const nightly = { cron: "0 2 * * *", windowDuration: "2h", timezone: "Europe/Berlin" };
const later = async (p: Pipeline, ms: number) => p.time.runUntil(new Date(p.time.now().getTime() + ms));

async function issued(renewal: unknown, more: Record<string, unknown> = {}) {
  const p = await openPipeline({ sweepSeconds: 600 });
  await p.issuer();
  await later(p, 5_000);
  await p.apply("web/www", certificateSpec("www", { renewal, ...more }));
  await p.time.runUntilTrue(() => p.ready("web/www"));
  await later(p, 5_000);
  return p;
}

const again = async (p: Pipeline, renewal: unknown, more: Record<string, unknown> = {}) => {
  await p.apply("web/www", certificateSpec("www", { renewal, ...more }));
  await later(p, 5_000);
};

const issuedOf = async (p: Pipeline) => {
  const row = await p.row("web/www");
  if (!row?.issued) throw new Error("nothing was issued");
  return { ...row.issued, row };
};

describe("a Certificate with windows", () => {
  it("renews at the start of the next window, and the one after it in the next", async () => {
    const p = await issued({ windows: [nightly] });
    const first = await issuedOf(p);
    expect(new Date(first.renewalTime ?? 0).toISOString()).toMatch(/T01:00:00\.000Z$/);
    expect(first.renewalTime).toBeLessThan(first.notAfter - 29 * 24 * hour);
    expect(first.row.dueAt).toBe(first.renewalTime);
    await p.time.runUntil(new Date((first.renewalTime ?? 0) - 1_000));
    expect((await p.row("web/www"))?.revision).toBe(1);
    await later(p, hour);
    const second = await issuedOf(p);
    expect(second.row.revision).toBe(2);
    expect(second.notBefore).toBeGreaterThanOrEqual((first.renewalTime ?? 0) - hour);
    expect(new Date(second.renewalTime ?? 0).toISOString()).toMatch(/T0[012]:00:00\.000Z$/);
  });

  it("that get or lose windows renews at another time, without a new certificate", async () => {
    const p = await issued(undefined);
    const before = await issuedOf(p);
    await again(p, { windows: [nightly] });
    const windowed = await issuedOf(p);
    expect(windowed.renewalTime).not.toBe(before.renewalTime);
    expect(new Date(windowed.renewalTime ?? 0).toISOString()).toMatch(/T01:00:00\.000Z$/);
    await again(p, undefined);
    expect((await issuedOf(p)).renewalTime).toBe(before.renewalTime);
    expect((await p.row("web/www"))?.revision).toBe(1);
    expect(p.executions).toHaveLength(1);
  });

  it("of which none opens in time renews as if there were none, and an event says so: once at issuance, once at an edit", async () => {
    const never = { windows: [{ cron: "0 0 30 2 *", windowDuration: "2h" }] };
    const p = await issued(never);
    const plain = await issued(undefined);
    const events = async () =>
      (await p.state.events({ namespace: "web", kind: "Certificate", name: "www" }, 10)).filter(
        ({ reason }) => reason === "WindowError",
      );
    expect((await issuedOf(p)).renewalTime).toBe((await issuedOf(plain)).renewalTime);
    expect(await events()).toMatchObject([
      { type: "Warning", message: expect.stringMatching(/^no window of spec\.renewal/) },
    ]);
    await again(p, never, { renewBefore: "240h" });
    expect(await events()).toHaveLength(2);
    await p.time.runUntil(new Date(((await issuedOf(p)).renewalTime ?? 0) + hour));
    expect((await p.row("web/www"))?.revision).toBe(2);
  });
});

describe("a Certificate that is not renewed by itself", () => {
  it("runs out: Ready becomes False, Expired, at its end; nothing is ordered, no margin shrinks, and it rests then", async () => {
    const p = await issued({ policy: "Disabled" });
    const { notAfter, row } = await issuedOf(p);
    expect(row.issued).not.toHaveProperty("renewalTime");
    expect(row.dueAt).toBe(notAfter);
    await p.time.runUntil(new Date(notAfter - 1_000));
    expect((await p.row("web/www"))?.ready.status).toBe("True");
    expect(await p.state.smallestMargin(p.time.now(), new Date(notAfter + hour))).toBeUndefined();
    await later(p, hour);
    const ended = await p.row("web/www");
    expect(ended).toMatchObject({ revision: 1, ready: { status: "False", reason: "Expired" } });
    expect(ended?.dueAt).toBeUndefined();
    expect(p.executions).toHaveLength(1);
  });

  it("is renewed when somebody asks, and when renewals are allowed again", async () => {
    const p = await issued({ policy: "Disabled" });
    const annotations = { "certwright.dev/renew-requested-at": "2026-11-22T13:00:00Z" };
    await p.apply("web/www", certificateSpec("www", { renewal: { policy: "Disabled" } }), { annotations });
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 2);
    const { notAfter } = await issuedOf(p);
    await p.time.runUntil(new Date(notAfter + hour));
    expect((await p.row("web/www"))?.ready.reason).toBe("Expired");
    await again(p, { policy: "RenewBefore" });
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 3);
    expect(await p.ready("web/www")).toBe(true);
  });

  it("stops and begins to renew by an edit, without a new certificate", async () => {
    const p = await issued(undefined);
    const before = await issuedOf(p);
    await again(p, { policy: "Disabled" });
    expect((await issuedOf(p)).row).toMatchObject({ dueAt: before.notAfter, lane: "new", revision: 1 });
    await again(p, { policy: "RenewBefore" });
    expect((await issuedOf(p)).row).toMatchObject({ dueAt: before.renewalTime, lane: "renew", revision: 1 });
    expect(p.executions).toHaveLength(1);
  });
});
