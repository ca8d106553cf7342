import { describe, expect, it } from "vitest";
import { parseCertificate } from "../../../../core/request.ts";
import { specHash } from "../../../../core/spec-hash.ts";
import { everyName, otherCurve, signedWithSha1, weakRsa } from "../../../support/openssl-csrs.ts";
import { oddRequest, ownRequest } from "../../../support/own-request.ts";

const issuerRef = { name: "root" };

function stored(spec: Record<string, unknown>, metadata?: unknown) {
  const key = { namespace: "web", kind: "CertificateRequest", name: "www" } as const;
  return { key, apiVersion: "cert-manager.io/v1", metadata, spec: { issuerRef, ...spec } };
}

function parsed(spec: Record<string, unknown>, metadata?: unknown) {
  const read = parseCertificate(stored(spec, metadata));
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return read.resource.spec;
}

function faults(spec: Record<string, unknown>, metadata?: unknown): string[] {
  const read = parseCertificate(stored(spec, metadata));
  return read.ok ? [] : read.faults.map(({ path, message }) => `${path}: ${message}`);
}

/** The faults of spec.request, without the value that they quote. */
const why = (request: unknown, more: Record<string, unknown> = {}) =>
  faults({ request, ...more }).map((fault) => fault.replace(/Invalid value: "[^"]*": /, ""));

const everyUsage = { usages: ["digital signature", "key encipherment", "server auth", "client auth"] };
const commonName = (text: string) => {
  const value = Buffer.from(text).toString("hex");
  const { length } = text;
  const hex = (number: number) => number.toString(16).padStart(2, "0");
  return `31${hex(length + 9)}30${hex(length + 7)}06035504030c${hex(length)}${value}`;
};
const subjectOf = (...sets: string[]) =>
  `30${(sets.join("").length / 2).toString(16).padStart(2, "0")}${sets.join("")}`;

describe("a CertificateRequest", () => {
  it("amounts to the Certificate that its CSR asks for", () => {
    expect(parsed({ request: everyName, ...everyUsage, duration: "24h" })).toMatchObject({
      secretName: "",
      commonName: "www.example.test",
      dnsNames: ["www.example.test", "*.example.test"],
      ipAddresses: ["192.0.2.1", "2001:db8::1"],
      uris: ["spiffe://example.test/www"],
      emailAddresses: ["ops@example.test"],
      otherNames: [{ oid: "1.3.6.1.4.1.311.20.2.3", utf8Value: "ada@example.test" }],
      usages: everyUsage.usages,
      durationSeconds: 86_400,
      privateKey: { algorithm: "ECDSA", size: 256 },
      issuerRef: { name: "root", kind: "Issuer", group: "cert-manager.io" },
      options: {},
      request: { csr: expect.stringMatching(/^MIIB0zCC/), publicKeyHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  it("has cert-manager's defaults: 90 days, digital signature and key encipherment, no CA", async () => {
    const { request } = await ownRequest();
    const spec = parsed({ request });
    expect(spec).toMatchObject({ durationSeconds: 90 * 86_400, durationIsDefault: true });
    expect(spec.usages).toEqual(["digital signature", "key encipherment"]);
    expect(spec.isCA).toBeUndefined();
  });

  it.each<[string, Parameters<typeof ownRequest>[1], object]>([
    ["RSA 3072", { algorithm: "RSA", size: 3072 }, { algorithm: "RSA", size: 3072 }],
    ["P-384", { algorithm: "ECDSA", size: 384 }, { algorithm: "ECDSA", size: 384 }],
    ["P-521", { algorithm: "ECDSA", size: 521 }, { algorithm: "ECDSA", size: 521 }],
    ["Ed25519", { algorithm: "Ed25519" }, { algorithm: "Ed25519" }],
  ])("may bring a key %s", async (_, kind, expected) => {
    expect(parsed({ request: (await ownRequest({}, kind)).request }).privateKey).toMatchObject(expected);
  });

  it("is taken with line breaks in its base64, and with who made it, as kubectl prints it", async () => {
    const { request } = await ownRequest();
    const folded = `${request.slice(0, 70)}\n${request.slice(70)}\n`;
    const who = { username: "ada", uid: "1", groups: ["web"], extra: { a: ["b"] } };
    expect(parsed({ request: folded, ...who }).dnsNames).toEqual(["www.example.test"]);
  });

  it("names the stored secret with its key by cert-manager's annotation", async () => {
    const { request } = await ownRequest();
    const metadata = { annotations: { "cert-manager.io/private-key-secret-name": "own-key" } };
    expect(parsed({ request }, metadata).request).toMatchObject({ keySecretName: "own-key" });
  });
});

describe("a CertificateRequest that breaks a rule", () => {
  it.each<[string, unknown, string]>([
    ["is base64", "%%%", "error decoding certificate request PEM block"],
    ["is base64 of PEM", "bm90IFBFTQ==", "error decoding certificate request PEM block"],
    [
      "is a request",
      Buffer.from("-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n").toString("base64"),
      "not signed DER",
    ],
    ["is signed by its own key", oddRequest({ signed: false }), "its signature is not by its own key"],
    [
      "is not signed with SHA-1",
      signedWithSha1,
      "its signature is not by its own key, or by an algorithm that is too weak (SHA-1)",
    ],
    ["has no weak RSA key", weakRsa, "its key is RSA with 1024 bits"],
    ["has a curve that CAs take", otherCurve, "its key is secp256k1"],
    [
      "asks for no extension twice",
      oddRequest({
        extensions: [
          ["2.5.29.17", "3003820161"],
          ["2.5.29.17", "3003820162"],
        ],
      }),
      "it asks for one extension twice",
    ],
    [
      "asks for extensions once",
      oddRequest({ extensions: [["2.5.29.17", "3003820161"]], twice: true }),
      "it asks for extensions twice",
    ],
    [
      "has nothing behind its names",
      oddRequest({ extensions: [["2.5.29.17", "30038201610500"]] }),
      "something follows it",
    ],
    [
      "has names of types that we know",
      oddRequest({ extensions: [["2.5.29.17", "3004a4023000"]] }),
      "a name of a type that certwright does not certify",
    ],
    ["has names in ASCII", oddRequest({ extensions: [["2.5.29.17", "30038201e4"]] }), "is empty or not ASCII"],
    [
      "has addresses of 4 or 16 bytes",
      oddRequest({ extensions: [["2.5.29.17", "30058703010203"]] }),
      "neither 4 nor 16 bytes",
    ],
    [
      "has one common name",
      oddRequest({ subject: subjectOf(commonName("a.test"), commonName("b.test")) }),
      "more than one common name",
    ],
  ])("%s", (_, request, message) => {
    const [fault, ...more] = why(request);
    expect(fault).toContain("spec.request: failed to decode csr: ");
    expect(fault).toContain(message);
    expect(more).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ["a request is required", {}, ["spec.request: Required value: must be specified"]],
    ["it is a text", { request: 7 }, ['spec.request: Invalid value: "integer": must be of type string']],
    [
      "no other field",
      { request: everyName, ...everyUsage, secretName: "www-tls" },
      ['spec.secretName: unknown field "spec.secretName"'],
    ],
    [
      "a duration of some length",
      { request: everyName, ...everyUsage, duration: "0s" },
      ["spec.duration: Invalid value: 0: must be greater than 0"],
    ],
    [
      "known usages",
      { request: everyName, usages: [...everyUsage.usages, "surfing"] },
      ['spec.usages[4]: Invalid value: "surfing": unknown keyusage'],
    ],
    [
      "an issuer",
      { request: everyName, ...everyUsage, issuerRef: undefined },
      ["spec.issuerRef.name: Required value: must be specified"],
    ],
  ])("%s", (_, spec, expected) => {
    expect(faults(spec)).toEqual(expected);
  });

  it("has names that a Certificate could have", async () => {
    expect(why((await ownRequest({ names: ["no name.test"] })).request)[0]).toContain("is empty or not ASCII");
    expect(why((await ownRequest({ names: ["a..test"] })).request)).toEqual([
      expect.stringMatching(/^spec\.request: request\.dnsNames\[0\]: .*must be a DNS name/),
    ]);
    expect(why((await ownRequest({ names: [] })).request)).toEqual([
      expect.stringMatching(/^spec\.request: request: .*at least one of commonName/),
    ]);
  });

  it("has none of our annotations: they are of Certificates", async () => {
    const { request } = await ownRequest();
    const metadata = { annotations: { "certwright.dev/store": "s3" } };
    expect(faults({ request }, metadata)).toEqual([
      "metadata.annotations[certwright.dev/store]: Forbidden: certwright.dev/store is no annotation of kind CertificateRequest",
    ]);
  });
});

describe("isCA and usages beside a CSR that asks for them", () => {
  const ask = (asked: Parameters<typeof ownRequest>[0]) => ownRequest({ encodeUsages: true, ...asked });

  it.each<[string, Parameters<typeof ownRequest>[0], Record<string, unknown>]>([
    ["the defaults", { usages: [] }, {}],
    [
      "the same in another order",
      { usages: ["client auth", "server auth", "digital signature"] },
      { usages: ["server auth", "digital signature", "client auth"] },
    ],
    ["signing, which is digital signature", { usages: ["digital signature"] }, { usages: ["signing"] }],
    ["a CA, whose cert sign is added", { isCA: true, usages: ["crl sign"] }, { isCA: true, usages: ["crl sign"] }],
    ["anything, where the CSR asks for nothing", { encodeUsages: false }, { usages: ["code signing"], isCA: true }],
  ])("agree: %s", async (_, asked, spec) => {
    expect(faults({ request: (await ask(asked)).request, ...spec })).toEqual([]);
  });

  it.each<[string, Parameters<typeof ownRequest>[0], Record<string, unknown>, string]>([
    [
      "isCA",
      { isCA: true, encodeUsages: false },
      {},
      "encoded CSR error: IsCA true does not match expected value false",
    ],
    [
      "KeyUsage",
      { usages: ["digital signature"] },
      {},
      "encoded CSR error: the KeyUsages [ 'digital signature' ] do not match the expected KeyUsages [ 'digital signature', 'key encipherment' ]",
    ],
    [
      "ExtKeyUsage",
      { usages: ["digital signature", "server auth"] },
      { usages: ["digital signature", "client auth"] },
      "encoded CSR error: the ExtKeyUsages [ 'server auth' ] do not match the expected ExtKeyUsages [ 'client auth' ]",
    ],
    [
      "ExtKeyUsage that the spec lacks",
      { usages: ["digital signature", "key encipherment", "server auth"] },
      {},
      "encoded CSR error: the ExtKeyUsages [ 'server auth' ] do not match the expected ExtKeyUsages []",
    ],
  ])("contradict: %s", async (_, asked, spec, message) => {
    expect(why((await ask(asked)).request, spec)).toEqual([`spec.request: ${message}`]);
  });

  it("contradict a CSR that says CA:FALSE", () => {
    const usages = [...everyUsage.usages, "cert sign"];
    expect(why(everyName, { isCA: true, usages })).toEqual([
      "spec.request: encoded CSR error: IsCA false does not match expected value true",
    ]);
  });
});

describe("the hash of a CertificateRequest", () => {
  const hash = (metadata: unknown) => specHash(stored({ request: everyName }, metadata));

  it("knows cert-manager's annotations, which may not change; other people's it does not", () => {
    const plain = hash(undefined);
    expect(hash({ annotations: { "cert-manager.io/private-key-secret-name": "a" } })).not.toBe(plain);
    expect(hash({ annotations: { "example.com/note": "a" } })).toBe(plain);
  });
});

describe("a CSR of which one byte is another", () => {
  const pem = Buffer.from(everyName, "base64").toString();
  const der = Buffer.from(pem.split("-----")[2] ?? "", "base64");

  it("is refused, wherever the byte is, and never breaks the reader", () => {
    const taken = [...der.keys()].filter((at) => {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      const text = `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
      return faults({ request: Buffer.from(text).toString("base64"), ...everyUsage }).length === 0;
    });
    expect(der.length).toBeGreaterThan(400);
    expect(taken).toEqual([]);
  });
});
