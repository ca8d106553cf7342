import "reflect-metadata";
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ca } from "../../../adapters/issuers/ca.ts";
import { selfSigned } from "../../../adapters/issuers/self-signed.ts";
import { rootsOfThisComputer, trustOf } from "../../../cli/inspect/trust.ts";
import { newKey, orderOf } from "../../contract/signer.ts";
import { type OpensslCa, opensslCa } from "../../support/openssl-ca.ts";

let made: OpensslCa;
beforeAll(async () => {
  made = await opensslCa();
});
afterAll(() => made.remove());

describe("trust", () => {
  const now = new Date("2026-11-22T12:00:00Z");
  const x509 = (pem: string) => new X509Certificate(pem);

  it("goes over intermediates to a root, each valid now", async () => {
    const leaf = x509((await made.leaf()).certificate);
    const [root, intermediate] = [x509(made.rootPem), x509(made.intermediatePem)];
    expect(trustOf(leaf, [leaf, intermediate], [root], now)).toEqual({ trusted: true, why: "by CN=Openssl Root" });
    expect(trustOf(leaf, [leaf], [root], now)).toMatchObject({ trusted: false });
    expect(trustOf(leaf, [leaf, intermediate], [], now)).toMatchObject({ trusted: false });
    expect(trustOf(leaf, [leaf], [leaf], now)).toMatchObject({ trusted: true });
    const [early, late] = [new Date("2026-10-01T00:00:00Z"), new Date("2027-03-01T00:00:00Z")];
    expect(trustOf(leaf, [intermediate], [root], early).why).toBe("it is valid from 2026-11-01T00:00:00Z on");
    expect(trustOf(leaf, [intermediate], [root], late).why).toBe("it expired on 2027-02-01T00:00:00Z");
  });

  it("does not begin at a root that has ended, or is yet to begin", async () => {
    const [mine, theirs] = [newKey(), newKey()];
    const dates = (from: string, to: string) => ({ notBefore: new Date(from), notAfter: new Date(to) });
    const subject = [[{ oid: "2.5.4.3", value: "Test CA" }]];
    const wish = { isCA: true, usages: ["cert sign"] } as const;
    const rootOf = async (from: string, to: string) =>
      selfSigned.sign(await orderOf(mine.pkcs8, { ...wish, ...dates(from, to) }, { subject, names: [] }), mine);
    const valid = await rootOf("2026-11-01", "2027-11-01");
    const key = mine.key.export({ type: "pkcs8", format: "pem" }).toString();
    const order = await orderOf(theirs.pkcs8, dates("2026-11-01", "2027-02-01"));
    const leaf = x509(ca.sign(order, { certificate: valid, key }));
    expect(trustOf(leaf, [], [x509(valid)], now).trusted).toBe(true);
    for (const [from, to] of [["2026-11-01", "2026-11-10"] as const, ["2026-12-01", "2027-11-01"] as const])
      expect(trustOf(leaf, [], [x509(await rootOf(from, to))], now).trusted).toBe(false);
  });

  it("does not go over a certificate that is no CA's", async () => {
    const leaf = x509((await made.leaf({ signer: "delegate" })).certificate);
    const [root, intermediate, delegate] = [made.rootPem, made.intermediatePem, made.delegatePem].map(x509);
    const between = [delegate, intermediate].filter((one) => one !== undefined);
    expect(leaf.verify(between[0]?.publicKey ?? leaf.publicKey)).toBe(true);
    expect(trustOf(leaf, between, root ? [root] : [], now).trusted).toBe(false);
  });

  it("knows the roots of this computer", () => {
    expect(rootsOfThisComputer().length).toBeGreaterThan(50);
  });
});
