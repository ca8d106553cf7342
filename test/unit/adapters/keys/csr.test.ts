import "reflect-metadata";
import { createHash, createPublicKey } from "node:crypto";
import {
  ExtendedKeyUsageExtension,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import { makeCsr } from "../../../../adapters/keys/csr.ts";
import type { KeyRequest } from "../../../../adapters/keys/private-key.ts";
import { makePrivateKey } from "../../../../adapters/keys/private-key.ts";
import { defaultUsages, usages } from "../../../../core/usages.ts";

const p256 = await makePrivateKey({ algorithm: "ECDSA" });

async function read(change: Partial<Parameters<typeof makeCsr>[0]>) {
  const { der } = await makeCsr({
    pkcs8: p256,
    names: ["www.example.com"],
    usages: defaultUsages,
    encodeUsages: true,
    ...change,
  });
  return new Pkcs10CertificateRequest(der);
}

function find<T>(csr: Pkcs10CertificateRequest, type: abstract new (...args: never[]) => T): T | undefined {
  return csr.extensions.find((extension) => extension instanceof type) as T | undefined;
}

describe("makeCsr", { timeout: 60_000 }, () => {
  it.each<[string, KeyRequest, object]>([
    ["RSA 2048 with SHA-256", { algorithm: "RSA" }, { name: "RSASSA-PKCS1-v1_5", hash: { name: "SHA-256" } }],
    [
      "RSA 3072 with SHA-384",
      { algorithm: "RSA", size: 3072 },
      { name: "RSASSA-PKCS1-v1_5", hash: { name: "SHA-384" } },
    ],
    [
      "RSA 4096 with SHA-512",
      { algorithm: "RSA", size: 4096 },
      { name: "RSASSA-PKCS1-v1_5", hash: { name: "SHA-512" } },
    ],
    ["P-256 with SHA-256", { algorithm: "ECDSA" }, { name: "ECDSA", hash: { name: "SHA-256" } }],
    ["P-384 with SHA-384", { algorithm: "ECDSA", size: 384 }, { name: "ECDSA", hash: { name: "SHA-384" } }],
    ["P-521 with SHA-512", { algorithm: "ECDSA", size: 521 }, { name: "ECDSA", hash: { name: "SHA-512" } }],
    ["Ed25519 by itself", { algorithm: "Ed25519" }, { name: "Ed25519" }],
  ])("signs %s, as cert-manager does, and the signature verifies", async (_, key, algorithm) => {
    const csr = await read({ pkcs8: await makePrivateKey(key) });
    expect(csr.signatureAlgorithm).toMatchObject(algorithm);
    expect(await csr.verify()).toBe(true);
  });

  it("asks for all names, in their order", async () => {
    const names = ["example.com", "*.example.com", "xn--bcher-kva.example"];
    const san = find(await read({ names }), SubjectAlternativeNameExtension);
    expect(san?.names.toJSON()).toEqual(names.map((value) => ({ type: "dns", value })));
  });

  it("has a subject only when a common name is given, and a critical subjectAltName otherwise", async () => {
    const bare = await read({});
    expect([bare.subject, find(bare, SubjectAlternativeNameExtension)?.critical]).toEqual(["", true]);
    const named = await read({ commonName: "www.example.com" });
    expect([named.subject, find(named, SubjectAlternativeNameExtension)?.critical]).toEqual([
      "CN=www.example.com",
      false,
    ]);
  });

  it.each<[string, string[], number | undefined, string[] | undefined]>([
    ["cert-manager's default", [...defaultUsages], 5, undefined],
    ["the default when the list is empty", [], 5, undefined],
    [
      "server and client auth",
      [...defaultUsages, "server auth", "client auth"],
      5,
      ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
    ],
    ["only extended usages", ["server auth"], undefined, ["1.3.6.1.5.5.7.3.1"]],
    ["the ninth bit", ["key agreement", "decipher only"], 16 + 256, undefined],
    [
      "two words for one usage once",
      ["signing", "digital signature", "s/mime", "email protection"],
      1,
      ["1.3.6.1.5.5.7.3.4"],
    ],
  ])("encodes usages: %s", async (_, asked, flags, oids) => {
    const csr = await read({ usages: asked });
    const [ku, eku] = [find(csr, KeyUsagesExtension), find(csr, ExtendedKeyUsageExtension)];
    expect([ku?.usages, eku?.usages]).toEqual([flags, oids]);
    if (ku) expect(ku.critical).toBe(true);
    if (eku) expect(eku.critical).toBe(false);
  });

  it("leaves usages out when encodeUsagesInRequest is false", async () => {
    expect((await read({ encodeUsages: false })).extensions.map(({ type }) => type)).toEqual(["2.5.29.17"]);
  });

  it.each(usages)("can encode the usage %s", async (usage) => {
    const types = (await read({ usages: [usage] })).extensions.map(({ type }) => type);
    expect(types).toEqual(["2.5.29.17", expect.stringMatching(/^2\.5\.29\.(15|37)$/)]);
  });

  it("refuses a usage it does not know", async () => {
    await expect(read({ usages: ["server auth", "teleport"] })).rejects.toThrow("unknown usages: teleport");
  });

  it("hashes the public key as a certificate's key can be hashed", async () => {
    const csr = await makeCsr({ pkcs8: p256, names: ["a.example"], usages: defaultUsages, encodeUsages: true });
    const spki = createPublicKey({
      key: Buffer.from(new Pkcs10CertificateRequest(csr.der).publicKey.rawData),
      format: "der",
      type: "spki",
    });
    const expected = createHash("sha256")
      .update(spki.export({ type: "spki", format: "der" }))
      .digest("hex");
    expect(csr.publicKeyHash).toBe(expected);
  });
});
