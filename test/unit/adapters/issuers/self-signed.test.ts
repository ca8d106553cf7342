import "reflect-metadata";
import { X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import { selfSigned } from "../../../../adapters/issuers/self-signed.ts";
import { extensionsIn, newKey, orderOf, testSigner } from "../../../contract/signer.ts";

testSigner("selfSigned", async (order, { pkcs8 }) => ({
  pem: selfSigned.sign(order, { pkcs8 }),
  authority: undefined,
}));

describe("selfSigned", () => {
  it("has the extensions that Go makes, in Go's order, and no identifier of its authority, which it is itself", async () => {
    const key = newKey();
    const crlDistributionPoints = ["http://crl.example.test/ca.crl"];
    const pem = selfSigned.sign(await orderOf(key.pkcs8, { isCA: true, crlDistributionPoints }), key);
    expect(extensionsIn(pem)).toEqual([
      ...["2.5.29.15!", "2.5.29.37", "2.5.29.19!", "2.5.29.14", "2.5.29.31", "2.5.29.17"],
    ]);
  });

  it.each([
    ["rsa", undefined, { name: "RSASSA-PKCS1-v1_5", hash: { name: "SHA-256" } }],
    ["rsa", "SHA512WithRSA", { name: "RSASSA-PKCS1-v1_5", hash: { name: "SHA-512" } }],
    ["P-256", undefined, { name: "ECDSA", hash: { name: "SHA-256" } }],
    ["P-256", "ECDSAWithSHA384", { name: "ECDSA", hash: { name: "SHA-384" } }],
    ["P-384", undefined, { name: "ECDSA", hash: { name: "SHA-384" } }],
    ["P-521", undefined, { name: "ECDSA", hash: { name: "SHA-512" } }],
    ["ed25519", undefined, { name: "Ed25519" }],
  ] as const)("of an %s key asked for %s is signed by %o", async (type, signatureAlgorithm, expected) => {
    const key = newKey(type);
    const pem = selfSigned.sign(await orderOf(key.pkcs8), { ...key, signatureAlgorithm });
    expect(new x509.X509Certificate(pem).signatureAlgorithm).toMatchObject(expected);
    const read = new X509Certificate(pem);
    expect(read.verify(read.publicKey)).toBe(true);
  });
});
