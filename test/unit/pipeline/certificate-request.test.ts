import { createPrivateKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { refOf } from "../../../core/attempt-ref.ts";
import { ownRequest } from "../../support/own-request.ts";
import { acme, eventsOf, id, key, resultOf, seconds, withIssuers } from "../../support/own-request-world.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";

const issuers: [string, Record<string, unknown>][] = [
  ["an ACME issuer over DNS01", acme],
  ["a private CA", { name: "root" }],
];

describe("a CertificateRequest", () => {
  it.each(issuers)(
    "of %s is signed for the key that its owner has, once, and nothing else is written",
    async (_, issuerRef) => {
      const p = await withIssuers();
      const facts = p.facts.length;
      const own = await ownRequest();
      await p.apply(id, { request: own.request, issuerRef });
      await seconds(p, 300);
      const { leaf, item, signed } = await resultOf(p);
      expect(leaf?.checkPrivateKey(createPrivateKey(own.keyPem))).toBe(true);
      expect(leaf?.subjectAltName).toBe("DNS:www.example.test");
      expect(signed?.notAfter).toBe(leaf?.validToDate.getTime());
      expect(item?.chain.match(/BEGIN/g)?.length).toBe(issuerRef === acme ? 2 : 1);
      const row = await p.row(id);
      expect(row?.ready).toMatchObject({
        status: "True",
        reason: "Issued",
        message: "Certificate fetched from issuer successfully",
      });
      expect(row?.own?.approved).toMatchObject({
        status: "True",
        reason: "cert-manager.io",
        message: "Certificate request has been approved by cert-manager.io",
      });
      expect([row?.dueAt, row?.lane, row?.issued, row?.attempt, row?.issuing]).toEqual(Array(5).fill(undefined));
      expect((await eventsOf(p)).sort()).toEqual(["CertificateIssued", "cert-manager.io"]);
      expect(p.facts).toHaveLength(facts);
      const [attempt] = await p.state.attemptsOf(key);
      expect(attempt).toMatchObject({ outcome: { result: "issued", reason: "Issued" } });
      expect(attempt?.hasRecords).toBeUndefined();
      expect(await p.state.sealedKey(refOf(key, signed?.attemptId ?? ""))).toBeUndefined();
    },
  );

  it("may be proven over HTTP01, and leaves no answer behind", async () => {
    const p = await openPipeline();
    await p.issuer("http", { solvers: [{ http01: { ingress: {} } }] });
    await seconds(p, 5);
    const claimed: string[] = [];
    const { claimAnswer } = p.state;
    p.state.claimAnswer = async (answer, ref) => {
      claimed.push(answer.token);
      return claimAnswer(answer, ref);
    };
    const own = await ownRequest();
    await p.apply(id, { request: own.request, issuerRef: { name: "http", kind: "ClusterIssuer" } });
    await seconds(p, 300);
    expect((await resultOf(p)).leaf?.checkPrivateKey(createPrivateKey(own.keyPem))).toBe(true);
    expect(claimed).toHaveLength(1);
    expect(await p.state.answerTo(claimed[0] ?? "")).toBeUndefined();
  });

  it("is never renewed, and neither the resync nor another look makes it begin again", async () => {
    const p = await withIssuers({ sweepSeconds: 86_400 });
    await p.apply(id, { request: (await ownRequest()).request, issuerRef: { name: "root" } });
    await seconds(p, 60);
    const first = await resultOf(p);
    await seconds(p, 200 * 86_400);
    p.resync();
    p.dispatch(id);
    await seconds(p, 300);
    expect(p.executions.filter(({ input }) => input.attempts.some(({ kind }) => kind))).toHaveLength(1);
    expect((await p.row(id))?.ready.reason).toBe("Issued");
    expect((await resultOf(p)).item).toEqual(first.item);
  });

  it("is not the Certificate of the same name", async () => {
    const p = await withIssuers();
    await p.apply("web/www", { secretName: "www-tls", dnsNames: ["www.example.test"], issuerRef: { name: "root" } });
    await p.apply(id, { request: (await ownRequest()).request, issuerRef: { name: "root" } });
    await seconds(p, 60);
    expect(await p.ready("web/www")).toBe(true);
    await p.delete(id);
    await seconds(p, 60);
    expect((await p.row(id))?.deletedAt).toBeDefined();
    expect(await p.ready("web/www")).toBe(true);
    expect(p.facts.filter(({ type }) => type === "Certificate Deleted")).toEqual([]);
  });

  it("has the duration, usages and isCA of its spec at a private CA", async () => {
    const p = await withIssuers();
    const own = await ownRequest({ names: [], subject: [[{ oid: "2.5.4.3", value: "Sub CA" }]] });
    const spec = {
      request: own.request,
      issuerRef: { name: "root" },
      isCA: true,
      duration: "24h",
      usages: ["crl sign"],
    };
    await p.apply(id, spec);
    await seconds(p, 60);
    const { leaf, signed } = await resultOf(p);
    expect(leaf?.ca).toBe(true);
    expect((signed?.notAfter ?? 0) - (signed?.notBefore ?? 0)).toBe(86_400_000);
    expect(leaf?.subject).toBe("CN=Sub CA");
  });

  it("waits for its issuer, and goes on within seconds of that", async () => {
    const p = await openPipeline();
    await p.apply(id, { request: (await ownRequest()).request, issuerRef: acme });
    await seconds(p, 60);
    expect(await p.row(id)).toMatchObject({
      ready: { status: "False", reason: "Pending" },
      issuing: { reason: "IssuerNotFound" },
      own: { approved: { status: "True" } },
    });
    await p.issuer();
    await seconds(p, 120);
    expect((await p.row(id))?.ready.reason).toBe("Issued");
  });
});

describe("a selfSigned issuer", () => {
  const issuerRef = { name: "selfsigned" };
  const annotated = { annotations: { "cert-manager.io/private-key-secret-name": "own-key" } };
  const store = (p: Pipeline, keyPem: string) =>
    p.stores.secretsManager.write({
      ...{ name: "certwright/web/own-key", value: JSON.stringify({ "tls.key": keyPem }), token: "by-hand" },
      ...{ replaces: undefined, owner: "", namespace: "web", issuer: "" },
    });

  it("signs with the key that cert-manager's annotation names, once that is stored", async () => {
    const p = await withIssuers();
    const own = await ownRequest();
    await p.apply(id, { request: own.request, issuerRef }, annotated);
    await seconds(p, 30);
    expect(await p.row(id)).toMatchObject({
      ready: { reason: "Pending", message: expect.stringMatching(/^Referenced secret web\/own-key not found/) },
      issuing: { reason: "MissingSecret" },
    });
    await store(p, own.keyPem);
    await seconds(p, 300);
    const { leaf, item } = await resultOf(p);
    expect(leaf?.verify(leaf.publicKey)).toBe(true);
    expect(leaf?.checkPrivateKey(createPrivateKey(own.keyPem))).toBe(true);
    expect(item?.ca).toBe(item?.chain);
  });

  it("refuses one without the annotation, and one of another key, for good", async () => {
    const p = await withIssuers();
    await p.apply(id, { request: (await ownRequest()).request, issuerRef });
    await seconds(p, 60);
    expect(await p.row(id)).toMatchObject({ ready: { reason: "Failed" }, issuing: { reason: "MissingAnnotation" } });
    await store(p, (await ownRequest()).keyPem);
    await p.apply("web/CertificateRequest/other", { request: (await ownRequest()).request, issuerRef }, annotated);
    await seconds(p, 60);
    expect(await p.row("web/CertificateRequest/other")).toMatchObject({
      ready: { reason: "Failed", message: expect.stringMatching(/CSR not signed by referenced private key/) },
      issuing: { reason: "ErrorKeyMatch" },
    });
  });
});
