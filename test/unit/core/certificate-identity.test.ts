import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import { ariCertId, readCertificate, verifyChain } from "../../../core/certificate-identity.ts";
import { RefusedError } from "../../../core/errors.ts";
import { barePem, interPem, leafPem, plainPem, rootPem } from "./openssl-certificates.ts";

describe("readCertificate", () => {
  it("reads what openssl reads", () => {
    expect(readCertificate(leafPem)).toEqual({
      names: ["www.example.com", "*.example.com"],
      ipAddresses: ["192.0.2.7", "2001:db8::1"],
      uris: ["spiffe://example.com/a"],
      emailAddresses: ["ops@example.com"],
      commonName: "www.example.com",
      subject: {
        "2.5.4.6": ["DE"],
        "2.5.4.10": ["Example, Inc.", "Zweite Firma"],
        "2.5.4.11": ["Gr\u00fcn"],
        "2.5.4.8": ["Bayern"],
        "2.5.4.7": ["M\u00fcnchen"],
        "2.5.4.17": ["80331"],
        "2.5.4.9": ["Weg 1"],
        "2.5.4.5": ["77"],
        "2.5.4.3": ["www.example.com"],
      },
      issuerCommonName: "Fixture Intermediate",
      notBefore: new Date("2026-11-22T19:44:40Z"),
      notAfter: new Date("2126-10-29T19:44:40Z"),
      serial: "87654321",
      fingerprint: "eace92624e158d09d715f10e52a87c233bd72ed8beee810efb864844c303084e",
      publicKeyHash: "5c1c45773e105b6da91da55142b9972d643283b4d83b6da15ac6832c1e943b3a",
      isSelfSigned: false,
    });
  });

  it("keeps the order of names and needs no subject", () => {
    const plain = readCertificate(plainPem);
    expect(plain).toMatchObject({ names: ["b.example.com", "a.example.com"], subject: {}, serial: "7F" });
    expect(plain).not.toHaveProperty("commonName");
  });

  it("reads the first of a chain, past text around it", () => {
    expect(readCertificate(`subject=x\r\n${leafPem}${interPem}`).serial).toBe("87654321");
  });

  it("knows a root by its own signature, and that it has no names", () => {
    expect(readCertificate(rootPem)).toMatchObject({ isSelfSigned: true, names: [], issuerCommonName: "Fixture Root" });
    expect(readCertificate(interPem).isSelfSigned).toBe(false);
  });

  it.each([
    ["nothing", ""],
    ["other PEM", leafPem.replaceAll("CERTIFICATE", "X509 CRL")],
    ["a cut one", leafPem.replace(/[A-Za-z0-9+/]{64}\n/, "")],
    ["half a chain", leafPem + interPem.replace(/MII/, "AAA")],
  ])("refuses %s", (_, pem) => {
    expect(() => readCertificate(pem)).toThrow(RefusedError);
  });
});

describe("ariCertId", () => {
  it("is the example of RFC 9773 4.1", () => {
    expect(ariCertId(leafPem)).toBe("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
  });

  it("has no leading zero byte where the serial has none", () => {
    expect(ariCertId(plainPem)).toBe("aYhba4dGQEHhs3uEe6CuLN4ByNQ.fw");
  });

  it("is missing without an authority key identifier", () => {
    expect(ariCertId(barePem)).toBeUndefined();
  });
});

describe("verifyChain", () => {
  it.each<[string, string, boolean]>([
    ["leaf, intermediate, root", leafPem + interPem + rootPem, true],
    ["leaf, intermediate", leafPem + interPem, true],
    ["a certificate alone", leafPem, true],
    ["a gap", leafPem + rootPem, false],
    ["the wrong order", interPem + leafPem, false],
    ["a stranger in between", leafPem + plainPem + interPem, false],
  ])("%s: %#", (_, chain, holds) => {
    expect(verifyChain(chain)).toBe(holds);
  });

  it("does not take a signature by the right key under another name", async () => {
    const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const named = async (subject: string, issuer: string) => {
      const validity = { notBefore: new Date("2026-01-01"), notAfter: new Date("2100-01-01") };
      const content = { subject, issuer, publicKey: keys.publicKey, signingKey: keys.privateKey, ...validity };
      return `${(await X509CertificateGenerator.create(content)).toString("pem")}\n`;
    };
    expect(verifyChain((await named("CN=leaf", "CN=A")) + (await named("CN=A", "CN=A")))).toBe(true);
    expect(verifyChain((await named("CN=leaf", "CN=A")) + (await named("CN=B", "CN=B")))).toBe(false);
  });
});
