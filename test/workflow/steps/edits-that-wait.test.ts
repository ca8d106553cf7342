import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const seconds = (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));

/** A pipeline with one Certificate that is Ready. */
async function withCertificate(limits?: object): Promise<Pipeline> {
  const p = await openPipeline();
  const annotations = { "certwright.dev/rate-limits": JSON.stringify(limits ?? {}) };
  const acme = {
    server: "https://memory.test/directory",
    privateKeySecretRef: { name: "ca-account" },
    profile: "default",
    solvers: [{ dns01: { route53: {} } }],
  };
  await p.apply("_cluster/ClusterIssuer/ca", { acme }, { annotations });
  await seconds(p, 5);
  await p.apply("web/www", spec("www"));
  await p.time.runUntilTrue(() => p.ready("web/www"));
  return p;
}

const twoNames = { dnsNames: ["www.example.test", "api.example.test"] };

async function namesOf(p: Pipeline): Promise<string[]> {
  const { subjectAltName = "" } = new X509Certificate((await p.secret("web", "www-tls"))?.["tls.crt"] ?? "");
  return subjectAltName.split(", ").map((name) => name.replace("DNS:", ""));
}

describe("an edit of a working certificate is not forgotten while it waits", () => {
  it("for an issuer that comes later", async () => {
    const p = await withCertificate();
    await p.apply("web/www", spec("www", { ...twoNames, issuerRef: { name: "other", kind: "ClusterIssuer" } }));
    await seconds(p, 30);
    expect((await p.row("web/www"))?.issuing).toMatchObject({ reason: "IssuerNotFound" });
    await p.issuer("other");
    await seconds(p, 30);
    expect(await namesOf(p)).toEqual(twoNames.dnsNames);
    expect(await p.row("web/www")).toMatchObject({ revision: 2, issuer: "_cluster/ClusterIssuer/other" });
  });

  it("for a token", async () => {
    const p = await withCertificate({ executions: { capacity: 2, refillSeconds: 600 } });
    await p.apply("web/www", spec("www", { dnsNames: ["www.example.test", "b.example.test"] }));
    await p.time.runUntilTrue(async () => (await p.row("web/www"))?.revision === 2);
    await p.apply("web/www", spec("www", twoNames));
    await seconds(p, 30);
    expect((await p.row("web/www"))?.issuing).toMatchObject({ reason: "RateLimited" });
    await seconds(p, 900);
    expect(await namesOf(p)).toEqual(twoNames.dnsNames);
  });

  it("after a challenge of it was refused", async () => {
    const p = await withCertificate();
    const publish = p.dns.publish;
    p.dns.publish = async (records) => records.map((record) => ({ record, change: "lost" }));
    await p.apply("web/www", spec("www", twoNames));
    await seconds(p, 30);
    expect((await p.row("web/www"))?.issuing).toMatchObject({ reason: "ChallengeRefused" });
    p.dns.publish = publish;
    await seconds(p, 300);
    expect(await namesOf(p)).toEqual(twoNames.dnsNames);
    expect((await p.row("web/www"))?.revision).toBe(2);
  });

  it("and says so: Ready is not True for a generation that was not issued", async () => {
    const p = await withCertificate();
    p.dns.publish = async (records) => records.map((record) => ({ record, change: "lost" }));
    await p.apply("web/www", spec("www", twoNames));
    await seconds(p, 30);
    const ready = (await p.row("web/www"))?.ready;
    expect(ready).toMatchObject({ status: "False", reason: "ChallengeRefused", observedGeneration: 2 });
  });
});
