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
import type { SignatureAlgorithm } from "../../../../core/signature-algorithm.ts";
import { rdnSequence } from "../../../../core/subject.ts";
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

/** What Go 1.26 makes of the same fields: encoding/asn1 of the RDNSequence, and the extensions of x509.CreateCertificate. */
const goSubject =
  "3081cd311630090603550406130244453009060355040613025553310b3009060355040813024259310a3008060355040713014d310e300c060355040913055765672031310e300c0603550411130538303333313143300a060355040a0c03412642300a060355040a0c03412a423013060355040a130c5a7765697465204669726d613014060355040a130d4578616d706c652c20496e632e310e300c060355040b0c054772c3bc6e311830160603550403130f7777772e6578616d706c652e636f6d310b3009060355040513023737";
const goLiteral =
  "304231133011060a0992268993f22c6401191303636f6d310b3009060355040a13026578311e300b06035504030c0461624063300f060a0992268993f22c640101130175";
const goNames =
  "3061820f7777772e6578616d706c652e636f6d820d2a2e6578616d706c652e636f6d810f6f7073406578616d706c652e636f6d8704c0000207871020010db8000000000000000000000001861673706966" +
  "66653a2f2f6578616d706c652e636f6d2f61";
const goConstraints =
  "3081aba06e300d820b6578616d706c652e636f6d300e820c2e6578616d706c652e6f7267300a87080a010000fffff0003022872020010db8000000000000000000000000ffffffff800000000000000000000000300d810b6578616d706c652e636f6d300e860c2e6578616d706c652e636f6da139301282106576696c2e6578616d706c652e636f6d300a8708000000000000000030128110726f6f74406578616d706c652e636f6d3003860178";

const hexOf = (bytes: ArrayBuffer) => Buffer.from(bytes).toString("hex");
const subjectHex = (csr: Pkcs10CertificateRequest) => hexOf(csr.subjectName.toArrayBuffer());

function extensionHex(csr: Pkcs10CertificateRequest, oid: string): string | undefined {
  const extension = csr.extensions.find(({ type }) => type === oid);
  return extension && hexOf(extension.value);
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
    const named = await read({ subject: [[{ oid: "2.5.4.3", value: "www.example.com" }]] });
    expect([named.subject, find(named, SubjectAlternativeNameExtension)?.critical]).toEqual([
      "CN=www.example.com",
      false,
    ]);
  });

  it("writes a subject as Go writes it: by its characters a PrintableString or a UTF8String, the pairs of an RDN in order", async () => {
    const subject = {
      countries: ["DE", "US"],
      organizations: ["Example, Inc.", "Zweite Firma", "A*B", "A&B"],
      organizationalUnits: ["Gr\u00fcn"],
      localities: ["M"],
      provinces: ["BY"],
      streetAddresses: ["Weg 1"],
      postalCodes: ["80331"],
      serialNumber: "77",
    };
    const whole = await read({ subject: rdnSequence({ subject, commonName: "www.example.com" }) });
    expect(subjectHex(whole)).toBe(goSubject);
    const literal = await read({ subject: rdnSequence({ literalSubject: "UID=u+CN=ab@c,O=ex,DC=com" }) });
    expect(subjectHex(literal)).toBe(goLiteral);
  });

  it("writes all sorts of names as Go and cert-manager write them, and in their order", async () => {
    const csr = await read({
      names: ["www.example.com", "*.example.com"],
      emailAddresses: ["ops@example.com"],
      ipAddresses: ["192.0.2.7", "2001:db8::1"],
      uris: ["spiffe://example.com/a"],
      otherNames: [{ oid: "1.3.6.1.4.1.311.20.2.3", utf8Value: "upn@example.com" }],
    });
    const upn = `a01f060a2b060104018237140203a0110c0f${Buffer.from("upn@example.com").toString("hex")}`;
    expect(extensionHex(csr, "2.5.29.17")).toBe(`308182${goNames.slice(4)}${upn}`);
  });

  it("names only one sort when nothing else is asked for, and has no subjectAltName without any", async () => {
    const csr = await read({ names: [], uris: ["a:b"] });
    expect(extensionHex(csr, "2.5.29.17")).toBe("30058603613a62");
    expect((await read({ names: [], encodeUsages: false })).extensions).toEqual([]);
  });

  it("asks to be a CA: basic constraints, the usage cert sign, name constraints as Go writes them", async () => {
    const nameConstraints = {
      critical: true,
      permitted: {
        dnsDomains: ["example.com", ".example.org"],
        ipRanges: ["10.1.2.3/20", "2001:db8::1/33"],
        emailAddresses: ["example.com"],
        uriDomains: [".example.com"],
      },
      excluded: {
        dnsDomains: ["evil.example.com"],
        ipRanges: ["0.0.0.0/0"],
        emailAddresses: ["root@example.com"],
        uriDomains: ["x"],
      },
    };
    const csr = await read({ isCA: true, nameConstraints });
    const shown = csr.extensions.map(({ type, critical }) => [type, critical]);
    expect(shown).toEqual([
      ["2.5.29.17", true],
      ["2.5.29.15", true],
      ["2.5.29.19", true],
      ["2.5.29.30", true],
    ]);
    expect(extensionHex(csr, "2.5.29.15")).toBe("030202a4");
    expect(extensionHex(csr, "2.5.29.19")).toBe("30030101ff");
    expect(extensionHex(csr, "2.5.29.30")).toBe(goConstraints);
  });

  it.each<[string, { critical: boolean; permitted?: object }, boolean | undefined]>([
    ["that are not critical", { critical: false, permitted: { dnsDomains: ["a.de"] } }, false],
    ["that constrain nothing: they are left out", { critical: true, permitted: {} }, undefined],
  ])("writes name constraints %s", async (_, nameConstraints, critical) => {
    const csr = await read({ isCA: true, nameConstraints });
    expect(csr.extensions.find(({ type }) => type === "2.5.29.30")?.critical).toBe(critical);
  });

  it.each<[SignatureAlgorithm, KeyRequest]>([
    ["SHA512WithRSA", { algorithm: "RSA" }],
    ["SHA256WithRSA", { algorithm: "RSA", size: 4096 }],
    ["SHA384WithRSA", { algorithm: "RSA" }],
    ["ECDSAWithSHA512", { algorithm: "ECDSA" }],
    ["ECDSAWithSHA384", { algorithm: "ECDSA", size: 521 }],
    ["ECDSAWithSHA256", { algorithm: "ECDSA", size: 384 }],
    ["PureEd25519", { algorithm: "Ed25519" }],
  ])("is signed with %s when that is asked for", async (signatureAlgorithm, key) => {
    const csr = await read({ pkcs8: await makePrivateKey(key), signatureAlgorithm });
    const hash = /SHA(\d+)/.exec(signatureAlgorithm)?.[1];
    expect(csr.signatureAlgorithm).toMatchObject(hash ? { hash: { name: `SHA-${hash}` } } : { name: "Ed25519" });
    expect(await csr.verify()).toBe(true);
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
