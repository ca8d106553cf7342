import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const seconds = async (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));

async function withIssuer(options: Parameters<typeof openPipeline>[0] = {}) {
  const p = await openPipeline(options);
  await p.issuer();
  await seconds(p, 5);
  return p;
}

const leaf = async (p: Pipeline, name: string) =>
  new X509Certificate((await p.secret("web", `${name}-tls`))?.["tls.crt"] ?? "");

describe("one Certificate", () => {
  it("becomes Ready in 19 states and leaves no TXT", async () => {
    const p = await withIssuer();
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    const row = await p.row("web/www");
    expect(row).toMatchObject({ revision: 1, ready: { reason: "Ready" } });
    expect(row?.attempt).toBeUndefined();
    await seconds(p, 5);
    expect(p.executions.map(({ status }) => status)).toEqual(["SUCCEEDED"]);
    expect(p.executions[0]?.entered).toHaveLength(19);
    expect(p.dns.names()).toEqual([]);
    expect(Object.keys((await p.secret("web", "www-tls")) ?? {})).toEqual(["tls.crt", "tls.key", "metadata"]);
    expect(p.facts.map(({ type }) => type)).toEqual(["Certificate Issued"]);
    expect(p.logs).toEqual([]);
  });

  it.each([
    ["a wildcard", ["*.w.example.test"]],
    ["apex and wildcard in one", ["both.example.test", "*.both.example.test"]],
    ["a label of 63 characters", [`${"a".repeat(63)}.example.test`]],
    ["100 names", Array.from({ length: 100 }, (_, index) => `n${index}.example.test`)],
    ["three zones", ["a.one.test", "a.two.test", "a.example.test"]],
  ])("%s: names equal, key matches, zero TXT left", async (_what, dnsNames) => {
    const p = await withIssuer({ zones: ["one.test", "two.test", "example.test"] });
    await p.apply("web/www", spec("www", { dnsNames }));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 5);
    const names = (await leaf(p, "www")).subjectAltName?.split(", ").map((name) => name.replace("DNS:", ""));
    expect(names?.sort()).toEqual([...dnsNames].sort());
    expect(p.dns.names()).toEqual([]);
  });

  it("waits for an issuer that comes later, and 50 of them go on in one execution", async () => {
    const p = await openPipeline();
    for (let index = 0; index < 50; index += 1) await p.apply(`web/c${index}`, spec(`c${index}`));
    await seconds(p, 30);
    expect((await p.row("web/c7"))?.ready).toMatchObject({ status: "False", reason: "IssuerNotFound" });
    await p.issuer();
    await seconds(p, 20);
    const ready = await Promise.all(Array.from({ length: 50 }, (_, index) => p.ready(`web/c${index}`)));
    expect(ready.filter(Boolean)).toHaveLength(50);
    expect(p.executions).toHaveLength(1);
    expect(p.executions[0]?.entered.length).toBeLessThanOrEqual(30);
    expect(p.ca.accounts.size).toBe(1);
    expect(p.dns.names()).toEqual([]);
  });

  it("delivered 50 times over at once, is issued once", async () => {
    const p = await withIssuer();
    await p.apply("web/www", spec("www"));
    for (let copy = 0; copy < 50; copy += 1) p.dispatch("web/www");
    await p.time.runUntilTrue(() => p.ready("web/www"));
    for (let copy = 0; copy < 50; copy += 1) p.dispatch("web/www");
    await seconds(p, 120);
    expect(p.executions).toHaveLength(1);
    expect(p.ca.calls.newOrder).toBe(1);
  });
});

describe("renewal", () => {
  it("happens unattended three times in a row before expiry, the key new each time", async () => {
    const p = await withIssuer({ sweepSeconds: 10 });
    await p.issuer("short", { profile: "two-minutes" });
    await p.apply("web/www", spec("www", { issuerRef: { name: "short", kind: "ClusterIssuer" } }));
    const keys = new Set<string>();
    for (const revision of [1, 2, 3, 4]) {
      await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === revision);
      expect((await p.row("web/www"))?.ready.status).toBe("True");
      const { validTo } = await leaf(p, "www");
      expect(Date.parse(validTo)).toBeGreaterThan(p.time.now().getTime());
      keys.add((await p.secret("web", "www-tls"))?.["tls.key"] ?? "");
    }
    expect(keys.size).toBe(4);
    expect(p.stores.secretsManager.secrets.get("certwright/web/www-tls")?.versions).toHaveLength(4);
  });

  it("keeps the key with rotationPolicy Never", async () => {
    const p = await withIssuer({ sweepSeconds: 10 });
    await p.issuer("short", { profile: "two-minutes" });
    const privateKey = { algorithm: "ECDSA", rotationPolicy: "Never" };
    await p.apply("web/www", spec("www", { issuerRef: { name: "short", kind: "ClusterIssuer" }, privateKey }));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 1);
    const first = (await p.secret("web", "www-tls"))?.["tls.key"];
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 2);
    expect((await p.secret("web", "www-tls"))?.["tls.key"]).toBe(first);
  });

  it("is asked for by the annotation, once per wish", async () => {
    const p = await withIssuer();
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    const annotations = { "certwright.dev/renew-requested-at": "2026-11-22T13:00:00Z" };
    await p.apply("web/www", spec("www"), { annotations });
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 2);
    await p.apply("web/www", spec("www"), { annotations });
    await seconds(p, 120);
    expect((await p.row("web/www"))?.revision).toBe(2);
  });
});

const stepsBefore = [
  "Prepare",
  "CreateOrder",
  "PublishChallenge",
  "CheckPropagation",
  "ValidateChallenge",
  "FinalizeOrder",
  "WriteSecret",
];

describe.each(stepsBefore)("while %s runs", (step) => {
  it("an edit wins", async () => {
    let p: Pipeline | undefined;
    let edited = false;
    const hook = async (task: string, _input: unknown, run: () => Promise<unknown>) => {
      if (task === step && p && !edited) {
        edited = true;
        await p.apply("web/www", spec("www", { dnsNames: ["new.example.test"] }));
      }
      return run();
    };
    p = await withIssuer({ hook });
    await p.apply("web/www", spec("www"));
    await seconds(p, 60);
    expect((await leaf(p, "www")).subjectAltName).toBe("DNS:new.example.test");
    expect(p.dns.names()).toEqual([]);
    expect(p.ca.calls.newOrder).toBeLessThanOrEqual(2);
    expect((await p.row("web/www"))?.ready.status).toBe("True");
  });

  it("a deletion stops it, cleans up and writes nothing", async () => {
    let p: Pipeline | undefined;
    let deleted = false;
    const hook = async (task: string, _input: unknown, run: () => Promise<unknown>) => {
      if (task === step && p && !deleted) {
        deleted = true;
        await p.delete("web/www");
      }
      return run();
    };
    p = await withIssuer({ hook });
    await p.apply("web/www", spec("www"));
    await seconds(p, 60);
    expect(await p.secret("web", "www-tls")).toBeUndefined();
    expect((await p.row("web/www"))?.deletedAt).toBeDefined();
    expect(p.dns.names()).toEqual([]);
    expect(p.ca.calls.newOrder ?? 0).toBeLessThanOrEqual(1);
    expect(p.facts.map(({ type }) => type)).toEqual(["Certificate Deleted"]);
  });

  it("its Lambda dies before, and again on the repeat: one certificate, the lease or Catch recovers it", async () => {
    let deaths = 0;
    const hook = async (task: string, _input: unknown, run: () => Promise<unknown>) => {
      if (task === step && deaths < 2) {
        deaths += 1;
        throw new Error("died");
      }
      return run();
    };
    const p = await withIssuer({ hook });
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 30);
    expect(p.dns.names()).toEqual([]);
    expect(p.ca.calls.newOrder).toBe(1);
    expect((await p.row("web/www"))?.revision).toBe(1);
  });

  it("its Lambda dies after its effects, twice: one certificate, at most one order", async () => {
    let deaths = 0;
    const hook = async (task: string, _input: unknown, run: () => Promise<unknown>) => {
      const result = await run();
      if (task === step && deaths < 2) {
        deaths += 1;
        throw new Error("died");
      }
      return result;
    };
    const p = await withIssuer({ hook });
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 7_200);
    expect(p.dns.names()).toEqual([]);
    expect(p.ca.calls.newOrder).toBe(1);
    expect((await p.row("web/www"))?.revision).toBe(1);
  });
});

describe("when something is refused", () => {
  it("a challenge: Ready=False with reason and next try, TXT cleaned, its neighbours Ready in the same execution", async () => {
    const p = await openPipeline();
    const names = ["a", "b", "bad", "c"];
    for (const name of names) await p.apply(`web/${name}`, spec(name));
    const publish = p.dns.publish;
    p.dns.publish = async (records) => {
      const results = await publish(records.filter(({ name }) => !name.includes("bad")));
      const lost = records.filter(({ name }) => name.includes("bad")).map((record) => ({ record, change: "lost" }));
      return [...results, ...lost];
    };
    await p.issuer();
    await seconds(p, 30);
    const row = await p.row("web/bad");
    expect(row?.ready).toMatchObject({ status: "False", reason: "ChallengeRefused" });
    expect(row?.dueAt).toBeGreaterThan(p.time.now().getTime());
    expect(row?.failedIssuanceAttempts).toBe(1);
    for (const name of ["a", "b", "c"]) expect(await p.ready(`web/${name}`)).toBe(true);
    expect(p.executions).toHaveLength(1);
  });

  it("a zone that does not exist fails only its own Certificate", async () => {
    const p = await openPipeline();
    await p.apply("web/a", spec("a"));
    await p.apply("web/b", spec("b", { dnsNames: ["b.nowhere.test"] }));
    await p.issuer();
    await seconds(p, 30);
    expect(await p.ready("web/a")).toBe(true);
    expect((await p.row("web/b"))?.ready).toMatchObject({ reason: "HostedZoneNotFound" });
    expect(p.executions).toHaveLength(1);
  });

  it("a secretName that another Certificate owns, and the account key's", async () => {
    const p = await withIssuer();
    await p.apply("web/a", spec("a", { secretName: "same" }));
    await p.time.runUntilTrue(() => p.ready("web/a"));
    await p.apply("web/b", spec("b", { secretName: "same" }));
    await seconds(p, 30);
    expect((await p.row("web/b"))?.ready.reason).toBe("SecretOwnedByAnother");
    expect((await p.row("web/b"))?.ready.message).toContain("Certificate/a");
  });

  it("an invalid edit leaves the working secret and says the field", async () => {
    const p = await withIssuer();
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    const before = await p.secret("web", "www-tls");
    await p.apply("web/www", spec("www", { duration: "1m" }));
    await seconds(p, 5);
    expect((await p.row("web/www"))?.ready).toMatchObject({ status: "False", reason: "InvalidSpec" });
    expect((await p.row("web/www"))?.ready.message).toContain("spec.duration");
    expect(await p.secret("web", "www-tls")).toEqual(before);
    await p.apply("web/www", spec("www"));
    await seconds(p, 5);
    expect((await p.row("web/www"))?.ready.status).toBe("True");
    expect((await p.row("web/www"))?.revision).toBe(1);
  });
});

describe("resync", () => {
  it("finds what no event told: new, edited and deleted objects", async () => {
    const p = await withIssuer();
    for (const name of ["edited", "deleted"]) await p.apply(`web/${name}`, spec(name));
    await p.time.runUntilTrue(async () => (await p.ready("web/edited")) && (await p.ready("web/deleted")));
    const key = (name: string) => ({ namespace: "web", kind: "Certificate", name }) as const;
    await p.requests.put({ key: key("new"), apiVersion: "certwright.dev/v1", spec: spec("new") });
    await p.requests.put({
      key: key("edited"),
      apiVersion: "certwright.dev/v1",
      spec: spec("edited", { dnsNames: ["e2.example.test"] }),
    });
    await p.requests.delete(key("deleted"));
    await seconds(p, 120);
    expect(await p.ready("web/new")).toBe(false);
    p.resync();
    await seconds(p, 60);
    expect(await p.ready("web/new")).toBe(true);
    expect((await leaf(p, "edited")).subjectAltName).toBe("DNS:e2.example.test");
    expect((await p.row("web/deleted"))?.deletedAt).toBeDefined();
  });
});
