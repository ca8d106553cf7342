import { describe, expect, it } from "vitest";
import { readCertificate } from "../../../core/certificate-identity.ts";
import { CaProblem } from "../../support/acme-ca-state.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec } from "../../support/specs.ts";

const wish = (at: string, reason: string, more: object = {}) => ({
  annotations: { "certwright.dev/revoke-requested": JSON.stringify({ at, reason, ...more }) },
});
const key = { namespace: "web", kind: "Certificate", name: "www" } as const;

async function issued(...names: string[]) {
  const p = await openPipeline();
  await p.issuer();
  for (const name of names) await p.apply(`web/${name}`, certificateSpec(name));
  await pass(p, 120);
  for (const name of names) expect(await p.ready(`web/${name}`)).toBe(true);
  return p;
}

const pass = (p: Pipeline, seconds: number) => p.time.runUntil(new Date(p.time.now().getTime() + seconds * 1_000));
const serialOf = async (p: Pipeline, name: string) =>
  readCertificate(String((await p.secret("web", `${name}-tls`))?.["tls.crt"])).serial;
const keyOf = async (p: Pipeline, name: string) =>
  readCertificate(String((await p.secret("web", `${name}-tls`))?.["tls.crt"])).publicKeyHash;
const ask = (p: Pipeline, name: string, reason: string, more: object = {}) =>
  p.apply(`web/${name}`, certificateSpec(name), wish(p.time.now().toISOString(), reason, more));
const reasons = async (p: Pipeline) => (await p.state.events(key, 20)).map(({ reason }) => reason);

describe("a wish to revoke", () => {
  it("revokes at the CA by the account, and a new certificate takes its place", async () => {
    const p = await issued("www");
    const before = await serialOf(p, "www");
    const by = signersOf(p);
    await ask(p, "www", "superseded");
    await pass(p, 180);
    expect(by).toEqual(["account"]);
    expect([...p.ca.revoked]).toEqual([[before, 4]]);
    expect(await serialOf(p, "www")).not.toBe(before);
    expect(await p.ready("web/www")).toBe(true);
    const [row] = await p.state.revocationsOf(key);
    expect(row).toMatchObject({ reason: "superseded", ended: "replaced", revokedAt: expect.any(String) });
    expect(row).not.toHaveProperty("dueAt");
    const attempts = await p.state.attemptsOf(key);
    expect(attempts.map(({ reason }) => reason)).toEqual(["Revoked", "DoesNotExist"]);
    expect(await reasons(p)).toContain("Revoked");
  });

  it("is acted on once, however often it is seen", async () => {
    const p = await issued("www");
    await ask(p, "www", "superseded");
    await pass(p, 180);
    const now = await serialOf(p, "www");
    p.dispatch("web/www", "web/www");
    await pass(p, 600);
    await p.resync();
    await pass(p, 600);
    expect(await serialOf(p, "www")).toBe(now);
    expect(p.ca.revoked.size).toBe(1);
  });

  it("that is older than the certificate revokes nothing, and says so", async () => {
    const p = await openPipeline();
    await p.issuer();
    await p.apply("web/www", certificateSpec("www"), wish("2026-11-20T00:00:00Z", "keyCompromise"));
    await pass(p, 300);
    expect(await p.ready("web/www")).toBe(true);
    p.dispatch("web/www");
    await pass(p, 300);
    expect(p.ca.revoked.size).toBe(0);
    expect(await reasons(p)).toContain("NothingToRevoke");
  });

  it("in an old manifest that is applied again revokes nothing of what came after it", async () => {
    const p = await issued("www");
    const before = await serialOf(p, "www");
    await p.apply("web/www", certificateSpec("www"), wish("2026-11-20T00:00:00Z", "keyCompromise"));
    await pass(p, 300);
    expect(p.ca.revoked.size).toBe(0);
    expect(await serialOf(p, "www")).toBe(before);
    expect(await p.state.revocationsOf(key)).toEqual([]);
    expect(await reasons(p)).toContain("NothingToRevoke");
  });

  it("that the CA refuses still replaces the certificate, and keeps the CA's words", async () => {
    const p = await issued("www");
    const before = await serialOf(p, "www");
    p.ca.revoke = () => {
      throw new CaProblem(403, "unauthorized", "You may not");
    };
    await ask(p, "www", "cessationOfOperation");
    await pass(p, 300);
    expect(await serialOf(p, "www")).not.toBe(before);
    const [row] = await p.state.revocationsOf(key);
    expect(row).toMatchObject({ ended: "replaced", refusal: expect.stringContaining("You may not") });
    expect(row).not.toHaveProperty("revokedAt");
    expect(await reasons(p)).toContain("NotRevoked");
  });

  it("waits for a CA that is away, while the replacement does not wait for the revocation", async () => {
    const p = await issued("www");
    const { revoke } = p.ca;
    p.ca.revoke = () => {
      throw new CaProblem(503, "serverInternal", "down");
    };
    await ask(p, "www", "keyCompromise");
    await pass(p, 300);
    expect((await p.row("web/www"))?.revision).toBe(2);
    expect(p.ca.revoked.size).toBe(0);
    p.ca.revoke = revoke;
    await pass(p, 3 * 3_600);
    expect([...p.ca.revoked.values()]).toEqual([1]);
    expect((await p.state.revocationsOf(key))[0]).toMatchObject({ ended: "replaced" });
  });

  const deaths = [1, 2, 3, 4, 5].flatMap((call) => (["before", "after"] as const).map((when) => ({ call, when })));

  it.each(deaths)("survives a death of the function $when its write number $call", async ({ call, when }) => {
    const fate = { writes: 0, died: false };
    const p = await openPipeline({
      around: async ({ name, deps }, run) => {
        if (name !== "revoke-certificate" || fate.died) return run(deps);
        const dying = async (write: () => Promise<unknown>) => {
          fate.writes += 1;
          if (fate.writes !== call) return write();
          if (when === "after") await write();
          fate.died = true;
          throw new Error("killed");
        };
        return run({ ...deps, state: mortal(deps.state, fate, dying) }).catch(() => undefined);
      },
    });
    await p.issuer();
    await p.apply("web/www", certificateSpec("www"));
    await pass(p, 120);
    const before = await keyOf(p, "www");
    await ask(p, "www", "keyCompromise");
    await pass(p, 24 * 3_600);
    expect([...p.ca.revoked.values()]).toEqual([1]);
    expect(await p.state.blockedKey(before)).toBeDefined();
    expect(await keyOf(p, "www")).not.toBe(before);
    expect((await p.state.revocationsOf(key))[0]).toMatchObject({ ended: "replaced" });
    expect((await p.row("web/www"))?.revision).toBe(2);
  });
});

describe("a key that leaked", () => {
  it("is blocked for ever and not kept, even with rotationPolicy Never", async () => {
    const p = await openPipeline();
    await p.issuer();
    const kept = (name: string) => ({
      ...certificateSpec(name),
      privateKey: { algorithm: "ECDSA", rotationPolicy: "Never" },
    });
    await p.apply("web/www", kept("www"));
    await pass(p, 120);
    const before = await keyOf(p, "www");
    await p.apply("web/www", kept("www"), wish(p.time.now().toISOString(), "keyCompromise"));
    await pass(p, 300);
    const after = await keyOf(p, "www");
    expect(after).not.toBe(before);
    expect(await p.state.blockedKey(before)).toMatchObject({ saidBy: "web/Certificate/www" });
    expect(await p.state.blockedKey(after)).toBeUndefined();
    const attempts = await p.state.attemptsOf(key);
    expect(attempts.map(({ reason }) => reason)).toEqual(["KeyCompromised", "DoesNotExist"]);
  });

  it("is proven to the CA by itself, or by the account when its owner says so", async () => {
    const p = await issued("www", "api");
    const by = signersOf(p);
    await ask(p, "www", "keyCompromise");
    await pass(p, 300);
    await ask(p, "api", "keyCompromise", { with: "account" });
    await pass(p, 300);
    expect(by).toEqual(["key", "account"]);
    expect(p.ca.revoked.size).toBe(2);
  });

  it("is on the list before anybody looks who has it", async () => {
    const p = await issued("www");
    const calls: string[] = [];
    const { blockKey, scanKeys } = p.state;
    p.state.blockKey = (blocked) => {
      calls.push("block");
      return blockKey(blocked);
    };
    p.state.scanKeys = () => {
      calls.push("look");
      return scanKeys();
    };
    await ask(p, "www", "keyCompromise");
    await pass(p, 30);
    expect(calls).toEqual(["block", "look"]);
  });

  it("is taken away from a successor that was made with it", async () => {
    const p = await issued("www");
    const first = await attemptOf(p, "www");
    const { csrs, createAttempt } = p.state;
    const made: string[] = [];
    p.state.createAttempt = (row) => {
      made.push(row.ref.attemptId);
      return createAttempt(row);
    };
    p.state.csrs = async (refs) => {
      const found = await csrs(refs);
      const [own, before] = [found.get(made[0] ?? ""), (await csrs([first])).get(first.attemptId)];
      if (own && before) found.set(made[0] ?? "", { ...own, publicKeyHash: before.publicKeyHash });
      return found;
    };
    await ask(p, "www", "keyCompromise");
    await pass(p, 600);
    expect((await p.row("web/www"))?.revision).toBe(3);
    const rows = await p.state.revocationsOf(key);
    expect(rows.map(({ ended, sharedWith }) => [ended, sharedWith])).toEqual([
      ["replaced", undefined],
      ["replaced", "web/Certificate/www"],
    ]);
  });

  it("takes every Certificate along that has it", async () => {
    const p = await issued("www", "other");
    const shared = (await p.state.csrs([await attemptOf(p, "www")])).values().next().value;
    const others = p.state.csrs;
    const otherId = (await attemptOf(p, "other")).attemptId;
    p.state.csrs = async (refs) => {
      const found = await others(refs);
      const own = found.get(otherId);
      if (own && shared) found.set(otherId, { ...own, publicKeyHash: shared.publicKeyHash });
      return found;
    };
    await ask(p, "www", "keyCompromise");
    await pass(p, 600);
    expect((await p.row("web/other"))?.revision).toBe(2);
    expect((await p.row("web/www"))?.revision).toBe(2);
    expect(p.ca.revoked.size).toBe(2);
    expect((await p.state.revocationsOf(key))[0]).toMatchObject({ shared: ["web/Certificate/other"] });
    const [theirs] = await p.state.revocationsOf({ ...key, name: "other" });
    expect(theirs).toMatchObject({ sharedWith: "web/Certificate/www", reason: "keyCompromise", ended: "replaced" });
  });
});

/** Who signs the wishes that the CA gets from now on. */
function signersOf(p: Pipeline): string[] {
  const by: string[] = [];
  const { revoke } = p.ca;
  p.ca.revoke = (signer, request) => {
    by.push("account" in signer ? "account" : "key");
    revoke(signer, request);
  };
  return by;
}

async function attemptOf(p: Pipeline, name: string) {
  return { namespace: "web", name, attemptId: (await p.row(`web/${name}`))?.issued?.attemptId ?? "" };
}

/** A state whose writes go through `dying`; the dead do nothing. */
function mortal(
  state: Pipeline["deps"]["state"],
  fate: { died: boolean },
  dying: (write: () => Promise<unknown>) => unknown,
) {
  return new Proxy(state, {
    get: (target, method: keyof Pipeline["deps"]["state"]) => {
      const real = target[method] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (fate.died) throw new Error("dead");
        return /^(put|block)/.test(method) ? dying(() => real(...args)) : real(...args);
      };
    },
  });
}
