import "reflect-metadata";
import { X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import { ca } from "../../../../adapters/issuers/ca.ts";
import { selfSigned } from "../../../../adapters/issuers/self-signed.ts";
import { extensionsIn, newKey, orderOf, testSigner } from "../../../contract/signer.ts";

async function newCa(type: Parameters<typeof newKey>[0] = "P-256") {
  const { pkcs8, key } = newKey(type);
  const subject = [[{ oid: "2.5.4.3", value: "Test CA" }]];
  const order = await orderOf(pkcs8, { isCA: true, usages: ["cert sign"] }, { subject, names: [] });
  const certificate = selfSigned.sign(order, { pkcs8 });
  return { certificate, key: key.export({ type: "pkcs8", format: "pem" }).toString() };
}

testSigner("a ca issuer", async (order) => {
  const by = await newCa();
  return { pem: ca.sign(order, by), authority: by.certificate };
});

describe("ca", () => {
  it("has the extensions that Go makes, in Go's order", async () => {
    const constraints = { critical: true, permitted: { dnsDomains: ["example.test"] } } as const;
    const order = await orderOf(
      newKey().pkcs8,
      {
        isCA: true,
        crlDistributionPoints: ["http://crl.example.test/1.crl", "http://crl.example.test/2.crl"],
        ocspServers: ["http://ocsp.example.test"],
        issuingCertificateURLs: ["http://pki.example.test/ca.crt"],
      },
      { isCA: true, nameConstraints: constraints as never },
    );
    const pem = ca.sign(order, await newCa());
    expect(extensionsIn(pem)).toEqual([
      ...["2.5.29.15!", "2.5.29.37", "2.5.29.19!", "2.5.29.14", "2.5.29.35", "1.3.6.1.5.5.7.1.1"],
      ...["2.5.29.30!", "2.5.29.31", "2.5.29.17"],
    ]);
    const read = new x509.X509Certificate(pem);
    expect(read.getExtension(x509.CRLDistributionPointsExtension)?.distributionPoints).toHaveLength(2);
    expect(new X509Certificate(pem).infoAccess).toBe(
      "OCSP - URI:http://ocsp.example.test\nCA Issuers - URI:http://pki.example.test/ca.crt",
    );
  });

  it("names its CA by the CA's own key identifier, and a leaf that is no CA has none itself", async () => {
    const by = await newCa();
    const leaf = new x509.X509Certificate(ca.sign(await orderOf(newKey().pkcs8), by));
    const identifier = new x509.X509Certificate(by.certificate).getExtension(x509.SubjectKeyIdentifierExtension);
    expect(leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId).toBe(identifier?.keyId);
    expect(leaf.getExtension(x509.SubjectKeyIdentifierExtension)).toBeNull();
  });

  it("does not name a CA of the certificate's own name by its key identifier, as Go does not", async () => {
    const by = await newCa();
    const subject = [[{ oid: "2.5.4.3", value: "Test CA" }]];
    const pem = ca.sign(await orderOf(newKey().pkcs8, {}, { subject }), by);
    expect(new x509.X509Certificate(pem).getExtension(x509.AuthorityKeyIdentifierExtension)).toBeNull();
    expect(new X509Certificate(pem).verify(new X509Certificate(by.certificate).publicKey)).toBe(true);
  });

  it("writes the NULL that RFC 4055 wants after RSA's algorithm, and nothing after the others", async () => {
    const sha256WithRsa = Buffer.from("300d06092a864886f70d01010b0500", "hex");
    const ecdsaWithSha256 = Buffer.from("300a06082a8648ce3d040302", "hex");
    for (const [type, algorithm] of [["rsa", sha256WithRsa] as const, ["P-256", ecdsaWithSha256] as const]) {
      const { raw } = new X509Certificate(ca.sign(await orderOf(newKey().pkcs8), await newCa(type)));
      const first = raw.indexOf(algorithm);
      expect([first > 0, raw.indexOf(algorithm, first + 1) > 0]).toEqual([true, true]);
    }
  });

  it.each([
    ["rsa", { name: "RSASSA-PKCS1-v1_5", hash: { name: "SHA-256" } }],
    ["P-384", { name: "ECDSA", hash: { name: "SHA-384" } }],
    ["P-521", { name: "ECDSA", hash: { name: "SHA-512" } }],
    ["ed25519", { name: "Ed25519" }],
  ] as const)("signs by its own key, here %s, whatever the leaf's", async (type, expected) => {
    const by = await newCa(type);
    const pem = ca.sign(await orderOf(newKey().pkcs8), by);
    expect(new x509.X509Certificate(pem).signatureAlgorithm).toMatchObject(expected);
    expect(new X509Certificate(pem).verify(new X509Certificate(by.certificate).publicKey)).toBe(true);
  });

  it("keeps the subject as it was encoded: several values, order, types of text", async () => {
    const subject = [
      [{ oid: "2.5.4.6", value: "DE" }],
      [
        { oid: "2.5.4.10", value: "Grün & Söhne" },
        { oid: "2.5.4.11", value: "IT" },
      ],
      [{ oid: "0.9.2342.19200300.100.1.25", value: "example" }],
    ];
    const order = await orderOf(newKey().pkcs8, {}, { subject });
    const read = new x509.X509Certificate(ca.sign(order, await newCa()));
    const asked = new x509.Pkcs10CertificateRequest(Uint8Array.from(order.csr));
    expect(Buffer.from(read.subjectName.toArrayBuffer())).toEqual(Buffer.from(asked.subjectName.toArrayBuffer()));
  });
});
