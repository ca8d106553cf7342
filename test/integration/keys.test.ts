import { createPublicKey } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { refusedFor } from "../support/c-issuers.ts";
import { toRenew, withSpec } from "../support/c-objects.ts";
import { keyOfCertificate } from "../support/c-openssl.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { untilNoTxt } from "../support/integration-dns.ts";
import { executionsOf } from "../support/integration-executions.ts";
import { leafOf } from "../support/integration-leaf.ts";
import { attemptsOf } from "../support/issuance-counts.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const namespace = fresh("keys");
const issuer = fresh("keys");

function wanted(name: string, privateKey: object | undefined, dnsNames = [`${name}-${id}.example.test`]): Manifest {
  return certificate({ namespace, name, issuer, dnsNames, more: { privateKey } });
}

// The last two columns: what openssl says of the certificate's key, and the heading of tls.key.
const kinds: [name: string, privateKey: Record<string, unknown> | undefined, key: string, heading: string][] = [
  ["unsaid", undefined, "rsaEncryption 2048", "RSA PRIVATE KEY"],
  ["rsa-2048", { algorithm: "RSA", size: 2048, encoding: "PKCS8" }, "rsaEncryption 2048", "PRIVATE KEY"],
  ["rsa-3072", { algorithm: "RSA", size: 3072, encoding: "PKCS1" }, "rsaEncryption 3072", "RSA PRIVATE KEY"],
  ["rsa-4096", { size: 4096, encoding: "PKCS8" }, "rsaEncryption 4096", "PRIVATE KEY"],
  ["ecdsa", { algorithm: "ECDSA" }, "prime256v1 256", "EC PRIVATE KEY"],
  ["ecdsa-256", { algorithm: "ECDSA", size: 256, encoding: "PKCS8" }, "prime256v1 256", "PRIVATE KEY"],
  ["ecdsa-384", { algorithm: "ECDSA", size: 384, encoding: "PKCS1" }, "secp384r1 384", "EC PRIVATE KEY"],
  ["ecdsa-521", { algorithm: "ECDSA", size: 521, encoding: "PKCS8" }, "secp521r1 521", "PRIVATE KEY"],
];
const manifests = new Map(kinds.map(([name, privateKey]) => [name, wanted(name, privateKey)]));
const more = Array.from({ length: 5 }, (_, index) => wanted(`slow-${index}`, { algorithm: "RSA", size: 4096 }));
const slow = ["rsa-3072", "rsa-4096", ...more.map(({ metadata }) => metadata.name)];

const always = wanted("always", { algorithm: "ECDSA", rotationPolicy: "Always" });
const never = wanted("never", { algorithm: "ECDSA", rotationPolicy: "Never" });
const ed25519 = wanted("ed25519", { algorithm: "Ed25519" });
const forbidden = wanted("forbidden", { algorithm: "ECDSA" }, [stack.facts.blockedDomain]);
const manyNames = Array.from({ length: 101 }, (_, index) => `n${index}.many-${id}.example.test`);
const many = wanted("many", { algorithm: "ECDSA" }, manyNames);

beforeAll(async () => {
  const all = [...manifests.values(), ...more, always, never, ed25519, forbidden, many];
  await bed.put(all);
  await bed.shown(all, ({ ready }) => ready?.reason === "IssuerNotFound");
  await bed.putIssuer({ name: issuer });
});

describe("a private key", () => {
  it.concurrent("is a new one for each certificate, or with rotationPolicy Never the old one", async () => {
    await bed.ready([always, never]);
    const before = await Promise.all([always, never].map(publicKeyOf));
    await bed.put([toRenew(always), toRenew(never)]);
    await bed.shown([always, never], ({ ready, revision }) => ready?.status === "True" && revision === 2);
    const after = await Promise.all([always, never].map(publicKeyOf));
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    for (const manifest of [always, never]) await stack.verify(await bed.read(manifest));

    const leaf = leafOf(await bed.read(never));
    await stack.put(withSpec(never, { privateKey: { algorithm: "ECDSA", size: 384, rotationPolicy: "Never" } }));
    const { issuing } = await stack.waitFor(
      { namespace, name: "never" },
      (row) => row.issuing?.reason === "CannotRegenerateKey",
    );
    expect(issuing?.message).toMatch(/rotationPolicy is Never; set spec\.privateKey\.rotationPolicy to Always/);
    expect(leafOf(await bed.read(never))).toEqual(leaf);
  });

  it.concurrent.each(kinds)("as %s asks is made, and written so", async (name, _, key, heading) => {
    const manifest = manifests.get(name) ?? expect.unreachable();
    await bed.ready([manifest]);
    const secret = await bed.read(manifest);
    await stack.verify(secret);
    expect(await keyOfCertificate(secret["tls.crt"] ?? "")).toBe(key);
    expect(secret["tls.key"]?.split("\n")[0]).toBe(`-----BEGIN ${heading}-----`);
  });

  it.concurrent("over 2048 bits is slow to make: at most five of them share an execution", async () => {
    await bed.ready([...manifests.values(), ...more]);
    const executions = (await executionsOf(stack, namespace)).map(
      ({ certificates }) => slow.filter((name) => certificates.includes(`${namespace}/${name}`)).length,
    );
    expect(Math.max(...executions)).toBeLessThanOrEqual(5);
    expect(executions.filter((count) => count > 0).length).toBeLessThan(slow.length);
    expect(executions.reduce((sum, count) => sum + count)).toBe(slow.length);
  });
});

// What only a CA can refuse; Pebble takes 101 names, which Let's Encrypt would not.
describe("what the CA decides", () => {
  it.concurrent("Ed25519 is refused in its words, nothing is left in DNS", async () => {
    const message = await refusedFor(bed, ed25519, "BadCSR");
    expect(message).toMatch(/The CA refused to issue: .*Ed25519 is not supported .*Change spec\.privateKey/);
    const [attempt] = await attemptsOf(stack, ed25519);
    expect(attempt).toMatchObject({ step: "finalize-order", outcome: { result: "failed", reason: "BadCSR" } });
    await untilNoTxt(stack, [`ed25519-${id}.example.test`]);
  });

  it.concurrent("a forbidden name is refused in its words, without a challenge", async () => {
    const message = await refusedFor(bed, forbidden, "RejectedIdentifier");
    expect(message).toMatch(/issuance is forbidden by policy: "blocked\.example\.test"/);
    expect(message).toMatch(/Remove the name the CA will not issue for/);
  });

  it.concurrent("101 names are ordered as asked", async () => {
    await bed.ready([many]);
    const secret = await bed.read(many);
    await stack.verify(secret);
    expect(leafOf(secret).names).toEqual([...manyNames].sort());
  });
});

async function publicKeyOf(manifest: Manifest): Promise<string> {
  const { "tls.crt": chain = "" } = await bed.read(manifest);
  return createPublicKey(chain).export({ type: "spki", format: "pem" }).toString();
}
