import { describe, expect, it } from "vitest";
import { openPipeline } from "../../support/pipeline.ts";

const spec = (name: string, more: object = {}) => ({
  secretName: `${name}-tls`,
  dnsNames: [`${name}.example.test`],
  issuerRef: { name: "ca", kind: "ClusterIssuer" },
  privateKey: { algorithm: "ECDSA" },
  ...more,
});

describe("the pipeline in memory", () => {
  it("brings one Certificate to Ready in 20 states, with eight requests, and leaves no TXT", async () => {
    const p = await openPipeline();
    await p.issuer();
    await p.time.runUntil(new Date(p.time.now().getTime() + 5_000));
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    const row = await p.row("web/www");
    expect(row).toMatchObject({ revision: 1, ready: { reason: "Ready" } });
    expect(row?.attempt).toBeUndefined();
    await p.time.runUntil(new Date(p.time.now().getTime() + 5_000));
    expect(p.executions.map(({ status }) => status)).toEqual(["SUCCEEDED"]);
    expect(p.executions[0]?.entered.length).toBeLessThanOrEqual(20);
    expect(p.dns.names()).toEqual([]);
    expect(Object.keys((await p.secret("web", "www-tls")) ?? {})).toEqual(["tls.crt", "tls.key", "metadata"]);
    expect(p.facts.map(({ type }) => type)).toEqual(["Certificate Issued"]);
    expect(p.logs).toEqual([]);
  });
});
