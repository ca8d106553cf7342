import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { checkIssuer } from "../../../core/check-issuer.ts";
import { rotateCa } from "../../../core/rotate-ca.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { inSeconds, leafSpec, privateCa, rootSpec } from "../../support/private-ca.ts";

const root = { namespace: "web", kind: "Issuer", name: "root" } as const;

async function leaves(p: Pipeline, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `web/leaf-${String(index).padStart(3, "0")}`);
  for (const id of ids) await p.apply(id, leafSpec(id.slice(4)));
  await p.time.runUntil(inSeconds(p, 120));
  return ids;
}

async function fingerprintOf(p: Pipeline, secretName: string): Promise<string> {
  const pem = String((await p.secret("web", secretName))?.["tls.crt"]);
  return createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
}

const revisions = async (p: Pipeline, ids: string[]) => Promise.all(ids.map(async (id) => (await p.row(id))?.revision));

async function renewed(p: Pipeline): Promise<void> {
  await p.apply("web/root", rootSpec(), {
    annotations: { "certwright.dev/renew-requested-at": p.time.now().toISOString() },
  });
}

describe("when the certificate of a CA changes", { timeout: 60_000 }, () => {
  it("its leaves are issued again, with the reason, and stay Ready meanwhile", async () => {
    const p = await openPipeline();
    await privateCa(p);
    const [id = ""] = await leaves(p, 1);
    const reasons: string[] = [];
    const { createAttempt } = p.state;
    p.state.createAttempt = (row) => {
      reasons.push(`${row.ref.name} ${row.reason}`);
      return createAttempt(row);
    };
    const statuses: string[] = [];
    const { putCertificate } = p.state;
    p.state.putCertificate = (row) => {
      if (row.key.name === "leaf-000") statuses.push(row.ready.status);
      return putCertificate(row);
    };
    await renewed(p);
    await p.time.runUntil(inSeconds(p, 10));
    expect(reasons).toEqual(["root ManuallyTriggered", "leaf-000 CARotated"]);
    expect(await p.row(id)).toMatchObject({
      revision: 2,
      issued: { caFingerprint: await fingerprintOf(p, "root-ca") },
    });
    expect(new Set(statuses)).toEqual(new Set(["True"]));
  });

  it("they follow 50 at a time, half a minute apart, and those that the CA has signed are left alone", async () => {
    const p = await openPipeline({ sweepSeconds: 10 });
    const all = 70;
    await privateCa(p);
    const ids = await leaves(p, all);
    await renewed(p);
    await p.time.runUntil(inSeconds(p, 8));
    const count = async () => (await revisions(p, ids)).filter((revision) => revision === 2).length;
    expect(await count()).toBe(50);
    await p.time.runUntil(inSeconds(p, 35));
    expect(await count()).toBe(all);
    await p.time.runUntil(inSeconds(p, 600));
    expect(new Set(await revisions(p, ids))).toEqual(new Set([2]));
    expect((await p.state.issuer(root))?.ca?.rotating).toBeUndefined();
  });

  it("a death in the midst of setting them due is made good by the next check", async () => {
    const p = await openPipeline({
      around: async ({ name, deps }, run) => {
        if (name !== "check-issuer") return run(deps);
        return run(deps).catch((error: Error) => deaths.push(error.message));
      },
    });
    const deaths: string[] = [];
    await privateCa(p);
    const ids = await leaves(p, 60);
    let left = 10;
    const { putCertificate } = p.state;
    p.state.putCertificate = async (row) => {
      if (row.key.name.startsWith("leaf") && row.attempt === undefined && left-- <= 0) throw new Error("died");
      return putCertificate(row);
    };
    await renewed(p);
    await p.time.runUntil(inSeconds(p, 5));
    expect(deaths).toEqual(["died"]);
    p.state.putCertificate = putCertificate;
    await p.time.runUntil(inSeconds(p, 300));
    expect(new Set(await revisions(p, ids))).toEqual(new Set([2]));
  });

  it("one whose row somebody else wrote at that moment is set due by the next look", async () => {
    const p = await openPipeline();
    await privateCa(p);
    const [id = ""] = await leaves(p, 1);
    const { putCertificate } = p.state;
    let faster = 1;
    p.state.putCertificate = async (row) => {
      if (row.key.name === "leaf-000" && faster-- > 0) return "conflict";
      return putCertificate(row);
    };
    await renewed(p);
    await p.time.runUntil(inSeconds(p, 300));
    expect(faster).toBeLessThan(1);
    expect((await p.row(id))?.revision).toBe(2);
  });

  it("no row of a leaf is written that the new one has signed", async () => {
    const p = await openPipeline();
    await privateCa(p);
    const [id = ""] = await leaves(p, 1);
    const before = await p.row(id);
    const fingerprint = await fingerprintOf(p, "root-ca");
    const ca = { fingerprint, notAfter: 0, soonFrom: 0, rotating: p.time.now().getTime() };
    expect(await rotateCa(p.deps, root, ca)).toEqual({ woken: 0, busy: 0 });
    expect(await p.row(id)).toEqual(before);
  });

  it("one that is due within the time of all groups is not put off", async () => {
    const p = await openPipeline({ sweepSeconds: 3_600 });
    await privateCa(p);
    const [id = ""] = await leaves(p, 1);
    const row = (await p.row(id)) ?? expect.unreachable();
    const dueAt = inSeconds(p, 20).getTime();
    await p.state.putCertificate({ ...row, dueAt });
    const ca = { fingerprint: "another", notAfter: 0, soonFrom: 0, rotating: p.time.now().getTime() };
    expect(await rotateCa(p.deps, root, ca)).toEqual({ woken: 0, busy: 0 });
    expect(await p.row(id)).toMatchObject({ dueAt });
  });

  it("one that was being signed by the former CA is found later", async () => {
    const p = await openPipeline({
      hook: async (task, _input, run) => {
        const result = await run();
        // Signed by the first root; then the root changes, before the secret is written.
        if (task === "Sign" && armed) {
          armed = false;
          await renewed(p);
          await p.time.waitUntil(inSeconds(p, 30));
        }
        return result;
      },
    });
    let armed = false;
    await privateCa(p);
    armed = true;
    await p.apply("web/late", leafSpec("late"));
    await p.time.runUntil(inSeconds(p, 600));
    expect(await p.row("web/late")).toMatchObject({
      revision: 2,
      issued: { caFingerprint: await fingerprintOf(p, "root-ca") },
    });
  });

  it("a CA below it, and what that one has signed, follow", async () => {
    const p = await openPipeline();
    await privateCa(p);
    await p.apply("web/inter", {
      ...rootSpec(),
      secretName: "inter-ca",
      commonName: "Intermediate",
      duration: "4380h",
      issuerRef: { name: "root" },
    });
    await p.apply("web/Issuer/inter", { ca: { secretName: "inter-ca" } });
    await p.apply("web/www", leafSpec("www", "inter"));
    await p.time.runUntil(inSeconds(p, 60));
    const before = await p.secret("web", "www-tls");
    expect(before?.["tls.crt"]?.match(/BEGIN/g)).toHaveLength(2);
    expect((await p.row("web/www"))?.issued?.caFingerprint).toBe(await fingerprintOf(p, "inter-ca"));
    expect(before?.["ca.crt"]).toBe((await p.secret("web", "root-ca"))?.["tls.crt"]);
    await renewed(p);
    await p.time.runUntil(inSeconds(p, 60));
    expect(await revisions(p, ["web/root", "web/inter", "web/www"])).toEqual([2, 2, 2]);
    const after = await p.secret("web", "www-tls");
    expect(after?.["ca.crt"]).toBe((await p.secret("web", "root-ca"))?.["tls.crt"]);
    expect(after?.["ca.crt"]).not.toBe(before?.["ca.crt"]);
  });

  it("is noticed without the fact, at the next look at the issuer", async () => {
    const p = await openPipeline();
    await privateCa(p);
    const [id = ""] = await leaves(p, 1);
    p.deps.events.publish = async () => {};
    await renewed(p);
    await p.time.runUntil(inSeconds(p, 60));
    expect((await p.row(id))?.revision).toBe(1);
    await p.time.runUntil(inSeconds(p, 7 * 3_600));
    expect((await p.row(id))?.revision).toBe(2);
  });
});

describe("a CA that ends", { timeout: 60_000 }, () => {
  it("is announced by its issuer, and its issuer signs nothing after that", async () => {
    const p = await openPipeline({ sweepSeconds: 3_600 });
    await privateCa(p);
    const pair = String((await p.stores.secretsManager.read("certwright/web/root-ca"))?.value);
    await p.delete("web/root");
    await p.time.runUntil(inSeconds(p, 340 * 86_400));
    expect(pair).toBe(String((await p.stores.secretsManager.read("certwright/web/root-ca"))?.value));
    await checkIssuer(p.deps, root);
    expect((await p.state.issuer(root))?.ready).toMatchObject({
      status: "True",
      message: expect.stringMatching(/^Signing CA verified; its certificate ends on 2027-11-22T\S+: renew it$/),
    });
    await p.time.runUntil(inSeconds(p, 30 * 86_400));
    expect((await p.state.issuer(root))?.ready).toMatchObject({ status: "False", reason: "CAExpired" });
  });
});
