import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { fetchTrusting } from "../../local/trusting-fetch.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { leafOf } from "../support/integration-leaf.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const namespace = fresh("revoke");
const issuer = fresh("revoke");

function wanted(name: string, more: Record<string, unknown> = {}): Manifest {
  return certificate({ namespace, name, issuer, dnsNames: [`${name}-${id}.example.test`], more });
}

const leaked = wanted("leaked", { privateKey: { algorithm: "ECDSA", rotationPolicy: "Never" } });
const retired = wanted("retired");

beforeAll(async () => {
  await bed.putIssuer({ name: issuer });
  await bed.put([leaked, retired]);
  await bed.ready([leaked, retired]);
});

/** What Pebble says of a certificate. */
async function statusAtCa(serialNumber: string): Promise<{ Status: string; Reason?: number }> {
  const { managementUrl, caCertificate } = stack.facts;
  const url = `${managementUrl}/cert-status-by-serial/${serialNumber.toLowerCase()}`;
  return JSON.parse((await fetchTrusting(caCertificate, url)).body);
}

const keyOf = async (manifest: Manifest) =>
  new X509Certificate((await bed.read(manifest))["tls.crt"] ?? "").publicKey.export({ type: "spki", format: "pem" });
const revoke = (name: string, ...more: string[]) =>
  certwright(stack, ["revoke", name, "-n", namespace, "--timeout", "2m", ...more]);

describe("certwright revoke, with the real CA", () => {
  it.concurrent("takes a leaked key out of use: blocked, revoked by itself, replaced by another one", async () => {
    const before = leafOf(await bed.read(leaked));
    const key = await keyOf(leaked);
    expect(await statusAtCa(before.serialNumber)).toMatchObject({ Status: "Valid" });
    const ran = await revoke("leaked", "--reason", "keyCompromise");
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining("revoked 1 of 1, replaced 1") });
    expect(ran.stderr).toContain(`${namespace}/Certificate/leaked: its key is blocked for ever`);
    expect(await statusAtCa(before.serialNumber)).toMatchObject({ Status: "Revoked", Reason: 1 });
    const after = leafOf(await bed.read(leaked));
    expect(await keyOf(leaked)).not.toBe(key);
    expect(await statusAtCa(after.serialNumber)).toMatchObject({ Status: "Valid" });
    const { stdout } = await certwright(stack, ["describe", "certificate", "leaked", "-n", namespace]);
    expect(stdout).toMatch(/KeyCompromised/);
    expect(stdout).toMatch(/keyCompromise +\S+ +20\d\d-/);
  });

  it.concurrent("has the account revoke what is superseded, and shows who asked what", async () => {
    const before = leafOf(await bed.read(retired));
    const ran = await revoke("retired", "--reason", "superseded");
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining("revoked 1 of 1, replaced 1") });
    expect(await statusAtCa(before.serialNumber)).toMatchObject({ Status: "Revoked", Reason: 4 });
    expect(leafOf(await bed.read(retired)).serialNumber).not.toBe(before.serialNumber);
  });
});
