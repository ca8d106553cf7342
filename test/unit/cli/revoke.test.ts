import { beforeEach, describe, expect, it } from "vitest";
import type { RevocationRow } from "../../../core/revocation/state.ts";
import { issued, keyOf, makeWorld, noon, readyRow, request, type World } from "./world.ts";

const ref = { namespace: "default", name: "web", attemptId: "a1" };
const asked: RevocationRow = {
  ref,
  schema: 1,
  version: 0,
  requestedAt: "2026-11-22T12:00:00.000Z",
  reason: "keyCompromise",
  dueAt: noon,
};

let world: World;
beforeEach(async () => {
  world = makeWorld();
  const specHash = await request(world, "web");
  await world.state.putCertificate({ ...readyRow("web", specHash), issued: { ...issued("web"), attemptId: "a1" } });
});

const annotation = "certwright.dev/revoke-requested";
const wishOf = async () => {
  const stored = await world.requests.get(keyOf("web"));
  const { annotations = {} } = (stored?.metadata ?? {}) as { annotations?: Record<string, string> };
  return annotations[annotation] && JSON.parse(annotations[annotation]);
};
const change =
  (more: Partial<RevocationRow>, of = ref) =>
  async () => {
    const before = (await world.state.revocation(of)) ?? { ...asked, ref: of };
    await world.state.putRevocation({ ...before, ...more });
  };

describe("revoke", () => {
  it("asks by an annotation, follows, and says what was done to it and to who shares the key", async () => {
    const other = { namespace: "shop", name: "api", attemptId: "b1" };
    world.meanwhile.push(
      change({ blocked: true, shared: ["shop/Certificate/api"] }),
      change({ sharedWith: "default/Certificate/web", revokedAt: "2026-11-22T12:00:02Z", ended: "replaced" }, other),
      change({ revokedAt: "2026-11-22T12:00:03Z" }),
      change({ ended: "replaced" }),
    );
    const ran = await world.run("revoke web --reason keyCompromise");
    expect(ran).toMatchObject({
      code: 0,
      out: "certificate/web revocation requested (keyCompromise)\nrevoked 2 of 2, replaced 2",
    });
    expect(ran.err.split("\n").map((line) => line.trim().replace(/^\S+ +/, ""))).toEqual([
      "default/Certificate/web: its key is blocked for ever",
      "default/Certificate/web: shares its key with shop/Certificate/api",
      "shop/Certificate/api: revoked at the CA",
      "shop/Certificate/api: replaced",
      "default/Certificate/web: revoked at the CA",
      "default/Certificate/web: replaced",
    ]);
    expect(await wishOf()).toEqual({ at: "2026-11-22T12:00:00.000Z", reason: "keyCompromise" });
  });

  it("passes on who is to sign", async () => {
    world.meanwhile.push(change({ revokedAt: "2026-11-22T12:00:02Z", ended: "replaced" }));
    expect((await world.run("revoke certificate/web --reason superseded --with certificateKey")).code).toBe(0);
    expect(await wishOf()).toMatchObject({ reason: "superseded", with: "certificateKey" });
  });

  it("never makes a wish that is older than the certificate, whatever the clock says", async () => {
    const attempt = { ref, schema: 1, leaseId: "l", generation: 1, specHash: "h", issuer: "i", lane: "new" } as const;
    const startedAt = noon + 90_000;
    await world.state.createAttempt({ ...attempt, reason: "DoesNotExist", startedAt, step: "write-secret" });
    world.meanwhile.push(change({ ended: "replaced", revokedAt: "2026-11-22T12:02:00Z" }));
    await world.run("revoke web");
    expect(await wishOf()).toEqual({ at: "2026-11-22T12:01:30.001Z", reason: "unspecified" });
  });

  it("sees the new certificate before the function looks again", async () => {
    world.meanwhile.push(change({ revokedAt: "2026-11-22T12:00:02Z" }), async () => {
      const row = await world.state.certificate(keyOf("web"));
      if (row) await world.state.putCertificate({ ...row, issued: { ...issued("web"), attemptId: "a2" } });
    });
    expect(await world.run("revoke web")).toMatchObject({ code: 0, out: expect.stringContaining("replaced 1") });
  });

  it("fails when the CA refuses, with its words", async () => {
    world.meanwhile.push(change({ refusal: "the CA says no", ended: "replaced" }));
    const ran = await world.run("revoke web");
    expect(ran).toMatchObject({ code: 1, out: expect.stringContaining("revoked 0 of 1, replaced 1") });
    expect(ran.err).toContain("error: default/Certificate/web was not revoked: the CA says no");
  });

  it("fails when the time is over, says why, and that it goes on", async () => {
    world.meanwhile.push(change({ message: "the CA is away" }));
    const ran = await world.run("revoke web --timeout 3s");
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("error: not done after 3.0s: the CA is away; it goes on by itself");
  });

  it.each([
    ["revoke", 2, "name one Certificate"],
    ["revoke a b", 2, "name one Certificate"],
    ["revoke issuer/a", 2, "only Certificates are revoked, not issuer/a"],
    ["revoke web --reason stolen", 2, "--reason=stolen is not known: write unspecified, keyCompromise"],
    ["revoke web --with nobody", 2, "--with=nobody is not known: write account or certificateKey"],
    ["revoke nothing", 1, "certificate/nothing not found"],
  ])("%s: exit code %i", async (line, code, message) => {
    const ran = await world.run(line);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(message);
    expect(await wishOf()).toBeUndefined();
  });

  it("fails where there is no certificate, and asks for nothing", async () => {
    await request(world, "new");
    expect(await world.run("revoke new")).toMatchObject({ code: 1, err: expect.stringContaining("no certificate") });
  });

  it("shows in describe", async () => {
    await change({ revokedAt: "2026-11-22T12:00:03Z", ended: "replaced" })();
    const { out } = await world.run("describe certificate web");
    expect(out).toMatch(
      /Revocations:\n +OF ATTEMPT +REASON +ASKED +REVOKED +NOW\n +a1 +keyCompromise +2026-11-22T12:00:00.000Z +2026-11-22T12:00:03Z +replaced/,
    );
  });
});
