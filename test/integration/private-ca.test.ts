import { createHash, X509Certificate } from "node:crypto";
import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { verifiedByOpenssl } from "../support/c-openssl.ts";
import { certificate, openBed } from "../support/integration-bed.ts";

const bed = openBed();
const { stack, fresh } = bed;
const namespace = fresh("private-ca");

const issuer = (name: string, spec: Record<string, unknown>): Manifest => ({
  apiVersion: "cert-manager.io/v1",
  kind: "Issuer",
  metadata: { name, namespace },
  spec,
});
const signed = (name: string, by: string, more: Record<string, unknown> = {}) =>
  certificate({ namespace, name, issuer: by, issuerKind: "Issuer", dnsNames: [`${name}.example.test`], more });
const authority = (name: string, by: string, more: Record<string, unknown> = {}) =>
  signed(name, by, { isCA: true, commonName: name, dnsNames: [], duration: "8760h", ...more });

const selfSigned = issuer("self-signed", { selfSigned: {} });
const root = authority("root", "self-signed");
const byRoot = issuer("root", { ca: { secretName: "root-tls", crlDistributionPoints: ["http://crl.example.test/"] } });
const inter = authority("inter", "root", { duration: "4380h", privateKey: { algorithm: "RSA" } });
const byInter = issuer("inter", { ca: { secretName: "inter-tls" } });
const leaf = signed("leaf", "inter", { usages: ["digital signature", "server auth"], ipAddresses: ["10.0.0.7"] });
const all = [leaf, byInter, inter, byRoot, root, selfSigned];

const pemOf = async (manifest: Manifest, key: string) => String((await bed.read(manifest))?.[key]);
const revision = async (manifest: Manifest) => (await bed.shown([manifest], () => true))[0]?.revision;

beforeAll(async () => {
  // The leaf first: each waits for what it needs.
  for (const manifest of all) await bed.put([manifest]);
  await bed.ready(all, 120_000);
}, 180_000);

describe("a private CA on the local stack", () => {
  it("has made a chain that openssl verifies, from what stands in the leaf's secret alone", async () => {
    const [chain, top] = await Promise.all([pemOf(leaf, "tls.crt"), pemOf(leaf, "ca.crt")]);
    expect(chain.match(/BEGIN/g)).toHaveLength(2);
    expect(await verifiedByOpenssl(chain, top)).toMatch(/OK$/);
    expect(top).toBe(await pemOf(root, "tls.crt"));
  });

  it("issues the CA below it and the leaf again when the root's certificate changes", async () => {
    const before = createHash("sha256")
      .update(new X509Certificate(await pemOf(root, "tls.crt")).raw)
      .digest("hex");
    const annotations = { "certwright.dev/renew-requested-at": new Date().toISOString() };
    await bed.put([{ ...root, metadata: { ...root.metadata, annotations } }]);
    await bed.shown([root, inter, leaf], ({ revision: now, ready }) => now === 2 && ready?.status === "True", 90_000);
    const [chain, top] = await Promise.all([pemOf(leaf, "tls.crt"), pemOf(leaf, "ca.crt")]);
    expect(createHash("sha256").update(new X509Certificate(top).raw).digest("hex")).not.toBe(before);
    expect(await verifiedByOpenssl(chain, top)).toMatch(/OK$/);
    expect(await Promise.all([root, inter, leaf].map(revision))).toEqual([2, 2, 2]);
  });

  it("signs with a pair that a person stored, for a ClusterIssuer in cert-manager's namespace", async () => {
    const name = fresh("by-hand");
    const value = { "tls.crt": await pemOf(root, "tls.crt"), "tls.key": await pemOf(root, "tls.key") };
    await stack.clients.secrets.send(
      new CreateSecretCommand({
        Name: `${stack.facts.instance}/cert-manager/${name}`,
        SecretString: JSON.stringify(value),
      }),
    );
    const shared: Manifest = {
      ...issuer(name, { ca: { secretName: name } }),
      kind: "ClusterIssuer",
      metadata: { name },
    };
    const one = certificate({ namespace, name: "shared", issuer: name, dnsNames: ["shared.example.test"] });
    await bed.put([shared, one]);
    await bed.ready([shared, one]);
    expect(await verifiedByOpenssl(await pemOf(one, "tls.crt"), value["tls.crt"])).toMatch(/OK$/);
  });
});
