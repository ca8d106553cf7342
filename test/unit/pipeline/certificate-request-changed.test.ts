import { describe, expect, it } from "vitest";
import { ownRequest } from "../../support/own-request.ts";
import { acme, eventsOf, id, resultOf, seconds, withIssuers } from "../../support/own-request-world.ts";
import { openPipeline } from "../../support/pipeline.ts";

describe("a CertificateRequest that is changed", () => {
  const changed = "spec: Forbidden: cannot change spec after creation";

  it("keeps its result, and says that it may not; put back it says so no more", async () => {
    const p = await withIssuers();
    const spec = { request: (await ownRequest()).request, issuerRef: { name: "root" } };
    await p.apply(id, spec);
    await seconds(p, 60);
    const before = await resultOf(p);
    await p.apply(id, { ...spec, duration: "24h" });
    await seconds(p, 60);
    const row = await p.row(id);
    expect(row?.own?.invalid).toMatchObject({ type: "InvalidRequest", status: "True", reason: "SpecChanged" });
    expect(row?.own?.invalid?.message).toMatch(new RegExp(`^${changed}; `));
    const message = "Certificate fetched from issuer successfully";
    expect(row?.ready).toMatchObject({ status: "True", reason: "Issued", message });
    expect(await resultOf(p)).toMatchObject({ signed: before.signed, item: before.item });
    expect(await eventsOf(p)).toContain("SpecChanged");
    await p.apply(id, spec);
    await seconds(p, 60);
    expect((await p.row(id))?.own).toEqual({
      made: row?.own?.made,
      approved: row?.own?.approved,
      signed: before.signed,
    });
  });

  it("is not signed for what it says now, and goes on when it is put back", async () => {
    const p = await openPipeline();
    const spec = { request: (await ownRequest()).request, issuerRef: acme };
    await p.apply(id, spec);
    await seconds(p, 10);
    await p.apply(id, { ...spec, request: (await ownRequest({ names: ["evil.example.test"] })).request });
    await p.issuer();
    await seconds(p, 300);
    const row = await p.row(id);
    expect(row?.ready).toMatchObject({ status: "False", reason: "Pending", message: expect.stringMatching(changed) });
    expect(p.ca.orders.size).toBe(0);
    await p.apply(id, spec);
    await seconds(p, 300);
    expect((await resultOf(p)).leaf?.subjectAltName).toBe("DNS:www.example.test");
  });

  it("in one of cert-manager's annotations says so in its words", async () => {
    const p = await withIssuers();
    const spec = { request: (await ownRequest()).request, issuerRef: { name: "root" } };
    await p.apply(id, spec, { annotations: { "cert-manager.io/private-key-secret-name": "one" } });
    await seconds(p, 60);
    await p.apply(id, spec, { annotations: { "cert-manager.io/private-key-secret-name": "other" } });
    await seconds(p, 60);
    expect((await p.row(id))?.own?.invalid?.message).toMatch(
      /^metadata\.annotations: Forbidden: cannot change cert-manager annotation after creation/,
    );
  });

  it("only in its labels is as good as before", async () => {
    const p = await withIssuers();
    const spec = { request: (await ownRequest()).request, issuerRef: { name: "root" } };
    await p.apply(id, spec);
    await seconds(p, 60);
    await p.apply(id, spec, { labels: { team: "web" } });
    await seconds(p, 60);
    expect((await p.row(id))?.own?.invalid).toBeUndefined();
    expect(p.executions.filter(({ input }) => input.attempts.some(({ kind }) => kind))).toHaveLength(1);
  });

  it("by a deletion is forgotten, and may be made anew with another CSR", async () => {
    const p = await withIssuers();
    await p.apply(id, { request: (await ownRequest()).request, issuerRef: { name: "root" } });
    await seconds(p, 60);
    await p.delete(id);
    await seconds(p, 60);
    expect((await p.row(id))?.own).toBeUndefined();
    const own = await ownRequest({ names: ["next.example.test"] });
    await p.apply(id, { request: own.request, issuerRef: { name: "root" } });
    await seconds(p, 60);
    expect((await resultOf(p)).leaf?.subjectAltName).toBe("DNS:next.example.test");
  });
});
