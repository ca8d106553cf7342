import { createDecipheriv, createHash, createPrivateKey, pbkdf2Sync, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { AuthenticatedSafe, CertBag, PFX, PKCS8ShroudedKeyBag, SafeContents } from "@peculiar/asn1-pfx";
import { AsnParser, OctetString } from "@peculiar/asn1-schema";
import type { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { beforeAll, describe, expect, it } from "vitest";
import { jksKeystore } from "../../../../adapters/trust/jks-keystore.ts";
import { pkcs12Keystore } from "../../../../adapters/trust/pkcs12-keystore.ts";
import {
  EncryptedData,
  Pbes2Parameters,
  Pbkdf2Parameters,
  Pbkdf2WithLength,
  Pbmac1Parameters,
} from "../../../../adapters/trust/pkcs12-schema.ts";
import type { KeystoreContent } from "../../../../core/deps.ts";
import { keystoreProfiles } from "../../../../core/keystore-fields.ts";
import { makeCa } from "../../../support/trust-certificates.ts";

let content: KeystoreContent;
let bare: KeystoreContent;
const password = "chängeit";

beforeAll(async () => {
  const [ca, other] = [await makeCa("CN=Root One, O=Example"), await makeCa("CN=Middle")];
  const { cert, key } = await ca.sign("www.example.com");
  const keyPkcs8 = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  content = { keyPkcs8, chain: [new X509Certificate(cert).raw, other.der], ca: [ca.der] };
  bare = { ...content, ca: [] };
});

function octets(der: ArrayBuffer): Buffer {
  return Buffer.from(AsnParser.parse(der, OctetString).buffer);
}

/** Entries as https://metastatic.org/source/JKS.html has them; the digest at the end is checked. */
function readJks(file: Uint8Array) {
  const bytes = Buffer.from(file);
  const secret = Buffer.from(password, "utf16le").swap16();
  let at = 8;
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const int32 = () => take(4).readUInt32BE();
  const utf = () => take(take(2).readUInt16BE()).toString("utf8");
  const certificate = () => [utf(), take(int32()).toString("hex")].join(" ");
  const entries = Array.from({ length: int32() }, () => {
    const tag = int32();
    const [alias, createdAt] = [utf(), Number(take(8).readBigInt64BE())];
    if (tag === 2) return { tag, alias, createdAt, chain: [certificate()] };
    const key = take(int32());
    return { tag, alias, createdAt, key, chain: Array.from({ length: int32() }, certificate) };
  });
  const digest = createHash("sha1").update(secret).update("Mighty Aphrodite").update(bytes.subarray(0, at)).digest();
  expect(digest.equals(take(20))).toBe(true);
  return entries;
}

/** Sun's key protector, undone: salt, key mixed with a stream of hashes, digest of the key. */
function unprotected(info: Buffer): Buffer {
  const { encryptionAlgorithm, encryptedData } = AsnParser.parse(info, PKCS8ShroudedKeyBag);
  expect(encryptionAlgorithm.algorithm).toBe("1.3.6.1.4.1.42.2.17.1.1");
  const sealed = Buffer.from(encryptedData.buffer);
  const secret = Buffer.from(password, "utf16le").swap16();
  const plain = Buffer.from(sealed.subarray(20, -20));
  let block: Buffer = sealed.subarray(0, 20);
  for (let index = 0; index < plain.length; index += 1) {
    if (index % 20 === 0) block = createHash("sha1").update(secret).update(block).digest();
    plain[index] = (plain[index] ?? 0) ^ (block[index % 20] ?? 0);
  }
  const check = createHash("sha1").update(secret).update(plain).digest();
  expect(check.equals(sealed.subarray(-20))).toBe(true);
  return plain;
}

describe("a JKS keystore", () => {
  const x509 = (der: Uint8Array | undefined) => `X.509 ${Buffer.from(der ?? []).toString("hex")}`;

  it("holds key and chain under the alias, dated by the leaf's notBefore, and the CA beside them", () => {
    const { keystore } = jksKeystore(content, { alias: "web ü", password });
    const [key, ca] = readJks(keystore);
    const createdAt = new X509Certificate(content.chain[0] ?? "").validFromDate.getTime();
    expect(key).toMatchObject({ tag: 1, alias: "web ü", createdAt, chain: content.chain.map(x509) });
    expect(unprotected(key?.key ?? Buffer.alloc(0)).equals(content.keyPkcs8)).toBe(true);
    expect(ca).toMatchObject({ tag: 2, alias: "ca", chain: [x509(content.ca[0])] });
  });

  it("comes with a truststore where there is a CA, and not without", () => {
    const how = { alias: "certificate", password };
    expect(readJks(jksKeystore(content, how).truststore ?? new Uint8Array())).toMatchObject([{ tag: 2, alias: "ca" }]);
    expect(jksKeystore(bare, how).truststore).toBeUndefined();
    expect(readJks(jksKeystore(bare, how).keystore)).toHaveLength(1);
  });

  it("keeps the key when the alias is the CA's", () => {
    expect(readJks(jksKeystore(content, { alias: "ca", password }).keystore)).toMatchObject([{ tag: 1, alias: "ca" }]);
  });
});

describe("a PKCS#12 keystore", () => {
  it.each(["LegacyDES", "Modern2023", "Modern2026"] as const)(
    "of %s is read by OpenSSL with its password",
    (profile) => {
      const { keystore } = pkcs12Keystore(content, { profile, password });
      const pfx = Buffer.from(keystore);
      expect(() => createSecureContext({ pfx, passphrase: password })).not.toThrow();
      expect(() => createSecureContext({ pfx, passphrase: "other" })).toThrow("mac verify failure");
    },
  );

  it.each(keystoreProfiles)(
    "of %s: certificates encrypted, then the key in a bag of its own, tied to the leaf",
    (profile) => {
      const { keystore } = pkcs12Keystore(content, { profile, password });
      const authenticated = octets(AsnParser.parse(keystore, PFX).authSafe.content);
      const [certificates, keys] = [...AsnParser.parse(authenticated, AuthenticatedSafe)];
      expect(certificates?.contentType).toBe("1.2.840.113549.1.7.6");
      expect(keys?.contentType).toBe("1.2.840.113549.1.7.1");
      const [bag] = [...AsnParser.parse(octets(keys?.content ?? new ArrayBuffer()), SafeContents)];
      expect(bag?.bagId).toBe("1.2.840.113549.1.12.10.1.2");
      const keyId = octets(bag?.bagAttributes?.[0]?.attrValues[0] ?? new ArrayBuffer());
      const leaf = createHash("sha1").update(content.chain[0] ?? "");
      expect(keyId.equals(leaf.digest())).toBe(true);
      const { encryptionAlgorithm } = AsnParser.parse(bag?.bagValue ?? new ArrayBuffer(), PKCS8ShroudedKeyBag);
      const isLegacy = profile.startsWith("Legacy");
      expect(encryptionAlgorithm.algorithm).toBe(isLegacy ? "1.2.840.113549.1.12.1.3" : "1.2.840.113549.1.5.13");
    },
  );

  it("of Modern2023: the key is the one that was given", () => {
    const { keystore } = pkcs12Keystore(content, { profile: "Modern2023", password });
    const [, keys] = [...AsnParser.parse(octets(AsnParser.parse(keystore, PFX).authSafe.content), AuthenticatedSafe)];
    const [bag] = [...AsnParser.parse(octets(keys?.content ?? new ArrayBuffer()), SafeContents)];
    const sealed = AsnParser.parse(bag?.bagValue ?? new ArrayBuffer(), PKCS8ShroudedKeyBag);
    const plain = decrypted(sealed.encryptionAlgorithm, Buffer.from(sealed.encryptedData.buffer));
    expect(plain.equals(content.keyPkcs8)).toBe(true);
  });

  it("of Modern2026 has PBMAC1 (RFC 9879), with salt and count of its own in its parameters", () => {
    const { keystore } = pkcs12Keystore(content, { profile: "Modern2026", password });
    const { mac, macSalt, iterations } = AsnParser.parse(keystore, PFX).macData;
    expect(mac.digestAlgorithm.algorithm).toBe("1.2.840.113549.1.5.14");
    expect([Buffer.from(macSalt.buffer).toString(), iterations]).toEqual(["NOT USED", 1]);
    const parameters = AsnParser.parse(mac.digestAlgorithm.parameters ?? new ArrayBuffer(), Pbmac1Parameters);
    expect([parameters.keyDerivation.algorithm, parameters.scheme.algorithm]).toEqual([
      "1.2.840.113549.1.5.12",
      "1.2.840.113549.2.9",
    ]);
    const derivation = AsnParser.parse(parameters.keyDerivation.parameters ?? new ArrayBuffer(), Pbkdf2WithLength);
    expect(derivation).toMatchObject({ iterations: 2_048, keyLength: 32, prf: { algorithm: "1.2.840.113549.2.9" } });
  });

  it("ties the leaf, and it alone, to the key, and brings issuers and CA after it", () => {
    const { keystore } = pkcs12Keystore(content, { profile: "Modern2023", password });
    const [sealed] = [...AsnParser.parse(octets(AsnParser.parse(keystore, PFX).authSafe.content), AuthenticatedSafe)];
    const bags = [...AsnParser.parse(opened(sealed?.content), SafeContents)];
    expect(bags.map(({ bagAttributes }) => bagAttributes?.length ?? 0)).toEqual([1, ...bags.slice(1).map(() => 0)]);
    const keyId = octets(bags[0]?.bagAttributes?.[0]?.attrValues[0] ?? new ArrayBuffer());
    expect(
      keyId.equals(
        createHash("sha1")
          .update(content.chain[0] ?? "")
          .digest(),
      ),
    ).toBe(true);
    const held = bags.map(({ bagValue }) => octets(AsnParser.parse(bagValue, CertBag).certValue).toString("hex"));
    expect(held).toEqual([...content.chain, ...content.ca].map((one) => Buffer.from(one).toString("hex")));
  });

  it("comes with a truststore where there is a CA, and not without", () => {
    const how = { profile: "Modern2023", password } as const;
    expect(pkcs12Keystore(content, how).truststore).toBeInstanceOf(Uint8Array);
    expect(pkcs12Keystore(bare, how).truststore).toBeUndefined();
  });
});

describe("the bytes of a keystore", () => {
  it("are the same for the same content and password, and share no salt with another password's", () => {
    const p12 = (password: string) =>
      Buffer.from(pkcs12Keystore(content, { profile: "Modern2023", password }).keystore).toString("hex");
    const jks = (password: string) =>
      Buffer.from(jksKeystore(content, { alias: "a", password }).keystore).toString("hex");
    for (const made of [p12, jks]) {
      expect(made("one")).toBe(made("one"));
      expect(made("one")).not.toBe(made("two"));
    }
    const { iv, salt } = saltsIn(Buffer.from(p12("one"), "hex"));
    const other = saltsIn(Buffer.from(p12("two"), "hex"));
    expect([iv, salt]).not.toEqual([other.iv, other.salt]);
  });
});

/** PBES2 (RFC 8018 6.2), undone. */
function decrypted({ parameters }: AlgorithmIdentifier, sealed: Buffer): Buffer {
  const none = new ArrayBuffer();
  const { keyDerivation, encryption } = AsnParser.parse(parameters ?? none, Pbes2Parameters);
  const { salt, iterations } = AsnParser.parse(keyDerivation.parameters ?? none, Pbkdf2Parameters);
  const key = pbkdf2Sync(password, new Uint8Array(salt.buffer), iterations, 32, "sha256");
  const cipher = createDecipheriv("aes-256-cbc", key, octets(encryption.parameters ?? none));
  return Buffer.concat([cipher.update(sealed), cipher.final()]);
}

/** The contents of an EncryptedData. */
function opened(sealed: ArrayBuffer = new ArrayBuffer()): Buffer {
  const { contentEncryptionAlgorithm: algorithm, encryptedContent } = AsnParser.parse(sealed, EncryptedData).content;
  return decrypted(algorithm, Buffer.from(encryptedContent?.value?.buffer ?? new ArrayBuffer()));
}

function saltsIn(keystore: Buffer): { iv: string; salt: string } {
  const [, keys] = [...AsnParser.parse(octets(AsnParser.parse(keystore, PFX).authSafe.content), AuthenticatedSafe)];
  const [bag] = [...AsnParser.parse(octets(keys?.content ?? new ArrayBuffer()), SafeContents)];
  const { encryptionAlgorithm } = AsnParser.parse(bag?.bagValue ?? new ArrayBuffer(), PKCS8ShroudedKeyBag);
  const none = new ArrayBuffer();
  const { keyDerivation, encryption } = AsnParser.parse(encryptionAlgorithm.parameters ?? none, Pbes2Parameters);
  const { salt } = AsnParser.parse(keyDerivation.parameters ?? none, Pbkdf2Parameters);
  return { iv: octets(encryption.parameters ?? none).toString("hex"), salt: Buffer.from(salt.buffer).toString("hex") };
}
