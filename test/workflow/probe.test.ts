import { expect, it } from "vitest";
import { openPipeline } from "../support/pipeline.ts";
const spec = (name: string, more: object = {}) => ({
  secretName: `${name}-tls`,
  dnsNames: [`${name}.example.test`],
  issuerRef: { name: "ca", kind: "ClusterIssuer" },
  privateKey: { algorithm: "ECDSA" },
  ...more,
});
it("edit waits for issuer", async () => {
  const p = await openPipeline();
  await p.issuer();
  await p.time.runUntil(new Date(p.time.now().getTime() + 5_000));
  await p.apply("web/www", spec("www"));
  await p.time.runUntilTrue(() => p.ready("web/www"));
  await p.apply("web/www", spec("www", { dnsNames: ["www.example.test", "b.example.test"], issuerRef: { name: "other", kind: "ClusterIssuer" } }));
  await p.time.runUntil(new Date(p.time.now().getTime() + 30_000));
  console.log(JSON.stringify(await p.row("web/www"), null, 1));
  await p.issuer("other");
  await p.time.runUntil(new Date(p.time.now().getTime() + 300_000));
  const row = await p.row("web/www");
  console.log(JSON.stringify(row, null, 1));
  expect(row?.revision).toBe(2);
});
it("edit that fails", async () => {
  const p = await openPipeline();
  await p.issuer();
  await p.time.runUntil(new Date(p.time.now().getTime() + 5_000));
  await p.apply("web/www", spec("www"));
  await p.time.runUntilTrue(() => p.ready("web/www"));
  await p.apply("web/www", spec("www", { dnsNames: ["www.example.test", "b.nozone.invalid"] }));
  await p.time.runUntil(new Date(p.time.now().getTime() + 30_000));
  console.log(JSON.stringify(await p.row("web/www"), null, 1));
  await p.time.runUntil(new Date(p.time.now().getTime() + 3000_000));
  const row = await p.row("web/www");
  console.log(JSON.stringify(row, null, 1));
});
