import { X509Certificate } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { publicKeyHashOf } from "../../core/public-key-hash.ts";
import type { CertificateRow } from "../../core/rows.ts";
import type { Manifest } from "../../local/requests.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { opensslCrl } from "../support/openssl-crl.ts";

const bed = openBed();
const { stack, fresh } = bed;
const namespace = fresh("seen-revoked");

let list: Buffer = Buffer.from("no list yet");
const server = createServer((_request, answer) => void answer.end(list));
let names: Record<"self" | "root" | "byRoot" | "revoked" | "leaked" | "good", Manifest>;

const issuer = (name: string, spec: Record<string, unknown>): Manifest => ({
  apiVersion: "cert-manager.io/v1",
  kind: "Issuer",
  metadata: { name, namespace },
  spec,
});
const signed = (name: string, by: string, more: Record<string, unknown> = {}) =>
  certificate({ namespace, name, issuer: by, issuerKind: "Issuer", dnsNames: [`${name}.example.test`], more });
const leafOf = async (manifest: Manifest) => new X509Certificate(String((await bed.read(manifest))["tls.crt"]));
const rowOf = async ({ metadata: { name } }: Manifest) =>
  (await stack.certificate({ namespace, name })) as CertificateRow;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/root.crl`;
  const more = { isCA: true, commonName: "Listing Root", dnsNames: [], duration: "8760h" };
  names = {
    self: issuer("self-signed", { selfSigned: {} }),
    root: signed("root", "self-signed", more),
    byRoot: issuer("root", { ca: { secretName: "root-tls", crlDistributionPoints: [url] } }),
    revoked: signed("revoked", "root"),
    leaked: signed("leaked", "root", { privateKey: { rotationPolicy: "Never" } }),
    good: signed("good", "root"),
  };
  await bed.put(Object.values(names));
  await bed.ready(Object.values(names), 120_000);
}, 180_000);
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** The reading of its CA's list is due now. */
async function due(manifest: Manifest): Promise<number> {
  const asked = Date.now() - 1_000;
  await vi.waitUntil(async () => {
    const row = await rowOf(manifest);
    if (!row.crl || row.attempt) return false;
    const next = { ...row, crl: { ...row.crl, nextCheckAt: asked }, dueAt: asked, lane: "new" as const };
    return (await stack.state.putCertificate(next)) === "saved";
  }, 30_000);
  return asked;
}

describe("the revocation list of a private CA, served to the real function", () => {
  it("that is none changes nothing, and is in the status", async () => {
    const { good } = names;
    await due(good);
    await stack.sweep();
    const row = await stack.waitFor({ namespace, name: "good" }, ({ crl }) => crl?.lastError !== undefined, 30_000);
    expect(row).toMatchObject({ revision: 1, crl: { lastError: expect.stringMatching(/^ListNotUsable: /) } });
  });

  it("made by openssl has what it names replaced at once, with another key where that leaked", async () => {
    const { root, revoked, leaked, good } = names;
    const pair = await bed.read(root);
    const [before, leak] = await Promise.all([leafOf(revoked), leafOf(leaked)]);
    list = await opensslCrl({
      caPem: String(pair["tls.crt"]),
      keyPem: String(pair["tls.key"]),
      revoked: [
        { serialNumber: before.serialNumber, reason: "superseded" },
        { serialNumber: leak.serialNumber, reason: "keyCompromise" },
      ],
    });
    for (const one of [revoked, leaked, good]) await due(one);
    await stack.sweep();
    await bed.shown([revoked, leaked], ({ revision, ready }) => revision === 2 && ready?.status === "True", 60_000);
    expect((await leafOf(revoked)).serialNumber).not.toBe(before.serialNumber);
    expect(publicKeyHashOf((await leafOf(leaked)).publicKey)).not.toBe(publicKeyHashOf(leak.publicKey));
    expect(await stack.state.blockedKey(publicKeyHashOf(leak.publicKey))).toMatchObject({
      saidBy: `${namespace}/Certificate/leaked`,
    });
    const kept = await stack.waitFor({ namespace, name: "good" }, ({ crl }) => crl?.lastError === undefined, 30_000);
    expect(kept).toMatchObject({ revision: 1, crl: { checkedAt: expect.any(Number) } });
    const events = await stack.state.events((await rowOf(revoked)).key, 20);
    expect(events.map(({ reason }) => reason)).toContain("Revoked");
    const [attempt] = await stack.state.attemptsOf((await rowOf(leaked)).key);
    expect(attempt?.reason).toBe("KeyCompromised");
  });
});
