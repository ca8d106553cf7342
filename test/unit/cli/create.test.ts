import { createPrivateKey, createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { publicKeyHashOf } from "../../../core/public-key-hash.ts";
import { parseCertificate } from "../../../core/request.ts";
import type { CertificateRow } from "../../../core/rows.ts";
import { approved, given, key, signed, stateSays } from "./requests-world.ts";
import { makeWorld, noon, ready, type World } from "./world.ts";

const folder = mkdtempSync(join(tmpdir(), "certwright-create-"));
afterAll(() => rmSync(folder, { recursive: true }));

let world: World;
beforeEach(() => {
  world = makeWorld();
});

describe("create certificaterequest", () => {
  const certificate = {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: {
      name: "any",
      annotations: { "certwright.dev/store": "s3", "example.com/a": "b" },
      labels: { team: "web" },
    },
    spec: {
      secretName: "any-tls",
      commonName: "web.example.test",
      dnsNames: ["www.example.test"],
      duration: "24h",
      usages: ["digital signature", "server auth"],
      privateKey: { algorithm: "ECDSA", encoding: "PKCS8" },
      issuerRef: { name: "root" },
    },
  };
  let count = 0;
  /** Files of its own, and the command line that names them. */
  const files = (object: unknown = certificate) => {
    count += 1;
    const file = (end: string) => join(folder, `${count}.${end}`);
    writeFileSync(file("json"), typeof object === "string" ? object : JSON.stringify(object));
    const line = [
      "create",
      "certificaterequest",
      "web",
      "--from-certificate-file",
      file("json"),
      "--output-key-file",
      file("key"),
    ];
    return {
      line,
      key: file("key"),
      crt: file("crt"),
      fetch: [...line, "--fetch-certificate", "--output-certificate-file", file("crt")],
    };
  };

  it("keeps the key here, mode 0600, and writes a request that is signed by it and asks for what the Certificate does", async () => {
    const { line, key: keyFile } = files();
    const { code, err } = await world.run(line);
    expect([code, err]).toEqual([
      0,
      `Private key written to file ${keyFile}\nCertificateRequest web has been created in namespace default`,
    ]);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const pem = readFileSync(keyFile, "utf8");
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    const stored = await world.requests.get(key);
    const parsed = stored && parseCertificate(stored);
    if (!parsed?.ok) throw new Error("it is not valid");
    const { spec: asked, annotations, labels } = parsed.resource;
    // The issuer is not known yet: a common name that is a name is one of the names.
    expect(asked).toMatchObject({ commonName: "web.example.test", dnsNames: ["www.example.test", "web.example.test"] });
    expect(asked.request?.publicKeyHash).toBe(publicKeyHashOf(createPublicKey(createPrivateKey(pem))));
    expect([annotations, labels]).toEqual([{ "example.com/a": "b" }, { team: "web" }]);
    expect(Object.keys(stored?.spec as object).sort()).toEqual(["duration", "issuerRef", "request", "usages"]);
    expect(JSON.stringify(stored)).not.toContain("PRIVATE");
  });

  it("waits when asked and writes the certificate", async () => {
    const { fetch, crt } = files();
    world.meanwhile.push(
      async () => undefined,
      () => stateSays(world, { approved, signed }),
    );
    const { code, err } = await world.run(fetch);
    expect(code).toBe(0);
    expect(err.split("\n").slice(2)).toEqual([
      "CertificateRequest web in namespace default has not been signed yet. Wait until it is signed...",
      "CertificateRequest web in namespace default has been signed",
      `Certificate written to file ${crt}`,
    ]);
    expect(readFileSync(crt, "utf8")).toBe("LEAF\n");
    expect(statSync(crt).mode & 0o777).toBe(0o600);
  });

  it("ends when it failed, and when the time is over", async () => {
    world.meanwhile.push(() => stateSays(world, { failureTime: "x" }));
    expect(await world.run(files().fetch)).toMatchObject({
      code: 1,
      err: expect.stringContaining("certificaterequest/web failed: Failed: why"),
    });
    world = makeWorld();
    const late = await world.run([...files().fetch, "--timeout", "3s"]);
    expect(late.err).toContain(
      "error when waiting for CertificateRequest to be signed: timed out: it was not decided on yet",
    );
  });

  it("waits until one of before is forgotten, and takes no name that is in use", async () => {
    await given(world, { signed });
    expect((await world.run(files().line)).err).toContain("certificaterequest/web already exists");
    await world.requests.delete(key);
    const row = (await world.state.certificate(key)) as CertificateRow;
    world.meanwhile.push(() => world.state.putCertificate({ ...row, deletedAt: noon }));
    expect((await world.run(files().line)).code).toBe(0);
    expect(world.meanwhile).toEqual([]);
  });

  it("overwrites no file, and makes no request then", async () => {
    const { line, key: keyFile } = files();
    writeFileSync(keyFile, "mine");
    expect((await world.run(line)).err).toContain(`the file ${keyFile} is there already`);
    expect(readFileSync(keyFile, "utf8")).toBe("mine");
    expect(await world.requests.get(key)).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ["nothing", "", "Expected one Certificate object"],
    [
      "two",
      `${JSON.stringify(certificate)}\n---\n${JSON.stringify(certificate)}`,
      "Expected only one Certificate object",
    ],
    ["another kind", { ...certificate, kind: "Issuer" }, "decoded object is not a v1 Certificate"],
    ["a bad one", { ...certificate, spec: { ...certificate.spec, duration: "1" } }, "spec.duration: "],
  ])("refuses a file with %s", async (_, object, message) => {
    const ran = await world.run(files(object).line);
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining(message)]);
    expect(await world.requests.get(key)).toBeUndefined();
  });

  it.each<[string, string, string]>([
    ["no name", "create certificaterequest", "the name of the CertificateRequest to be created has to be provided"],
    ["two names", "create cr a b --from-certificate-file c", "only one argument can be passed in"],
    ["another kind", "create certificate a", "only a certificaterequest is created"],
    ["no file", "create cr a", "please specify by using --from-certificate-file flag"],
    [
      "one file for both",
      "create cr a --from-certificate-file c --output-key-file k --output-certificate-file k",
      "cannot be the same",
    ],
    [
      "a file for nothing",
      "create cr a --from-certificate-file c --output-certificate-file k",
      "please set --fetch-certificate flag",
    ],
  ])("refuses a command line with %s", async (_, line, message) => {
    const ran = await world.run(line);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(message)]);
  });

  it("asks a private CA for the names alone: the common name is no name there", async () => {
    const issuer = { namespace: "default", kind: "Issuer", name: "root" } as const;
    const row = {
      key: issuer,
      schema: 1,
      version: 0,
      generation: 1,
      specHash: "h",
      ready: ready("True", "KeyPairVerified", ""),
    };
    await world.state.putIssuer({ ...row, spec: { ca: { secretName: "root" } } });
    expect((await world.run(files().line)).code).toBe(0);
    const stored = await world.requests.get(key);
    const parsed = stored && parseCertificate(stored);
    expect(parsed?.ok && parsed.resource.spec.dnsNames).toEqual(["www.example.test"]);
  });
});
