import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec } from "../../support/specs.ts";

const minutes = async (p: Pipeline, count: number) =>
  p.time.runUntil(new Date(p.time.now().getTime() + count * 60_000));

/** A pipeline with an ACME issuer that counts how often the Certificate's row is written. */
async function withIssuer() {
  const p = await openPipeline();
  await p.issuer();
  await minutes(p, 1);
  const counted = { writes: 0 };
  const { putCertificate } = p.state;
  p.state.putCertificate = (row) => {
    counted.writes += 1;
    return putCertificate(row);
  };
  return { p, counted };
}

const spiffe = certificateSpec("www", { uris: ["spiffe://example.test/www"] });

describe("a Certificate that asks an ACME issuer for what none certifies", () => {
  it("says so, takes no key, order or token, and is looked at ever more rarely", async () => {
    const { p, counted } = await withIssuer();
    await p.apply("web/www", spiffe);
    await minutes(p, 24 * 60);
    expect((await p.row("web/www"))?.ready).toMatchObject({
      status: "False",
      reason: "InvalidOrder",
      message: expect.stringMatching(/^spec\.uris: .*; remove it, or use a ca or selfSigned issuer$/),
    });
    expect([p.executions, p.ca.orders.size, p.facts]).toEqual([[], 0, []]);
    expect(counted.writes).toBeLessThanOrEqual(10);
  });

  it("is issued within seconds once its spec is corrected", async () => {
    const { p } = await withIssuer();
    await p.apply("web/www", spiffe);
    await minutes(p, 60);
    await p.apply("web/www", certificateSpec("www"));
    await minutes(p, 1);
    expect(await p.ready("web/www")).toBe(true);
  });

  it("is looked at again at once when the issuer was changed", async () => {
    const { p, counted } = await withIssuer();
    await p.apply("web/www", spiffe);
    await minutes(p, 12 * 60);
    const before = counted.writes;
    await p.issuer("ca", { email: "ops@example.test" });
    await minutes(p, 1);
    expect(counted.writes).toBeGreaterThan(before);
  });
});

describe("an ACME issuer", () => {
  it("gets the subject, and a common name as an A-label that is one of the names", async () => {
    const { p } = await withIssuer();
    const subject = { organizations: ["Example"], countries: ["DE"] };
    await p.apply("web/www", certificateSpec("www", { commonName: "B\u00fccher.Example.test", subject }));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    const leaf = new X509Certificate((await p.secret("web", "www-tls"))?.["tls.crt"] ?? "");
    expect(leaf.subject).toBe("C=DE\nO=Example\nCN=xn--bcher-kva.example.test");
    expect(leaf.subjectAltName).toBe("DNS:www.example.test, DNS:xn--bcher-kva.example.test");
  });
});
