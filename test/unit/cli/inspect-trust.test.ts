import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rootsOfThisComputer, trustOf } from "../../../cli/inspect/trust.ts";
import { type OpensslCa, opensslCa } from "../../support/openssl-ca.ts";

let ca: OpensslCa;
beforeAll(async () => {
  ca = await opensslCa();
});
afterAll(() => ca.remove());

describe("trust", () => {
  const now = new Date("2026-11-22T12:00:00Z");
  const x509 = (pem: string) => new X509Certificate(pem);

  it("goes over intermediates to a root, each valid now", async () => {
    const leaf = x509((await ca.leaf()).certificate);
    const [root, intermediate] = [x509(ca.rootPem), x509(ca.intermediatePem)];
    expect(trustOf(leaf, [leaf, intermediate], [root], now)).toEqual({ trusted: true, why: "by CN=Openssl Root" });
    expect(trustOf(leaf, [leaf], [root], now)).toMatchObject({ trusted: false });
    expect(trustOf(leaf, [leaf, intermediate], [], now)).toMatchObject({ trusted: false });
    expect(trustOf(leaf, [leaf], [leaf], now)).toMatchObject({ trusted: true });
    const [early, late] = [new Date("2026-10-01T00:00:00Z"), new Date("2027-03-01T00:00:00Z")];
    expect(trustOf(leaf, [intermediate], [root], early).why).toBe("it is valid from 2026-11-01T00:00:00Z on");
    expect(trustOf(leaf, [intermediate], [root], late).why).toBe("it expired on 2027-02-01T00:00:00Z");
  });

  it("does not go over a certificate that is no CA's", async () => {
    const leaf = x509((await ca.leaf({ signer: "delegate" })).certificate);
    const [root, intermediate, delegate] = [ca.rootPem, ca.intermediatePem, ca.delegatePem].map(x509);
    const between = [delegate, intermediate].filter((one) => one !== undefined);
    expect(leaf.verify(between[0]?.publicKey ?? leaf.publicKey)).toBe(true);
    expect(trustOf(leaf, between, root ? [root] : [], now).trusted).toBe(false);
  });

  it("knows the roots of this computer", () => {
    expect(rootsOfThisComputer().length).toBeGreaterThan(50);
  });
});
