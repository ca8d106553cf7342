import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { checkIssuer } from "../../../core/check-issuer.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec } from "../../support/specs.ts";

const issuer = { namespace: "_cluster", kind: "ClusterIssuer", name: "ca" } as const;
const certificate = { namespace: "web", kind: "Certificate", name: "www" } as const;
const pass = (p: Pipeline, seconds: number) => p.time.runUntil(new Date(p.time.now().getTime() + seconds * 1_000));
const reasons = async (p: Pipeline) => (await p.state.events(certificate, 20)).map(({ reason }) => reason);

async function withIssuer(acme: object = {}, options: Parameters<typeof openPipeline>[0] = {}): Promise<Pipeline> {
  const p = await openPipeline(options);
  await p.issuer("ca", { ...acme });
  await pass(p, 5);
  return p;
}

async function issued(p: Pipeline, more: object = {}): Promise<string> {
  await p.apply("web/www", certificateSpec("www", more));
  await p.time.runUntilTrue(() => p.ready("web/www"));
  return (await p.secret("web", "www-tls"))?.["tls.crt"] ?? "";
}

function topOf(chain: string): unknown {
  return new X509Certificate(chain.slice(chain.lastIndexOf("-----BEGIN"))).toLegacyObject().issuer.CN;
}

describe("preferredChain", () => {
  it("stores the alternate chain that leads there", async () => {
    const p = await withIssuer({ preferredChain: "Other Root" });
    expect(topOf(await issued(p))).toBe("Other Root");
    expect(await reasons(p)).not.toContain("PreferredChainNotFound");
  });

  it("stores the default chain when none leads there, and says so", async () => {
    const p = await withIssuer({ preferredChain: "ISRG Root X9" });
    expect(topOf(await issued(p))).toBe("Test Root");
    expect(await reasons(p)).toContain("PreferredChainNotFound");
    const events = await p.state.events(certificate, 20);
    expect(events.find(({ reason }) => reason === "PreferredChainNotFound")?.message).toContain('"ISRG Root X9"');
  });
});

describe("enableDurationFeature", () => {
  const hours = (chain: string) => {
    const { validFromDate, validToDate } = new X509Certificate(chain);
    return Math.round((validToDate.getTime() - validFromDate.getTime()) / 3_600_000);
  };

  it("orders the duration that the Certificate says, and none where it says none", async () => {
    expect(hours(await issued(await withIssuer({ enableDurationFeature: true }), { duration: "48h" }))).toBe(48);
    const days = { profile: "days" };
    const atCa = async (acme: object) => {
      const p = await openPipeline();
      p.ca.knobs.profiles.days = 3 * 86_400;
      await p.issuer("ca", { ...days, ...acme });
      await pass(p, 5);
      return p;
    };
    expect(hours(await issued(await atCa({ enableDurationFeature: true })))).toBe(72);
    expect(hours(await issued(await atCa({}), { duration: "48h" }))).toBe(72);
  });

  it("that the CA does not take is a reason of its own, with the fix", async () => {
    const p = await withIssuer({ enableDurationFeature: true });
    p.ca.knobs.refusesNotAfter = true;
    await p.apply("web/www", certificateSpec("www", { duration: "48h" }));
    await pass(p, 30);
    expect((await p.row("web/www"))?.ready).toMatchObject({
      reason: "DurationRefused",
      message: expect.stringContaining("Set spec.acme.enableDurationFeature of the issuer to false"),
    });
  });
});

describe("a CA with the manners of ACM's endpoint", () => {
  it("that has authorized the names before gets no record, and no challenge is answered", async () => {
    const p = await withIssuer();
    p.ca.knobs.preAuthorized = true;
    const { publish } = p.dns;
    let published = 0;
    p.dns.publish = (batch) => {
      published += batch.length;
      return publish(batch);
    };
    await issued(p);
    expect(p.ca.calls).toMatchObject({ newOrder: 1, finalize: 1 });
    expect(p.ca.calls.challenge).toBeUndefined();
    expect(p.ca.calls.authorization).toBeUndefined();
    expect(published).toBe(0);
  });

  it("that takes half an hour to issue is waited for, in one attempt and one order", async () => {
    const p = await withIssuer();
    Object.assign(p.ca.knobs, { preAuthorized: true, processingRounds: 30, retryAfterSeconds: 60 });
    await issued(p);
    expect(p.ca.calls).toMatchObject({ newOrder: 1, finalize: 1 });
    expect(p.executions).toHaveLength(1);
    expect(p.time.now().getTime() - Date.parse("2026-11-22T12:00:00Z")).toBeGreaterThan(28 * 60_000);
  });

  it("that still says ready when it was asked to issue is not asked again", async () => {
    const p = await withIssuer();
    const { acme } = p.deps;
    let asked = 0;
    p.deps.acme = async (issuer) => {
      const client = await acme(issuer);
      const finalize: typeof client.finalize = async (...given) => {
        asked += 1;
        const order = await client.finalize(...given);
        return asked === 1 ? { ...order, status: "ready" } : order;
      };
      return { ...client, finalize };
    };
    await issued(p);
    expect(asked).toBe(1);
  });

  it("that takes half an hour to validate is waited for as well", async () => {
    const p = await withIssuer();
    Object.assign(p.ca.knobs, { processingRounds: 30, retryAfterSeconds: 60 });
    await p.apply("web/www", certificateSpec("www"));
    await pass(p, 20 * 60);
    expect(await p.ready("web/www")).toBe(false);
    expect((await p.row("web/www"))?.failedIssuanceAttempts).toBeUndefined();
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(p.ca.calls).toMatchObject({ newOrder: 1, challenge: 1, finalize: 1 });
  });
});

describe("an account key that is changed while an attempt is under way", () => {
  const rotate = { annotations: { "certwright.dev/rotate-account-key-requested-at": "2026-11-22T12:00:00Z" } };

  /** Changes the key when this task is about to run, as check-issuer would. */
  async function rotatedAt(at: string): Promise<Pipeline> {
    let rotated = false;
    const p: Pipeline = await openPipeline({
      hook: async (task, _, run) => {
        if (task === at && !rotated) {
          rotated = true;
          const stored = await p.requests.get(issuer);
          await p.requests.put({ key: issuer, apiVersion: "cert-manager.io/v1", spec: stored?.spec, metadata: rotate });
          await checkIssuer(p.deps, issuer);
        }
        return run();
      },
    });
    await p.issuer("ca", {});
    await pass(p, 5);
    return p;
  }
  it.each(["PublishChallenge", "CheckPropagation", "ValidateChallenge", "FinalizeOrder", "WriteSecret"])(
    "before %s: the certificate comes with the same order, and nothing failed",
    async (task) => {
      const p = await rotatedAt(task);
      const before = (await p.state.issuer(issuer))?.acme?.keyThumbprint;
      await issued(p);
      expect((await p.state.issuer(issuer))?.acme?.keyThumbprint).not.toBe(before);
      expect(p.ca.calls).toMatchObject({ newOrder: 1, keyChange: 1 });
      expect(p.facts.map(({ type }) => type)).not.toContain("Certificate Issuance Failed");
      await pass(p, 30);
      expect(p.dns.names()).toEqual([]);
    },
  );
});
