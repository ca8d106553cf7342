import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { secretsByHand, touched, withSpec } from "../support/c-objects.ts";
import { ordersFor } from "../support/c-requests-made.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { type Leaf, leafOf } from "../support/integration-leaf.ts";
import { attemptsOf } from "../support/issuance-counts.ts";
import { entriesIn } from "../support/keytool.ts";

const run = promisify(execFile);
const bed = openBed();
const { stack, fresh, id } = bed;
const namespace = fresh("stored");
const issuer = fresh("stored");
const dnsNameOf = (name: string) => `${name}-${id}.example.test`;
const wanted = (name: string, more: Record<string, unknown> = {}) =>
  certificate({ namespace, name, issuer, dnsNames: [dnsNameOf(name)], more });

const passwords = { jks: "changeit", p12: "geheim" };
const keystores = {
  jks: { create: true, alias: "Web", passwordSecretRef: { name: "passwords", key: "jks" } },
  pkcs12: { create: true, profile: "Modern2023", passwordSecretRef: { name: "passwords", key: "p12" } },
};
const rewritten = wanted("rewritten", { secretTemplate: { labels: { team: "one", old: "x" } } });
const edited = withSpec(rewritten, {
  secretTemplate: { labels: { team: "two" } },
  keystores,
  additionalOutputFormats: [{ type: "DER" }, { type: "CombinedPEM" }],
  privateKey: { algorithm: "ECDSA", encoding: "PKCS8" },
});
const stored = wanted("drifted", { secretTemplate: { labels: { team: "one" } } });
const waiting = wanted("waiting", {
  keystores: { jks: { create: true, passwordSecretRef: { name: "later", key: "jks" } } },
});

let folder: string;
let before: Leaf;

async function fileOf(name: string, base64: string | undefined): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, Buffer.from(base64 ?? "", "base64"), { mode: 0o600 });
  return file;
}

const byHand = secretsByHand(stack);
const storePassword = (name: string, value: object) => byHand.create(`${namespace}/${name}`, value);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "certwright-stored-"));
  await storePassword("passwords", passwords);
  await bed.putIssuer({ name: issuer });
  await bed.put([rewritten, stored, waiting]);
  await bed.ready([rewritten, stored]);
  before = leafOf(await bed.read(rewritten));
  await bed.put([edited]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const rowOf = ({ metadata: { name } }: Manifest, until: Parameters<typeof stack.waitFor>[1]) =>
  stack.waitFor({ namespace, name }, until);

describe("a Certificate whose template, keystores, formats and encoding changed", () => {
  const isRewritten: Parameters<typeof stack.waitFor>[1] = (row) =>
    row.generation === 2 &&
    row.rewrite === undefined &&
    row.issued?.contentHash !== undefined &&
    row.issued.specHash === row.specHash;

  it.concurrent("has its secret rewritten: the same serial number and revision, and no order", async () => {
    const row = await rowOf(edited, isRewritten);
    const secret = await bed.read(edited);
    await stack.verify(secret);
    expect(leafOf(secret).serialNumber).toBe(before.serialNumber);
    expect(row).toMatchObject({ revision: 1, ready: { status: "True" } });
    expect(row.issued?.versionId).not.toBe(row.issued?.attemptId);
    expect(secret.metadata).toMatchObject({ labels: { team: "two", "controller.cert-manager.io/fao": "true" } });
    expect(JSON.stringify(secret.metadata)).not.toContain('"old"');
    expect(secret["tls.key"]).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(await attemptsOf(stack, edited)).toHaveLength(1);
    expect(await ordersFor(stack, dnsNameOf("rewritten"))).toBe(1);
  });

  it.concurrent("has keystores that keytool reads, and openssl, with the certificate's own key", async () => {
    await rowOf(edited, isRewritten);
    const secret = await bed.read(edited);
    const jks = await fileOf("keystore.jks", secret["keystore.jks"]);
    const p12 = await fileOf("keystore.p12", secret["keystore.p12"]);
    expect(await entriesIn(jks, passwords.jks)).toEqual([{ alias: "web", type: "PrivateKeyEntry" }]);
    expect(await entriesIn(p12, passwords.p12)).toEqual([{ alias: "1", type: "PrivateKeyEntry" }]);
    await expect(entriesIn(jks, "another")).rejects.toThrow("password was incorrect");
    const key = await run("openssl", ["pkcs12", "-in", p12, "-passin", `pass:${passwords.p12}`, "-nodes", "-nocerts"]);
    expect(key.stdout.slice(key.stdout.indexOf("-----BEGIN")).trim()).toBe(String(secret["tls.key"]).trim());
    const der = await fileOf("key.der", secret["key.der"]);
    const { stdout } = await run("openssl", ["pkey", "-inform", "DER", "-in", der]);
    expect(stdout.trim()).toBe(String(secret["tls.key"]).trim());
    expect(secret["tls-combined.pem"]).toBe(`${secret["tls.key"]}\n${secret["tls.crt"]}`);
  });
});

describe("a stored secret that a person changed", () => {
  it.concurrent("keeps his key and label, has ours put right, and its certificate", async () => {
    const old = await bed.read(stored);
    const metadata = { ...(old.metadata as unknown as object), labels: { team: "mine", tier: "gold" } };
    await byHand.overwrite(`${namespace}/drifted-tls`, { ...old, "dhparam.pem": "mine", metadata });
    await bed.put([touched(stored)]);
    const row = await rowOf(stored, ({ issued }) => issued?.foreign === true);
    const secret = await bed.read(stored);
    expect(secret["dhparam.pem"]).toBe("mine");
    expect(secret.metadata).toMatchObject({ labels: { team: "one", tier: "gold" } });
    expect(leafOf(secret)).toEqual(leafOf(old));
    expect(row).toMatchObject({ revision: 1 });
  });
});

describe("a keystore whose password is missing", () => {
  it.concurrent("holds the certificate back before an order, with the reason, until it has come", async () => {
    await rowOf(waiting, ({ issuing }) => issuing?.reason === "KeystorePasswordSecretNotFound");
    expect(await ordersFor(stack, dnsNameOf("waiting"))).toBe(0);
    await storePassword("later", { jks: "changeit" });
    await bed.put([touched(waiting)]);
    await bed.ready([waiting], 180_000);
    const file = await fileOf("later.jks", (await bed.read(waiting))["keystore.jks"]);
    expect(await entriesIn(file, "changeit")).toEqual([{ alias: "certificate", type: "PrivateKeyEntry" }]);
  });
});
