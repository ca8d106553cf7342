import { beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { Manifest } from "../../local/requests.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { untilNoTxt } from "../support/integration-dns.ts";
import { leafOf } from "../support/integration-leaf.ts";
import { sendOrder } from "../support/integration-orders.ts";

const bed = openBed();
const { stack, fresh } = bed;
const issuer = fresh("ways-in");
const namespace = fresh("ways");
const elsewhere = fresh("elsewhere");
const base = `${fresh("ways")}.example.test`;

/** The same object but for its name; who wrote it cannot be seen in what it becomes. */
function wanted(name: string): Manifest {
  return certificate({
    name,
    namespace,
    issuer,
    dnsNames: [base, `*.${base}`],
    more: {
      privateKey: { algorithm: "ECDSA", size: 384 },
      secretTemplate: { annotations: { "example.test/team": "web" }, labels: { tier: "edge" } },
    },
  });
}

function order(sourceNamespace: string, { metadata, spec }: Manifest, more: object = {}): Promise<void> {
  return sendOrder(stack, "Certificate Requested", sourceNamespace, { name: metadata.name, spec, ...more });
}

const ways: [title: string, name: string, write: (manifest: Manifest) => Promise<unknown>][] = [
  ["put-item with a map", "map", (manifest) => stack.put(manifest)],
  ["put-item with a YAML text", "yaml", (manifest) => stack.put({ ...manifest, spec: stringify(manifest.spec) })],
  ["put-item with a JSON text", "json", (manifest) => stack.put({ ...manifest, spec: JSON.stringify(manifest.spec) })],
  ["an order on the bus", "bus", (manifest) => order(namespace, manifest)],
  [
    "npx certwright apply",
    "command",
    async (manifest) => {
      const ran = await certwright(stack, ["apply", "-f", "-"], stringify(manifest));
      expect(ran).toMatchObject({ code: 0, stdout: `certificate/${manifest.metadata.name} created\n` });
    },
  ],
];
const manifests = new Map(ways.map(([, name]) => [name, wanted(name)]));
const stray = wanted("stray");

beforeAll(async () => {
  await bed.putIssuer({ name: issuer });
  await Promise.all([
    ...ways.map(([, name, write]) => write(manifests.get(name) ?? expect.unreachable())),
    order(namespace, stray, { namespace: elsewhere, metadata: { labels: { written: "elsewhere" } } }),
  ]);
});

describe("a Certificate that came by", () => {
  it.concurrent.each(ways)("%s becomes the same secret", async (_, name) => {
    const manifest = manifests.get(name) ?? expect.unreachable();
    await bed.ready([manifest]);
    const secret = await bed.read(manifest);
    await stack.verify(secret);
    const { commonName, names, keyType } = leafOf(secret);
    expect({ names, keyType }).toEqual({ names: [`*.${base}`, base], keyType: "ec secp384r1" });
    expect(Object.keys(secret)).toEqual(["tls.crt", "tls.key", "metadata"]);
    expect(secret.metadata).toEqual({
      annotations: {
        "cert-manager.io/alt-names": expect.toBeOneOf([names.join(","), names.toReversed().join(",")]),
        "cert-manager.io/certificate-name": name,
        "cert-manager.io/common-name": commonName,
        "cert-manager.io/ip-sans": "",
        "cert-manager.io/issuer-group": "cert-manager.io",
        "cert-manager.io/issuer-kind": "ClusterIssuer",
        "cert-manager.io/issuer-name": issuer,
        "cert-manager.io/uri-sans": "",
        "example.test/team": "web",
      },
      labels: { "controller.cert-manager.io/fao": "true", tier: "edge" },
    });
  });
});

describe("an order on the bus", () => {
  it.concurrent("lands in the namespace of its source, whatever its detail says", async () => {
    await bed.ready([stray]);
    const strayed = { ...stray, metadata: { ...stray.metadata, namespace: elsewhere } };
    const [there] = await bed.shown([strayed], () => true);
    expect(there).toEqual({ resource: "Certificate/stray" });
    expect(await bed.requested(strayed)).toBeUndefined();
    expect(await bed.requested(stray)).toMatchObject({ namespace, resource: "Certificate/stray" });
  });

  it.concurrent("leaves no record of any of them", async () => {
    await bed.ready([...manifests.values(), stray]);
    await untilNoTxt(stack, [base]);
  });
});
