import "reflect-metadata";
import { beforeAll, describe, expect, it } from "vitest";
import { goldenCertificates } from "../support/golden/corpus.ts";
import { type GoVerdict, goVerdicts } from "../support/golden/go.ts";
import { issueAll } from "../support/golden/issue.ts";
import { keystoreEntries } from "../support/golden/keytool.ts";
import { expectedView, type IssuedSecret, opensslView } from "../support/golden/openssl.ts";

const base64Of = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, "");
const corpus = goldenCertificates();
const files = corpus.map((golden) => [golden.name, golden] as const);
let secrets = new Map<string, IssuedSecret>();
let go = new Map<string, GoVerdict>();

beforeAll(async () => {
  secrets = await issueAll(corpus);
  go = await goVerdicts(secrets);
});

describe("the corpus", () => {
  it("has at least sixty Certificates, each with a secret and a name of its own", () => {
    expect(corpus.length).toBeGreaterThanOrEqual(60);
    expect(new Set(corpus.map(({ spec }) => spec.secretName)).size).toBe(corpus.length);
  });
});

describe("what a Certificate gets is what cert-manager gives", () => {
  it.each(files)("%s: keys, annotations, labels and the form of the key", (name, { secret: expected }) => {
    const { metadata, ...values } = secrets.get(name) ?? {};
    const { annotations, labels } = metadata as unknown as { annotations: object; labels: object };
    expect(Object.keys(values).sort()).toEqual(expected.keys);
    expect({ annotations, labels }).toEqual({ annotations: expected.annotations, labels: expected.labels });
    if ("key.der" in values) expect(values["key.der"]).toBe(base64Of(values["tls.key"] ?? ""));
    const combined = `${values["tls.key"]}\n${values["tls.crt"]}`;
    expect(values["tls-combined.pem"] ?? combined).toBe(combined);
    expect(/^-----BEGIN ([^-]+)-----/.exec(values["tls.key"] ?? "")?.[1]).toBe(expected.privateKey);
  });

  it.each(files)("%s: the certificate, as Go reads it, its chain and key", (name, { x509 }) => {
    expect(go.get(name)).toEqual({ x509 });
  });

  it.each(files)("%s: the certificate, as openssl reads it, its chain and key", async (name, { x509 }) => {
    expect(await opensslView(secrets.get(name) ?? {})).toEqual(expectedView(x509));
  });

  const keystores = corpus.flatMap(({ name, keystores: all = {} }) =>
    Object.entries(all).map(([file, expected]) => [name, file, expected] as const),
  );
  it.each(keystores)("%s: %s, as keytool reads it", async (name, file, expected) => {
    expect(await keystoreEntries(file, expected, secrets.get(name) ?? {})).toEqual(expected.entries);
  });
});
