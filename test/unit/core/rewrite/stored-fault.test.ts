import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { makeCsr } from "../../../../adapters/keys/csr.ts";
import type { CertificateSpec } from "../../../../core/certificate.ts";
import { storedFault } from "../../../../core/rewrite/stored-fault.ts";
import { signers } from "../../../support/signers.ts";

interface Pair {
  "tls.key": string;
  "tls.crt": string;
}

const spec = (more: object = {}) =>
  ({
    issuerRef: { name: "ca", kind: "ClusterIssuer", group: "cert-manager.io" },
    privateKey: { algorithm: "ECDSA", size: 256, encoding: "PKCS1", rotationPolicy: "Always" },
    ...more,
  }) as unknown as CertificateSpec;

const ours = {
  "cert-manager.io/certificate-name": "www",
  "cert-manager.io/issuer-name": "ca",
  "cert-manager.io/issuer-kind": "ClusterIssuer",
  "cert-manager.io/issuer-group": "cert-manager.io",
};

const elliptic = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;

async function pairOf(key: KeyObject): Promise<Pair> {
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  const { der: csr } = await makeCsr({ pkcs8, names: ["www.test"], subject: [], usages: [], encodeUsages: false });
  const life = { notBefore: new Date("2026-11-01"), notAfter: new Date("2027-02-01") };
  const urls = { crlDistributionPoints: [], ocspServers: [], issuingCertificateURLs: [] };
  const certificate = await signers.temporary({ csr, isCA: false, usages: [], ...life, ...urls });
  return { "tls.key": key.export({ type: "pkcs8", format: "pem" }).toString(), "tls.crt": certificate };
}

let pair: Pair;
let other: Pair;
let fingerprint: string;

beforeAll(async () => {
  pair = await pairOf(elliptic("P-256"));
  other = await pairOf(elliptic("P-256"));
  fingerprint = new X509Certificate(pair["tls.crt"]).fingerprint256.replaceAll(":", "").toLowerCase();
});

interface Look {
  annotations?: Record<string, string>;
  wanted?: CertificateSpec;
  isOurs?: boolean;
}

function look(value: object, { annotations = ours, wanted = spec(), isOurs = false }: Look = {}) {
  const text = JSON.stringify({ ...value, metadata: { annotations } });
  return storedFault(text, { name: "www", spec: wanted, issued: { fingerprint }, isOurs });
}

const field = (name: string) => `Existing private key is not up to date for spec: [spec.privateKey.${name}]`;
const ending = (text: string) => expect.stringMatching(new RegExp(`${text}$`));

describe("a stored secret needs a new certificate", () => {
  it.each<[string, () => object | undefined, string, string]>([
    ["no key", () => look({ ...pair, "tls.key": "" }), "MissingData", "does not contain a private key"],
    ["no certificate", () => look({ ...pair, "tls.crt": "" }), "MissingData", "does not contain a certificate"],
    ["a key that is none", () => look({ ...pair, "tls.key": "x" }), "InvalidKeyPair", "invalid private key data"],
    [
      "a certificate that is none",
      () => look({ ...pair, "tls.crt": "x" }),
      "InvalidCertificate",
      "invalid certificate",
    ],
    [
      "a key of another certificate",
      () => look({ ...pair, "tls.key": other["tls.key"] }),
      "InvalidKeyPair",
      "a private key that does not match the certificate",
    ],
    ["another certificate, with its key", () => look(other), "SecretMismatch", "than the one that certwright wrote"],
  ])("with %s", (_what, fault, reason, message) => {
    expect(fault()).toEqual({ reason, message: ending(message) });
  });

  it.each<[string, () => KeyObject, CertificateSpec | undefined, string]>([
    ["of another size", () => elliptic("P-384"), undefined, "size"],
    ["of another algorithm", () => generateKeyPairSync("ed25519").privateKey, undefined, "algorithm"],
    [
      "of another number of bits",
      () => generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey,
      spec({ privateKey: { algorithm: "RSA", size: 3_072 } }),
      "size",
    ],
  ])("with a key %s, named before the certificate that is another one, too", async (_what, key, wanted, name) => {
    const found = look(await pairOf(key()), wanted ? { wanted } : {});
    expect(found).toEqual({ reason: "SecretMismatch", message: field(name) });
  });

  it("with text that is no JSON object", () => {
    const expected = { name: "www", spec: spec(), issued: { fingerprint }, isOurs: false };
    const missing = { reason: "MissingData", message: "Issuing certificate as Secret does not contain any data" };
    for (const text of ["gone", "[]", ""]) expect(storedFault(text, expected)).toEqual(missing);
  });

  it.each<[string, Record<string, string>, string, string]>([
    [
      "of another issuer",
      { "cert-manager.io/issuer-name": "le" },
      "IncorrectIssuer",
      '"ClusterIssuer.cert-manager.io/le"',
    ],
    [
      "of an issuer of another kind",
      { "cert-manager.io/issuer-kind": "" },
      "IncorrectIssuer",
      '"Issuer.cert-manager.io/ca"',
    ],
    [
      "of an issuer of another group",
      { "cert-manager.io/issuer-group": "example.com" },
      "IncorrectIssuer",
      '"ClusterIssuer.example.com/ca"',
    ],
    ["of another Certificate", { "cert-manager.io/certificate-name": "api" }, "IncorrectCertificate", '"api"'],
  ])("with the annotations %s, unless we wrote them ourselves", (_what, more, reason, message) => {
    const annotations = { ...ours, ...more };
    expect(look(pair, { annotations })).toEqual({ reason, message: ending(message) });
    expect(look(pair, { annotations, isOurs: true })).toBeUndefined();
  });
});

describe("a stored secret is kept", () => {
  it("as it was written, and without annotations", () => {
    expect(look(pair)).toBeUndefined();
    expect(look(pair, { annotations: {} })).toBeUndefined();
  });

  it("where annotations leave kind and group to cert-manager's defaults", () => {
    const wanted = spec({ issuerRef: { name: "ca", kind: "Issuer", group: "cert-manager.io" } });
    expect(look(pair, { annotations: { "cert-manager.io/issuer-name": "ca" }, wanted })).toBeUndefined();
  });
});
