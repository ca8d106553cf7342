import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { KeystoreContent, KeystoreFormats } from "../../../core/deps.ts";
import type { KeystoresSpec } from "../../../core/keystore-fields.ts";
import { withKeystores } from "../../../core/keystores.ts";
import type { SecretContent } from "../../../core/secret-value.ts";
import { memorySecretStore } from "../../support/memory-secret-store.ts";
import { interPem, leafPem, rootPem } from "./openssl-certificates.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const der = (pem: string) => new X509Certificate(pem).raw;
/** PKCS#8 of a P-256 key that names its curve twice, which OpenSSL does not. */
const wordy = Buffer.from(
  `304d020100301306072a8648ce3d020106082a8648ce3d030107043330310201010420${"5a".repeat(32)}a00a06082a8648ce3d030107`,
  "hex",
);
const jks = { alias: "web", password: { literal: "one" } };
const pkcs12 = { profile: "Modern2023", password: { secretRef: { name: "passwords", key: "p12" } } } as const;

/** What both formats are made of, and with what. */
async function made(keystores: KeystoresSpec, more: Partial<SecretContent> = {}) {
  const seen: { content: KeystoreContent; how: object }[] = [];
  const make = (name: string) => async (content: KeystoreContent, how: object) => {
    seen.push({ content, how });
    return { keystore: bytes(name), ...(content.ca.length > 0 && { truststore: bytes(`${name} trusts`) }) };
  };
  const store = memorySecretStore();
  const versions = [{ id: "1", value: '{"p12":"two"}' }];
  store.secrets.set("certwright/web/passwords", { tags: {}, versions });
  const content = { name: "www", chainPem: leafPem + interPem + rootPem, keyPkcs8Der: wordy, caPem: rootPem, ...more };
  const formats = { jks: make("jks"), pkcs12: make("p12") } as KeystoreFormats;
  const deps = { instance: "certwright", store: async () => store, keystores: formats };
  const spec = { keystores } as SecretContent["spec"] & { keystores: KeystoresSpec };
  return { seen, content: await withKeystores(deps, "web", { ...content, spec }) };
}

describe("the keystores of a secret", () => {
  it("are those that the spec asks for, each with its password, in keys of their own", async () => {
    const { seen, content } = await made({ jks, pkcs12 });
    expect(content.keystores).toEqual({
      "keystore.jks": bytes("jks"),
      "truststore.jks": bytes("jks trusts"),
      "keystore.p12": bytes("p12"),
      "truststore.p12": bytes("p12 trusts"),
    });
    expect(seen.map(({ how }) => how)).toEqual([
      { alias: "web", password: "one" },
      { profile: "Modern2023", password: "two" },
    ]);
    expect(Object.keys((await made({ jks })).content.keystores ?? {})).toEqual(["keystore.jks", "truststore.jks"]);
  });

  it("have no truststore where the issuer gave no CA", async () => {
    const { content } = await made({ jks }, { caPem: undefined as never });
    expect(Object.keys(content.keystores ?? {})).toEqual(["keystore.jks"]);
  });

  it("hold what tls.crt holds: no root; and the key in OpenSSL's form, however it was given", async () => {
    const [first] = (await made({ jks })).seen;
    expect(first?.content.chain).toEqual([der(leafPem), der(interPem)]);
    expect(first?.content.ca).toEqual([der(rootPem)]);
    const usual = createPrivateKey({ key: wordy, format: "der", type: "pkcs8" }).export({
      type: "pkcs8",
      format: "der",
    });
    expect(usual.equals(wordy)).toBe(false);
    expect(Buffer.from(first?.content.keyPkcs8 ?? []).equals(usual)).toBe(true);
  });
});
