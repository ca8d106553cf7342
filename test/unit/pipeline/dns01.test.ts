import { describe, expect, it } from "vitest";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const seconds = async (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));
const at = "_acme-challenge.www.example.test";
const end = "www.validation.test";

async function withSolver(solver: Record<string, unknown>, zones = ["example.test", "validation.test"]) {
  const published = new Set<string>();
  const p = await openPipeline({
    zones,
    hook: async (_task, _input, run) => {
      const result = await run();
      for (const name of p.dns.names()) published.add(name);
      return result;
    },
  });
  await p.issuer("ca", { solvers: [solver] });
  await seconds(p, 5);
  return { p, published };
}

const message = async (p: Pipeline) => (await p.row("web/www"))?.ready.message ?? "";

describe("cnameStrategy Follow", () => {
  const follow = { dns01: { route53: {}, cnameStrategy: "Follow" } };

  it("writes where the CNAME leads, and removes it there", async () => {
    const { p, published } = await withSolver(follow);
    p.lookup.put(at, { type: "CNAME", target: end });
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 5);
    expect([...published]).toEqual([end]);
    expect(p.dns.names()).toEqual([]);
  });

  it("writes at the name itself where there is no CNAME", async () => {
    const { p, published } = await withSolver(follow);
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect([...published]).toEqual([at]);
  });

  it("uses a CNAME that is made after the first try, with the same order", async () => {
    const { p, published } = await withSolver(follow, ["validation.test"]);
    p.lookup.addZone("example.test");
    await p.apply("web/www", spec("www"));
    await seconds(p, 30);
    expect((await p.row("web/www"))?.ready.reason).toBe("HostedZoneNotFound");
    p.lookup.put(at, { type: "CNAME", target: end });
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 5);
    expect([...published]).toEqual([end]);
    expect(p.ca.calls.newOrder).toBe(1);
    expect(p.dns.names()).toEqual([]);
  });

  it("without it the record stays at the name", async () => {
    const { p, published } = await withSolver({ dns01: { route53: {} } });
    p.lookup.put(at, { type: "CNAME", target: end });
    await p.apply("web/www", spec("www"));
    await seconds(p, 60);
    expect([...published]).toEqual([at]);
  });
});

describe("CAA", () => {
  const issue = (value: string) => ({ type: "CAA" as const, critical: false, tag: "issue", value });

  it("that forbids the CA is named, and no order is spent; when it is corrected the certificate comes", async () => {
    const { p } = await withSolver({ dns01: { route53: {} } });
    p.lookup.put("example.test", issue("other.test"));
    await p.apply("web/www", spec("www"));
    await seconds(p, 30);
    expect((await p.row("web/www"))?.ready.reason).toBe("CAAForbids");
    expect(await message(p)).toContain('example.test CAA 0 issue "other.test" allows other.test only');
    expect(await message(p)).toContain('the tag issue and the value "memory.test"');
    expect(p.ca.calls.newOrder).toBeUndefined();
    p.lookup.remove("example.test", "CAA");
    p.lookup.put("example.test", issue("memory.test; validationmethods=dns-01"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
  });

  it("is asked for once for all names of a batch", async () => {
    const { p } = await withSolver({ dns01: { route53: {} } });
    const dnsNames = Array.from({ length: 30 }, (_, index) => `n${index}.example.test`);
    await p.apply("web/www", spec("www", { dnsNames }));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(p.lookup.asked.filter((one) => one === "system CAA example.test")).toHaveLength(1);
  });

  it("that cannot be looked up is left to the CA, and the log says so", async () => {
    const { p } = await withSolver({ dns01: { route53: {} } });
    p.lookup.broken.add("www.example.test");
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(p.logs).toEqual([expect.objectContaining({ event: "caa-unknown", names: ["www.example.test"] })]);
  });
});

describe("propagation", () => {
  const cloudflare = { cloudflare: { apiTokenSecretRef: { name: "cf", key: "token" } } };

  it("of Route 53 is what Route 53 says: no server is asked", async () => {
    const { p } = await withSolver({ dns01: { route53: {} } });
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(p.lookup.asked.filter((one) => !one.includes(" CAA "))).toEqual([]);
  });

  it("of other providers is seen at every server of the zone", async () => {
    const { p } = await withSolver({ dns01: cloudflare });
    p.lookup.broken.add("192.0.2.2");
    await p.apply("web/www", spec("www"));
    await seconds(p, 120);
    expect(await p.ready("web/www")).toBe(false);
    expect(p.logs[0]).toMatchObject({ outcome: "not yet", record: at, silent: ["ns2.example.test (192.0.2.2)"] });
    p.lookup.broken.clear();
    await seconds(p, 60);
    expect(await p.ready("web/www")).toBe(true);
    expect(p.lookup.asked).toContain(`192.0.2.2 TXT ${at}`);
  });

  it("names the server that lacks the value when ten minutes are over, and tries again", async () => {
    const { p } = await withSolver({ dns01: cloudflare });
    p.lookup.addZone("www.example.test", ["192.0.2.9"]);
    p.lookup.put("www.example.test", { type: "NS", target: "ns1.validation.test" });
    p.lookup.put(at, { type: "CNAME", target: "lost.validation.test" });
    await p.apply("web/www", spec("www"));
    await seconds(p, 660);
    expect((await p.row("web/www"))?.ready.reason).toBe("NotPropagated");
    expect(await message(p)).toContain("ns1.validation.test (192.0.2.3)");
    p.lookup.remove(at, "CNAME");
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(p.ca.calls.newOrder).toBe(1);
  });

  it("goes on without a server that stays silent, when the others serve it", async () => {
    const { p } = await withSolver({ dns01: cloudflare });
    p.lookup.broken.add("192.0.2.2");
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(p.time.now().getTime() - Date.parse("2026-11-22T12:00:00Z")).toBeLessThan(11 * 60_000);
  });

  it("is seen by the solver's nameservers, which are asked when the provider is done and let forget", async () => {
    const { p } = await withSolver({ dns01: { route53: {}, nameservers: ["198.51.100.1:53"] } });
    p.lookup.addResolver("198.51.100.1:53");
    await p.lookup.ask("198.51.100.1:53", at, "TXT");
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    const asked = p.lookup.asked.filter((one) => one.startsWith("198.51.100.1"));
    expect(asked).toHaveLength(3);
    expect(p.lookup.asked.filter((one) => one.startsWith("192.0.2"))).toEqual([]);
  });

  it("is not looked at with waitInsteadOfSelfCheck, only waited for", async () => {
    const { p } = await withSolver({ dns01: cloudflare, waitInsteadOfSelfCheck: "5m" });
    await p.apply("web/www", spec("www"));
    await seconds(p, 290);
    expect(await p.ready("web/www")).toBe(false);
    await seconds(p, 60);
    expect(await p.ready("web/www")).toBe(true);
    expect(p.lookup.asked.filter((one) => one.includes(" TXT "))).toEqual([]);
  });
});

describe("dns-persist-01", () => {
  const persistent = "_validation-persist.www.example.test";

  async function persisting(annotations: Record<string, string> = { "certwright.dev/dns-persist-01": "true" }) {
    const published: string[] = [];
    const p = await openPipeline({
      hook: async (task, _input, run) => {
        const before = p.dns.names();
        const result = await run();
        if (task === "PublishChallenge") published.push(...p.dns.names().filter((name) => !before.includes(name)));
        return result;
      },
    });
    p.ca.knobs.offered = () => ["http-01", "dns-01", "dns-persist-01"];
    const acme = { server: "https://memory.test/directory", privateKeySecretRef: { name: "ca-account" } };
    const solvers = [{ dns01: { route53: {} } }];
    await p.apply("_cluster/ClusterIssuer/ca", { acme: { ...acme, solvers } }, { annotations });
    await seconds(p, 5);
    return { p, published };
  }

  it("writes its record once; it stays, and later orders use it", async () => {
    const { p, published } = await persisting();
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 10);
    expect(p.dns.names()).toEqual([persistent]);
    expect(p.dns.values(persistent)).toEqual([`memory.test; accounturi=${[...p.ca.accounts.keys()][0]}`]);
    await p.apply("web/again", spec("again", { dnsNames: ["www.example.test"] }));
    await p.time.runUntilTrue(() => p.ready("web/again"));
    await seconds(p, 10);
    expect(published).toEqual([persistent]);
    expect(p.dns.names()).toEqual([persistent]);
  });

  it("says in the record that wildcards are meant, beside the one without", async () => {
    const { p } = await persisting();
    await p.apply("web/www", spec("www", { dnsNames: ["www.example.test", "*.www.example.test"] }));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    const [account] = p.ca.accounts.keys();
    const value = `memory.test; accounturi=${account}`;
    expect(p.dns.values(persistent).sort()).toEqual([value, `${value}; policy=wildcard`]);
  });

  it("is not used without the annotation, though the CA offers it", async () => {
    const { p, published } = await persisting({});
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(published).toEqual([at]);
  });

  it("is refused where the CA does not offer it", async () => {
    const { p } = await persisting();
    p.ca.knobs.offered = () => ["dns-01"];
    await p.apply("web/www", spec("www"));
    await seconds(p, 30);
    expect((await p.row("web/www"))?.ready).toMatchObject({
      reason: "NoSolver",
      message: expect.stringContaining("dns-01"),
    });
  });

  it("counts as its own method in CAA", async () => {
    const { p } = await persisting();
    const value = "memory.test; validationmethods=dns-01";
    p.lookup.put("example.test", { type: "CAA", critical: false, tag: "issue", value });
    await p.apply("web/www", spec("www"));
    await seconds(p, 30);
    expect(await message(p)).toContain("does not allow the validation method dns-persist-01");
  });
});
