import { describe, expect, it } from "vitest";
import type { DnsRecord } from "../../../core/dns-lookup.ts";
import type { TxtRecord } from "../../../core/ports.ts";
import { openPipeline, type Pipeline, type PipelineOptions } from "../../support/pipeline.ts";
import { inSeconds } from "../../support/private-ca.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const at = "_acme-challenge.www.example.test";
const end = "www.validation.test";
const cloudflare = { cloudflare: { apiTokenSecretRef: { name: "cf", key: "token" } } };
const seconds = (p: Pipeline, count: number) => p.time.runUntil(inSeconds(p, count));

async function withSolver(solver: Record<string, unknown>, options: PipelineOptions = {}): Promise<Pipeline> {
  const p = await openPipeline({ zones: ["example.test", "validation.test"], ...options });
  await p.issuer("ca", { solvers: [solver] });
  await seconds(p, 5);
  return p;
}

/** A provider that takes everything, and puts it on these servers only. */
function slowProvider(p: Pipeline, servers: string[]): TxtRecord[] {
  const taken: TxtRecord[] = [];
  p.deps.dns = async () => ({
    ...p.dns,
    publish: async (records) => {
      const known = taken.map(({ value }) => value);
      const missing = records.filter(({ value }) => !known.includes(value));
      for (const { name, value } of missing) p.lookup.put(name, { type: "TXT", text: value }, servers);
      taken.push(...missing);
      return records.map((record) =>
        missing.includes(record) ? { record, change: "taken" } : { record, unchanged: true },
      );
    },
    cleanUp: async (records) => records.map((record) => ({ record, unchanged: true })),
    settled: async (changes) => new Map(changes.map((change) => [change, true])),
  });
  return taken;
}

describe("a record is waited for", () => {
  it("while one server of its zone lacks it, though another one serves it", async () => {
    const p = await withSolver({ dns01: cloudflare });
    const taken = slowProvider(p, ["192.0.2.1"]);
    await p.apply("web/www", spec("www"));
    await seconds(p, 120);
    expect(await p.ready("web/www")).toBe(false);
    expect(p.logs[0]).toMatchObject({ outcome: "not yet", record: at, lacking: ["ns2.example.test (192.0.2.2)"] });
    expect(p.ca.calls.challenge).toBeUndefined();
    p.lookup.put(at, { type: "TXT", text: taken[0]?.value ?? "" }, ["192.0.2.2"]);
    await seconds(p, 60);
    expect(await p.ready("web/www")).toBe(true);
  });

  it("ten minutes anew after each try that found it missing", async () => {
    const p = await withSolver({ dns01: cloudflare });
    slowProvider(p, ["192.0.2.1"]);
    await p.apply("web/www", spec("www"));
    const failures = async () => (await p.row("web/www"))?.failedIssuanceAttempts ?? 0;
    await p.time.runUntilTrue(async () => (await failures()) === 1, 3_600_000);
    expect((await p.row("web/www"))?.issuing?.reason).toBe("NotPropagated");
    await seconds(p, 600);
    expect(await failures()).toBe(1);
    await seconds(p, 600);
    expect(await failures()).toBe(2);
    expect(p.ca.calls.newOrder).toBe(1);
  });

  it("at resolvers only from the time on at which the provider says that it is everywhere", async () => {
    const p = await withSolver({ dns01: { route53: {}, nameservers: ["198.51.100.1:53"] } });
    p.lookup.addResolver("198.51.100.1:53");
    let isEverywhere = false;
    p.deps.dns = async () => ({
      ...p.dns,
      settled: async (changes) => new Map(changes.map((change) => [change, isEverywhere])),
    });
    const asked = () => p.lookup.asked.filter((one) => one.startsWith("198.51.100.1"));
    await p.apply("web/www", spec("www"));
    await seconds(p, 100);
    expect(asked()).toEqual([]);
    isEverywhere = true;
    await p.time.runUntilTrue(() => p.ready("web/www"), 3_600_000);
    expect(asked()).toHaveLength(1);
  });

  it("no longer than a quarter of an hour between two looks, however long a resolver remembers", async () => {
    const p = await withSolver({ dns01: { route53: {}, nameservers: ["198.51.100.1:53"] } });
    p.lookup.addResolver("198.51.100.1:53");
    const old = { type: "TXT", text: "old", ttlSeconds: 7_200 } as DnsRecord & { type: "TXT" };
    p.lookup.put(at, old);
    const taken = slowProvider(p, []);
    await p.apply("web/www", spec("www"));
    await seconds(p, 600);
    p.lookup.put(at, { type: "TXT", text: taken[0]?.value ?? "" });
    await seconds(p, 420);
    expect(await p.ready("web/www")).toBe(true);
  });
});

describe("a record whose name becomes an alias after it was written", () => {
  it("is written where the alias leads, and removed at both names", async () => {
    const failing = { error: true };
    const p = await withSolver(
      { dns01: { route53: {}, cnameStrategy: "Follow" } },
      {
        hook: async (task, _input, run) => {
          if (task !== "ValidateChallenge" || !failing.error) return run();
          throw Object.assign(new Error("m"), { name: "RefusedError.StateAccessDenied" });
        },
      },
    );
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.failedIssuanceAttempts === 1, 3_600_000);
    expect(p.dns.names()).toEqual([at]);
    p.lookup.put(at, { type: "CNAME", target: end });
    failing.error = false;
    await p.time.runUntilTrue(() => p.ready("web/www"), 3_600_000);
    await seconds(p, 30);
    expect(p.ca.calls.newOrder).toBe(1);
    expect(p.dns.names()).toEqual([]);
  });
});

describe("a persistent record that is there", () => {
  it("is not given to the provider again", async () => {
    const p = await openPipeline();
    p.ca.knobs.offered = () => ["dns-01", "dns-persist-01"];
    const acme = { server: "https://memory.test/directory", privateKeySecretRef: { name: "ca-account" } };
    const annotations = { "certwright.dev/dns-persist-01": "true" };
    const solvers = [{ dns01: { route53: {} } }];
    await p.apply("_cluster/ClusterIssuer/ca", { acme: { ...acme, solvers } }, { annotations });
    const given: string[] = [];
    p.deps.dns = async () => ({
      ...p.dns,
      publish: (records) => {
        given.push(...records.map(({ name }) => name));
        return p.dns.publish(records);
      },
    });
    for (const name of ["one", "two"]) {
      await p.apply(`web/${name}`, spec(name, { dnsNames: ["www.example.test"] }));
      await p.time.runUntilTrue(() => p.ready(`web/${name}`));
      // Resolvers were asked before it was there, and remember that for a while.
      await seconds(p, 1_800);
    }
    expect(given).toEqual(["_validation-persist.www.example.test"]);
  });
});
