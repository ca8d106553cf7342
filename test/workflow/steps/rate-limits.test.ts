import { describe, expect, it } from "vitest";
import { RateLimitedError } from "../../../core/errors.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const seconds = (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));

const limits = {
  newOrders: { capacity: 100, refillSeconds: 100_000 },
  certificatesPerDomain: { capacity: 50, refillSeconds: 100_000 },
  identifierSets: { capacity: 5, refillSeconds: 100_000 },
  ordersInFlight: { capacity: 40, refillSeconds: 100_000 },
};

async function withLimits(): Promise<Pipeline> {
  const p = await openPipeline();
  const annotations = { "certwright.dev/rate-limits": JSON.stringify(limits) };
  const acme = {
    server: "https://memory.test/directory",
    privateKeySecretRef: { name: "ca-account" },
    profile: "default",
    solvers: [{ dns01: { route53: {} } }],
  };
  await p.apply("_cluster/ClusterIssuer/ca", { acme }, { annotations });
  await seconds(p, 5);
  return p;
}

/** The whole tokens that are left, by the first word of the bucket's key. */
async function tokens(p: Pipeline): Promise<Record<string, number>> {
  const [attempt] = await p.state.attemptsOf({ namespace: "web", kind: "Certificate", name: "www" });
  const issuer = await p.state.issuer({ namespace: "_cluster", kind: "ClusterIssuer", name: "ca" });
  const rows = await p.state.buckets([`orders#${issuer?.acme?.accountUrl}`, ...(attempt?.tokens ?? [])]);
  return Object.fromEntries([...rows.values()].map((row) => [row.key.split("#")[0], Math.floor(row.tokens)]));
}

describe("the tokens of an attempt", () => {
  it("stay taken when there is a certificate, but for the one in flight", async () => {
    const p = await withLimits();
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 5);
    expect(await tokens(p)).toEqual({ orders: 99, domain: 49, set: 4, inFlight: 40 });
  });

  it("go back once when there is none, but for the order", async () => {
    const p = await withLimits();
    p.dns.publish = async (records) => records.map((record) => ({ record, change: "lost" }));
    await p.apply("web/www", spec("www"));
    await seconds(p, 20);
    expect((await p.row("web/www"))?.ready.reason).toBe("ChallengeRefused");
    expect(await tokens(p)).toEqual({ orders: 99, domain: 50, set: 5, inFlight: 40 });
  });
});

describe("a CA that answers 429", () => {
  it.each([
    ["new orders", "too many new orders (300) from this account in the last 3h0m0s"],
    ["a domain", 'too many certificates (50) already issued for "example.test" in the last 168h0m0s'],
  ])("about %s overrules our count: no neighbour asks for one before the instant it named", async (_what, message) => {
    const p = await withLimits();
    const asked: string[] = [];
    const retryAt = new Date(p.time.now().getTime() + 3_600_000);
    const acme = p.deps.acme;
    p.deps.acme = async (issuer) => {
      const real = await acme(issuer);
      const createOrder: typeof real.createOrder = async (request) => {
        asked.push(p.time.now().toISOString());
        if (p.time.now() < retryAt) throw new RateLimitedError({ reason: "RateLimited", message, retryAt });
        return real.createOrder(request);
      };
      return { ...real, createOrder };
    };
    await p.apply("web/www", spec("www"));
    await seconds(p, 60);
    for (const name of ["b", "c", "d"]) await p.apply(`web/${name}`, spec(name));
    await seconds(p, 600);
    expect(asked).toHaveLength(1);
    expect((await p.row("web/b"))?.ready).toMatchObject({ status: "False", reason: "RateLimited" });
  });
});
