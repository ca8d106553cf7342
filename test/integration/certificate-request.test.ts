import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { document } from "../../cli/output.ts";
import type { Manifest } from "../../local/requests.ts";
import { verifiedByOpenssl } from "../support/c-openssl.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";

const bed = openBed();
const { stack, fresh } = bed;
const namespace = fresh("own-csr");
const folder = mkdtempSync(join(tmpdir(), "certwright-own-csr-"));
afterAll(() => rmSync(folder, { recursive: true }));

const issuer = (name: string, spec: Record<string, unknown>): Manifest => ({
  apiVersion: "cert-manager.io/v1",
  kind: "Issuer",
  metadata: { name, namespace },
  spec,
});
const root = certificate({
  ...{ namespace, name: "root", issuer: "self-signed", issuerKind: "Issuer", dnsNames: [] },
  more: { isCA: true, commonName: "Own CSR Root" },
});

const run = (...args: string[]) => certwright(stack, [...args, "-n", namespace]);

/** What `certwright create` leaves of a Certificate for that issuer. */
async function create(name: string, by: string, issuerKind: "Issuer" | "ClusterIssuer") {
  const file = (end: string) => join(folder, `${name}.${end}`);
  const wish = certificate({ namespace, name, issuer: by, issuerKind, dnsNames: [`${name}.example.test`] });
  writeFileSync(file("yaml"), document(wish, "yaml"));
  const files = ["--output-key-file", file("key"), "--output-certificate-file", file("crt")];
  const fetch = ["--fetch-certificate", "--timeout", "2m", "--from-certificate-file", file("yaml")];
  const ran = await run("create", "certificaterequest", name, ...fetch, ...files);
  return { ran, key: file("key"), crt: file("crt") };
}

beforeAll(async () => {
  const manifests = [
    issuer("self-signed", { selfSigned: {} }),
    root,
    issuer("root", { ca: { secretName: "root-tls" } }),
  ];
  await bed.put(manifests);
  await bed.ready(manifests, 120_000);
}, 150_000);

describe("certwright create certificaterequest on the local stack", () => {
  it.each<[string, string, "Issuer" | "ClusterIssuer"]>([
    ["by-ca", "root", "Issuer"],
    ["by-acme", "pebble", "ClusterIssuer"],
  ])(
    "%s: the key is made here, and the certificate that comes is for it",
    async (name, by, kind) => {
      const { ran, key, crt } = await create(name, by, kind);
      expect(ran, ran.stderr).toMatchObject({ code: 0 });
      expect(ran.stderr).toContain(`CertificateRequest ${name} in namespace ${namespace} has been signed`);
      const chain = readFileSync(crt, "utf8");
      expect(new X509Certificate(chain).checkPrivateKey(createPrivateKey(readFileSync(key, "utf8")))).toBe(true);
      expect(new X509Certificate(chain).subjectAltName).toBe(`DNS:${name}.example.test`);
      expect([key, crt].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
      const shown = JSON.parse((await run("get", "cr", name, "-o", "json")).stdout);
      expect(Buffer.from(shown.status.certificate, "base64").toString()).toBe(chain);
      expect(shown.status.conditions.map(({ type, reason }: Record<string, string>) => `${type} ${reason}`)).toEqual([
        "Approved cert-manager.io",
        "Ready Issued",
      ]);
      if (shown.status.ca)
        expect(await verifiedByOpenssl(chain, Buffer.from(shown.status.ca, "base64").toString())).toMatch(/OK$/);
      expect((await run("wait", `certificaterequest/${name}`)).code).toBe(0);
    },
    180_000,
  );

  it("may not be changed, and is forgotten when it is deleted", async () => {
    const seen = JSON.parse((await run("get", "cr", "by-ca", "-o", "json")).stdout);
    const changed = { ...seen, status: undefined, spec: { ...seen.spec, duration: "24h" } };
    const refused = await certwright(stack, ["apply", "-f", "-"], JSON.stringify(changed));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("spec: Forbidden: cannot change spec after creation");
    expect((await run("delete", "cr", "by-ca")).code).toBe(0);
    expect((await run("wait", "cr/by-ca", "--for=delete")).code).toBe(0);
  }, 90_000);
});
