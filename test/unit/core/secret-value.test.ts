import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { keyFromSecretValue, parseSecretValue, type SecretContent, secretValue } from "../../../core/secret-value.ts";
import { barePem, interPem, leafPem, plainPem, rootPem } from "./openssl-certificates.ts";

const keys = {
  RSA: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
  ECDSA: generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey,
  Ed25519: generateKeyPairSync("ed25519").privateKey,
};

function der(key: KeyObject): Uint8Array {
  return key.export({ type: "pkcs8", format: "der" });
}

type Changes = Partial<Omit<SecretContent, "spec">> & { spec?: Partial<SecretContent["spec"]> };

function contentOf(changes: Changes = {}): SecretContent {
  return {
    name: "www",
    chainPem: leafPem + interPem + rootPem,
    keyPkcs8Der: der(keys.ECDSA),
    ...changes,
    spec: {
      issuerRef: { name: "le", kind: "ClusterIssuer", group: "cert-manager.io" },
      privateKey: { algorithm: "ECDSA", size: 384, encoding: "PKCS1", rotationPolicy: "Always" },
      secretTemplate: { annotations: {}, labels: {} },
      additionalOutputFormats: [],
      ...changes.spec,
    },
  };
}

function read(changes: Changes = {}) {
  return JSON.parse(secretValue(contentOf(changes)));
}

describe("the value of a stored secret", () => {
  it("has the keys of a Kubernetes TLS secret, always in the same order", () => {
    expect(Object.keys(read())).toEqual(["tls.crt", "tls.key", "metadata"]);
    expect(Object.keys(read({ caPem: rootPem }))).toEqual(["tls.crt", "tls.key", "ca.crt", "metadata"]);
    expect(read({ caPem: rootPem })["ca.crt"]).toBe(rootPem);
    expect(secretValue(contentOf())).toBe(secretValue(contentOf()));
  });

  it("has the formats that are asked for: the key's PEM block in base64, and key and chain with a line feed between", () => {
    const {
      "tls.key": key,
      "tls.crt": chain,
      ...rest
    } = read({ spec: { additionalOutputFormats: ["CombinedPEM", "DER"] } });
    expect(Object.keys(rest)).toEqual(["key.der", "tls-combined.pem", "metadata"]);
    expect(rest["key.der"]).toBe(keys.ECDSA.export({ type: "sec1", format: "der" }).toString("base64"));
    expect(rest["tls-combined.pem"]).toBe(`${key}\n${chain}`);
    const pkcs8 = { algorithm: "ECDSA", size: 384, encoding: "PKCS8", rotationPolicy: "Always" } as const;
    const other = read({ spec: { privateKey: pkcs8, additionalOutputFormats: ["DER"] } });
    expect(other["key.der"]).toBe(keys.ECDSA.export({ type: "pkcs8", format: "der" }).toString("base64"));
  });

  it.each<[string, string, string]>([
    ["leaf and intermediate, without the root", leafPem + interPem + rootPem, leafPem + interPem],
    ["a chain without root as it is", leafPem + interPem, leafPem + interPem],
    ["a self-signed certificate that stands alone", barePem, barePem],
    ["no text between certificates", `\n# one\n${leafPem}# two\n\n${interPem}`, leafPem + interPem],
  ])("tls.crt is %s", (_, chainPem, expected) => {
    expect(read({ chainPem })["tls.crt"]).toBe(expected);
  });

  it.each<[keyof typeof keys, "PKCS1" | "PKCS8", string]>([
    ["RSA", "PKCS1", "RSA PRIVATE KEY"],
    ["RSA", "PKCS8", "PRIVATE KEY"],
    ["ECDSA", "PKCS1", "EC PRIVATE KEY"],
    ["ECDSA", "PKCS8", "PRIVATE KEY"],
    ["Ed25519", "PKCS1", "PRIVATE KEY"],
    ["Ed25519", "PKCS8", "PRIVATE KEY"],
  ])("tls.key of %s in %s begins with %s and is the key", (algorithm, encoding, header) => {
    const privateKey = { algorithm, encoding, rotationPolicy: "Always" as const };
    const pem: string = read({ keyPkcs8Der: der(keys[algorithm]), spec: { privateKey } })["tls.key"];
    expect(pem.startsWith(`-----BEGIN ${header}-----\n`)).toBe(true);
    const publicDer = (key: KeyObject) => createPublicKey(key).export({ type: "spki", format: "der" }).toString("hex");
    expect(publicDer(createPrivateKey(pem))).toBe(publicDer(keys[algorithm]));
  });

  it("has cert-manager's annotations, those of the subject because the leaf has one", () => {
    expect(read().metadata).toEqual({
      annotations: {
        "cert-manager.io/alt-names": "www.example.com,*.example.com",
        "cert-manager.io/certificate-name": "www",
        "cert-manager.io/common-name": "www.example.com",
        "cert-manager.io/email-sans": "ops@example.com",
        "cert-manager.io/ip-sans": "192.0.2.7,2001:db8::1",
        "cert-manager.io/issuer-group": "cert-manager.io",
        "cert-manager.io/issuer-kind": "ClusterIssuer",
        "cert-manager.io/issuer-name": "le",
        "cert-manager.io/subject-countries": "DE",
        "cert-manager.io/subject-localities": "M\u00fcnchen",
        "cert-manager.io/subject-organizations": '"Example, Inc.",Zweite Firma',
        "cert-manager.io/subject-organizationalunits": "Gr\u00fcn",
        "cert-manager.io/subject-postalcodes": "80331",
        "cert-manager.io/subject-provinces": "Bayern",
        "cert-manager.io/subject-serialnumber": "77",
        "cert-manager.io/subject-streetaddresses": "Weg 1",
        "cert-manager.io/uri-sans": "spiffe://example.com/a",
      },
      labels: { "controller.cert-manager.io/fao": "true" },
    });
  });

  it("has eight annotations even where the leaf says nothing", () => {
    expect(read({ chainPem: plainPem }).metadata.annotations).toEqual({
      "cert-manager.io/alt-names": "b.example.com,a.example.com",
      "cert-manager.io/certificate-name": "www",
      "cert-manager.io/common-name": "",
      "cert-manager.io/ip-sans": "",
      "cert-manager.io/issuer-group": "cert-manager.io",
      "cert-manager.io/issuer-kind": "ClusterIssuer",
      "cert-manager.io/issuer-name": "le",
      "cert-manager.io/uri-sans": "",
    });
  });

  it("takes the template in, but not over its own, in one order", () => {
    const secretTemplate = {
      annotations: { "z.de/a": "1", "cert-manager.io/issuer-name": "forged", "a.de/a": "2" },
      labels: { team: "web", "controller.cert-manager.io/fao": "false" },
    };
    const { annotations, labels, ...more } = read({ spec: { secretTemplate } }).metadata;
    expect(more).toEqual({});
    expect(annotations).toMatchObject({ "z.de/a": "1", "a.de/a": "2", "cert-manager.io/issuer-name": "le" });
    expect(Object.keys(annotations)).toEqual(Object.keys(annotations).sort());
    expect(labels).toEqual({ team: "web", "controller.cert-manager.io/fao": "true" });
  });
});

describe("a stored secret read back", () => {
  it("gives its parts", () => {
    const parsed = parseSecretValue(secretValue(contentOf({ caPem: rootPem })));
    expect(parsed).toMatchObject({ chainPem: leafPem + interPem, caPem: rootPem });
    expect(parsed?.annotations["cert-manager.io/certificate-name"]).toBe("www");
    expect(parsed?.labels).toEqual({ "controller.cert-manager.io/fao": "true" });
  });

  it.each([[""], ["null"], ["[]"], ["{}"], ['"x"'], ['{"tls.crt":"x"}'], ['{"tls.crt":1,"tls.key":2}'], ["{"]])(
    "is not taken from %j",
    (text) => {
      expect(parseSecretValue(text)).toBeUndefined();
      expect(keyFromSecretValue(text)).toBeUndefined();
    },
  );

  it("survives metadata that somebody spoilt", () => {
    const text = JSON.stringify({
      "tls.crt": "c",
      "tls.key": "k",
      metadata: { annotations: [], labels: { a: 1, b: "2" } },
    });
    expect(parseSecretValue(text)).toEqual({ chainPem: "c", keyPem: "k", annotations: {}, labels: { b: "2" } });
    expect(keyFromSecretValue(text)).toBeUndefined();
  });

  it.each<[keyof typeof keys, "PKCS1" | "PKCS8", number | undefined]>([
    ["RSA", "PKCS1", 2048],
    ["ECDSA", "PKCS1", 384],
    ["ECDSA", "PKCS8", 384],
    ["Ed25519", "PKCS1", undefined],
  ])("gives the same %s key, whatever its encoding (%s)", (algorithm, encoding, size) => {
    const privateKey = { algorithm, encoding, rotationPolicy: "Never" as const };
    const kept = keyFromSecretValue(
      secretValue(contentOf({ keyPkcs8Der: der(keys[algorithm]), spec: { privateKey } })),
    );
    expect(kept?.algorithm).toBe(algorithm);
    expect(kept?.size).toBe(size);
    expect(Buffer.from(kept?.pkcs8 ?? []).equals(Buffer.from(der(keys[algorithm])))).toBe(true);
  });
});
