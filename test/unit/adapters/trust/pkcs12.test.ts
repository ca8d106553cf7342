import { createDecipheriv, createHmac, pbkdf2Sync } from "node:crypto";
import type { EncryptedContentInfo } from "@peculiar/asn1-cms";
import { AuthenticatedSafe, CertBag, PFX, SafeContents } from "@peculiar/asn1-pfx";
import { AsnParser, OctetString } from "@peculiar/asn1-schema";
import { describe, expect, it } from "vitest";
import { pkcs12 } from "../../../../adapters/trust/pkcs12.ts";
import { pkcs12Key, purpose } from "../../../../adapters/trust/pkcs12-key.ts";
import type { Pkcs12Profile } from "../../../../adapters/trust/pkcs12-profiles.ts";
import {
  EncryptedData,
  PbeParameters,
  Pbes2Parameters,
  Pbkdf2Parameters,
} from "../../../../adapters/trust/pkcs12-schema.ts";
import { rc2Cbc } from "../../../../adapters/trust/rc2.ts";
import { makeCa } from "../../../support/trust-certificates.ts";

const data = "1.2.840.113549.1.7.1";
const encrypted = "1.2.840.113549.1.7.6";
const none = new ArrayBuffer(0);

function octets(der: ArrayBuffer): Buffer {
  return Buffer.from(AsnParser.parse(der, OctetString).buffer);
}

function open(file: Uint8Array) {
  const pfx = AsnParser.parse(file, PFX);
  const authenticated = octets(pfx.authSafe.content);
  const [content] = [...AsnParser.parse(authenticated, AuthenticatedSafe)];
  if (!content) throw new Error("no content");
  return { pfx, authenticated, content };
}

function sealed(content: ArrayBuffer): { algorithm: string; parameters: ArrayBuffer; bytes: Buffer } {
  const info: EncryptedContentInfo = AsnParser.parse(content, EncryptedData).content;
  const { algorithm, parameters } = info.contentEncryptionAlgorithm;
  return {
    algorithm,
    parameters: parameters ?? none,
    bytes: Buffer.from(info.encryptedContent?.value?.buffer ?? none),
  };
}

function decipher(name: string, bytes: Buffer, key: Buffer, iv: Buffer): Buffer {
  const cipher = createDecipheriv(name, key, iv);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

function bagsIn(contents: Buffer) {
  return [...AsnParser.parse(contents, SafeContents)].map(({ bagId, bagValue, bagAttributes = [] }) => ({
    bagId,
    der: octets(AsnParser.parse(bagValue, CertBag).certValue).toString("hex"),
    attributes: bagAttributes.map(({ attrId }) => attrId),
    values: bagAttributes.map(({ attrValues }) => Buffer.from(attrValues[0] ?? none).toString("hex")),
  }));
}

function pbe(parameters: ArrayBuffer, keyBytes: number): { key: Buffer; iv: Buffer } {
  const { salt, iterations } = AsnParser.parse(parameters, PbeParameters);
  const derived = { hash: "sha1" as const, password: "changeit", salt: new Uint8Array(salt.buffer), iterations };
  return {
    key: pkcs12Key({ ...derived, id: purpose.key, length: keyBytes }),
    iv: pkcs12Key({ ...derived, id: purpose.iv, length: 8 }),
  };
}

describe("a PKCS#12 truststore", () => {
  it("of an empty password is plain and without MAC, whatever the profile", async () => {
    const ca = await makeCa("CN=Root");
    for (const profile of ["LegacyRC2", "LegacyDES", "Modern2023"] as const) {
      const { pfx, content } = open(pkcs12([ca.der], "", profile));
      expect(pfx.version).toBe(3);
      expect(pfx.authSafe.contentType).toBe(data);
      expect(content.contentType).toBe(data);
      expect(Buffer.from(pkcs12([ca.der], "", profile))).toEqual(Buffer.from(pkcs12([ca.der], "", profile)));
      expect(bagsIn(octets(content.content))).toHaveLength(1);
      expect(pfx.macData.mac.digest.byteLength).toBe(0);
    }
  });

  it("marks every certificate as trusted for Java, and gives it a name", async () => {
    const [one, two] = await Promise.all([makeCa("CN=Root One"), makeCa("CN=Root Two")]);
    const { content } = open(pkcs12([one.der, two.der], "", "LegacyRC2"));
    const bags = bagsIn(octets(content.content));
    expect(bags.map(({ der }) => der)).toEqual([one.der.toString("hex"), two.der.toString("hex")]);
    for (const { bagId, attributes, values } of bags) {
      expect(bagId).toBe("1.2.840.113549.1.12.10.1.3");
      expect(attributes.sort()).toEqual(["1.2.840.113549.1.9.20", "2.16.840.1.113894.746875.1.1"]);
      // OBJECT IDENTIFIER 2.5.29.37.0, and a BMPString.
      expect(values).toContain("0604551d2500");
      expect(values.some((value) => value.startsWith("1e"))).toBe(true);
    }
  });

  it("LegacyDES: PBE with three-key triple DES", async () => {
    const ca = await makeCa("CN=Root");
    const { content } = open(pkcs12([ca.der], "changeit", "LegacyDES"));
    expect(content.contentType).toBe(encrypted);
    const { algorithm, parameters, bytes } = sealed(content.content);
    expect(algorithm).toBe("1.2.840.113549.1.12.1.3");
    const { key, iv } = pbe(parameters, 24);
    expect(bagsIn(decipher("des-ede3-cbc", bytes, key, iv))[0]?.der).toBe(ca.der.toString("hex"));
  });

  it("LegacyRC2: PBE with RC2 of 40 bits", async () => {
    const ca = await makeCa("CN=Root");
    const { algorithm, parameters, bytes } = sealed(open(pkcs12([ca.der], "changeit", "LegacyRC2")).content.content);
    expect(algorithm).toBe("1.2.840.113549.1.12.1.6");
    const { key, iv } = pbe(parameters, 5);
    const plain = octets(open(pkcs12([ca.der], "", "LegacyRC2")).content.content);
    expect(bytes.toString("hex")).toBe(rc2Cbc(plain, key, iv).toString("hex"));
  });

  it("Modern2023: PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC", async () => {
    const ca = await makeCa("CN=Root");
    const { algorithm, parameters, bytes } = sealed(open(pkcs12([ca.der], "changeit", "Modern2023")).content.content);
    expect(algorithm).toBe("1.2.840.113549.1.5.13");
    const { keyDerivation, encryption } = AsnParser.parse(parameters, Pbes2Parameters);
    expect([keyDerivation.algorithm, encryption.algorithm]).toEqual([
      "1.2.840.113549.1.5.12",
      "2.16.840.1.101.3.4.1.42",
    ]);
    const { salt, iterations, prf } = AsnParser.parse(keyDerivation.parameters ?? none, Pbkdf2Parameters);
    expect([prf.algorithm, salt.byteLength, iterations]).toEqual(["1.2.840.113549.2.9", 16, 2_048]);
    const key = pbkdf2Sync("changeit", new Uint8Array(salt.buffer), iterations, 32, "sha256");
    const iv = octets(encryption.parameters ?? none);
    expect(bagsIn(decipher("aes-256-cbc", bytes, key, iv))[0]?.der).toBe(ca.der.toString("hex"));
  });

  it.each<[Pkcs12Profile, "sha1" | "sha256", string, number]>([
    ["LegacyRC2", "sha1", "1.3.14.3.2.26", 20],
    ["LegacyDES", "sha1", "1.3.14.3.2.26", 20],
    ["Modern2023", "sha256", "2.16.840.1.101.3.4.2.1", 32],
  ])("%s: its MAC is HMAC by %s", async (profile, hash, oid, length) => {
    const ca = await makeCa("CN=Root");
    const { pfx, authenticated } = open(pkcs12([ca.der], "p\u00e4ss", profile));
    const { mac, macSalt, iterations } = pfx.macData;
    const salt = new Uint8Array(macSalt.buffer);
    const key = pkcs12Key({ hash, password: "p\u00e4ss", salt, iterations, id: purpose.mac, length });
    expect(mac.digestAlgorithm.algorithm).toBe(oid);
    expect(Buffer.from(mac.digest.buffer).toString("hex")).toBe(
      createHmac(hash, key).update(authenticated).digest("hex"),
    );
  });

  it("has a salt of its own each time", async () => {
    const { der } = await makeCa("CN=Root");
    expect(pkcs12([der], "changeit", "Modern2023")).not.toEqual(pkcs12([der], "changeit", "Modern2023"));
  });
});
