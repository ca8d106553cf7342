import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crlUrlsOf } from "../../../core/certificate-identity.ts";
import { readCrl } from "../../../core/crl.ts";
import { ocspRequest, readOcspResponse } from "../../../core/ocsp.ts";
import { type OpensslCa, opensslCa } from "../../support/openssl-ca.ts";
import { makeChain } from "../../support/test-chain.ts";

let ca: OpensslCa;
let issuer: X509Certificate;
let stranger: X509Certificate;
let good: X509Certificate;
let bad: X509Certificate;

beforeAll(async () => {
  ca = await opensslCa();
  issuer = new X509Certificate(ca.intermediatePem);
  stranger = new X509Certificate(ca.rootPem);
  good = new X509Certificate((await ca.leaf()).certificate);
  const revoked = await ca.leaf();
  bad = new X509Certificate(revoked.certificate);
  await ca.revoke(revoked.certificate, "keyCompromise");
});
afterAll(() => ca.remove());

describe("a revocation list that openssl made", () => {
  it("names what was revoked, when and why, and nothing else", async () => {
    const crl = readCrl(await ca.crl());
    expect(crl.revocationOf(bad.serialNumber)).toEqual({ at: expect.any(Date), reason: "keyCompromise" });
    expect(crl.revocationOf(good.serialNumber)).toBeUndefined();
    expect(crl.thisUpdate.toISOString()).toBe("2026-11-20T00:00:00.000Z");
    expect(crl.nextUpdate?.toISOString()).toBe("2026-11-27T00:00:00.000Z");
    expect(crl.isDelta).toBe(false);
  });

  it("is signed by its issuer and by nobody else, whole", async () => {
    const der = await ca.crl();
    expect(readCrl(der).isSignedBy(issuer)).toBe(true);
    expect(readCrl(der).isSignedBy(stranger)).toBe(false);
    const forged = Buffer.from(der);
    // Another serial number in the list.
    const at = forged.indexOf(Buffer.from(bad.serialNumber, "hex"));
    forged[at + 3] = (forged[at + 3] ?? 0) ^ 1;
    expect(readCrl(forged).isSignedBy(issuer)).toBe(false);
  });

  it("may be written in PEM", async () => {
    const base64 = (await ca.crl()).toString("base64").replace(/.{64}/g, "$&\n");
    const pem = Buffer.from(`-----BEGIN X509 CRL-----\n${base64}\n-----END X509 CRL-----\n`);
    expect(readCrl(pem).revocationOf(bad.serialNumber)?.reason).toBe("keyCompromise");
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["a page", Buffer.from("<html>not found</html>")],
    ["a certificate", "certificate"],
    ["half a list", "half"],
  ])("is not %s", async (_what, bytes) => {
    const list = await ca.crl();
    const given = { certificate: good.raw, half: list.subarray(0, list.length / 2) }[String(bytes)] ?? bytes;
    expect(() => readCrl(given as Buffer)).toThrow(RangeError);
  });
});

describe("an entry of a revocation list", () => {
  it("speaks of its own CA's certificates only, until one names another CA", async () => {
    const chain = await makeChain({ now: () => new Date("2026-11-22T12:00:00Z") });
    const entries = [
      { serialNumber: "4101", reason: 4 },
      { serialNumber: "4102", reason: 4, issuer: "CN=Another CA" },
      { serialNumber: "4103", reason: 4 },
    ];
    const crl = readCrl(await chain.crl(entries));
    expect(["4101", "4102", "4103"].map((serial) => crl.revocationOf(serial)?.reason)).toEqual([
      "superseded",
      undefined,
      undefined,
    ]);
  });
});

describe("the lists that a certificate names", () => {
  const urlsOf = async (...more: string[]) => crlUrlsOf(new X509Certificate((await ca.leaf({ more })).certificate));

  it.each([
    ["are none", [], 0],
    ["are http and https URLs, in their order", ["URI:http://a.test/1.crl,URI:https://b.test/2.crl"], 2],
    ["are in no directory", ["URI:ldap://a.test/cn=crl,URI:http://a.test/1.crl"], 1],
    ["are not of another CA", ["other"], 0],
    ["are not of some reasons only", ["some"], 0],
  ])("%s", async (_sentence, points, expected) => {
    const sections: Record<string, string[]> = {
      other: [
        "crlDistributionPoints=p",
        "[p]",
        "fullname=URI:http://a.test/1.crl",
        "CRLissuer=dirName:d",
        "[d]",
        "CN=Other",
      ],
      some: ["crlDistributionPoints=p", "[p]", "fullname=URI:http://a.test/1.crl", "reasons=keyCompromise"],
    };
    const [point] = points;
    const lines = point === undefined ? [] : (sections[point] ?? [`crlDistributionPoints=${point}`]);
    const urls = await urlsOf(...lines);
    expect(urls).toHaveLength(expected);
    expect(urls.every((url) => /^https?:\/\/[ab]\.test\/[12]\.crl$/.test(url))).toBe(true);
  });
});

describe("an OCSP answer that openssl made", () => {
  const ask = async (certificate: X509Certificate, signer?: "intermediate" | "delegate" | "stranger") =>
    readOcspResponse(await ca.ocsp(ocspRequest(certificate, issuer), signer), { certificate, issuer });

  it("is good for a certificate that was not revoked", async () => {
    const answer = await ask(good);
    expect(answer).toEqual({ status: "good", thisUpdate: expect.any(Date), nextUpdate: expect.any(Date) });
  });

  it("says of a revoked one when and why, also by the issuer's delegate", async () => {
    expect(await ask(bad)).toMatchObject({ status: "revoked", revokedAt: expect.any(Date), reason: "keyCompromise" });
    expect(await ask(bad, "delegate")).toMatchObject({ status: "revoked" });
  });

  it("is refused when somebody else signed it, even under the issuer's name", async () => {
    await expect(ask(good, "stranger")).rejects.toThrow("not signed by the issuer");
  });

  it("is refused when it is about another certificate, or was changed", async () => {
    const der = await ca.ocsp(ocspRequest(good, issuer));
    expect(() => readOcspResponse(der, { certificate: bad, issuer })).toThrow("about another certificate");
    const forged = Buffer.from(der);
    const at = forged.indexOf(Buffer.from(good.serialNumber, "hex"));
    forged[at + 3] = (forged[at + 3] ?? 0) ^ 1;
    expect(() => readOcspResponse(forged, { certificate: good, issuer })).toThrow("not signed by the issuer");
  });

  it("is refused when the responder refuses", () => {
    const tryLater = Buffer.from([0x30, 0x03, 0x0a, 0x01, 0x03]);
    expect(() => readOcspResponse(tryLater, { certificate: good, issuer })).toThrow("the responder answered tryLater");
  });
});
