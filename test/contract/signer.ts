import "reflect-metadata";
import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import { makeCsr } from "../../adapters/keys/csr.ts";
import type { SigningOrder } from "../../core/signing-port.ts";

/** A key of a subject, PKCS#8 DER. */
export type MadeKey = ReturnType<typeof newKey>;

export function newKey(type: "rsa" | "P-256" | "P-384" | "P-521" | "ed25519" = "P-256") {
  const { privateKey } = pairOf(type);
  return { pkcs8: privateKey.export({ type: "pkcs8", format: "der" }), key: privateKey };
}

function pairOf(type: Parameters<typeof newKey>[0] & string) {
  if (type === "rsa") return generateKeyPairSync("rsa", { modulusLength: 3_072 });
  return type === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: type });
}

/** A request of this key, and what is asked beside it. */
export async function orderOf(
  pkcs8: Buffer,
  change: Partial<SigningOrder> = {},
  request: Partial<Parameters<typeof makeCsr>[0]> = {},
): Promise<SigningOrder> {
  const { der } = await makeCsr({
    pkcs8,
    subject: [[{ oid: "2.5.4.3", value: "www.example.test" }]],
    names: ["www.example.test", "*.example.test"],
    usages: ["digital signature", "key encipherment"],
    encodeUsages: true,
    ...request,
  });
  return {
    csr: der,
    isCA: false,
    usages: ["digital signature", "key encipherment", "server auth"],
    notBefore: new Date("2026-11-22T12:00:00.700Z"),
    notAfter: new Date("2027-02-20T12:00:00.700Z"),
    crlDistributionPoints: [],
    ocspServers: [],
    issuingCertificateURLs: [],
    ...change,
  };
}

/** The extensions in their order, `!` behind the critical ones. */
export function extensionsIn(pem: string): string[] {
  return new x509.X509Certificate(pem).extensions.map(({ type, critical }) => `${type}${critical ? "!" : ""}`);
}

/** What a certificate of any of our own signers must be; `sign` answers it and, when there is one, its CA. */
export function testSigner(
  name: string,
  sign: (order: SigningOrder, key: MadeKey) => Promise<{ pem: string; authority: string | undefined }>,
): void {
  describe(`a certificate signed by ${name}`, () => {
    it("verifies, and has subject, key and names of the request", async () => {
      const key = newKey();
      const { pem, authority } = await sign(await orderOf(key.pkcs8), key);
      const leaf = new X509Certificate(pem);
      const issuer = new X509Certificate(authority ?? pem);
      expect(leaf.verify(issuer.publicKey)).toBe(true);
      expect(leaf.checkPrivateKey(key.key)).toBe(true);
      expect(leaf.subject).toBe("CN=www.example.test");
      expect(leaf.issuer).toBe(issuer.subject);
      expect(leaf.subjectAltName).toBe("DNS:www.example.test, DNS:*.example.test");
    });

    it("is of version 3, valid in whole seconds, with a positive serial number of 128 bits", async () => {
      const key = newKey();
      const { pem } = await sign(await orderOf(key.pkcs8), key);
      const leaf = new X509Certificate(pem);
      expect(leaf.validFromDate.toISOString()).toBe("2026-11-22T12:00:00.000Z");
      expect(leaf.validToDate.toISOString()).toBe("2027-02-20T12:00:00.000Z");
      expect(leaf.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
      expect(new X509Certificate((await sign(await orderOf(key.pkcs8), key)).pem).serialNumber).not.toBe(
        leaf.serialNumber,
      );
    });

    it("may end after 2049", async () => {
      const key = newKey();
      const { pem } = await sign(await orderOf(key.pkcs8, { notAfter: new Date("2051-01-01T00:00:00Z") }), key);
      expect(new X509Certificate(pem).validToDate.toISOString()).toBe("2051-01-01T00:00:00.000Z");
    });

    it("has key usage and basic constraints critical, and always", async () => {
      const key = newKey();
      const { pem } = await sign(await orderOf(key.pkcs8), key);
      expect(extensionsIn(pem)).toEqual(expect.arrayContaining(["2.5.29.15!", "2.5.29.37", "2.5.29.19!", "2.5.29.17"]));
      expect(new X509Certificate(pem).ca).toBe(false);
      expect(new X509Certificate(pem).keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    });

    it("has critical names when there is no subject", async () => {
      const key = newKey();
      const { pem } = await sign(await orderOf(key.pkcs8, {}, { subject: [] }), key);
      expect(extensionsIn(pem)).toContain("2.5.29.17!");
    });

    it("of a CA may sign, and has an identifier of its key", async () => {
      const key = newKey();
      const { pem } = await sign(await orderOf(key.pkcs8, { isCA: true, usages: ["digital signature"] }), key);
      const leaf = new x509.X509Certificate(pem);
      expect(new X509Certificate(pem).ca).toBe(true);
      const usages = leaf.getExtension(x509.KeyUsagesExtension)?.usages ?? 0;
      expect(usages & x509.KeyUsageFlags.keyCertSign).toBeTruthy();
      const point = createHash("sha256").update(subjectPublicKey(key)).digest("hex").slice(0, 40);
      expect(leaf.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId).toBe(point);
    });
  });
}

/** The content of the BIT STRING: the uncompressed point of P-256. */
function subjectPublicKey({ key }: MadeKey): Buffer {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  return Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
}
