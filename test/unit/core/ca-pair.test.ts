import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCaPair } from "../../../core/ca-pair.ts";
import type { Kind } from "../../../core/resource.ts";
import { type OpensslCa, opensslCa } from "../../support/openssl-ca.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";

const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
const issuer = (kind: Kind, namespace = "web") => ({ namespace, kind, name: "mine" }) as const;

let made: OpensslCa;
/** Below the intermediate, which is below the root. */
let authority: { certificate: string; key: string };
let other: { certificate: string; key: string };
let unsigning: { certificate: string; key: string };
let leaf: { certificate: string; key: string };

beforeAll(async () => {
  made = await opensslCa();
  authority = await made.leaf({ subject: "/CN=Issuing", more: extensions });
  other = await made.leaf({ subject: "/CN=Other", more: extensions });
  const more = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature"];
  unsigning = await made.leaf({ subject: "/CN=No Signer", more });
  leaf = await made.leaf();
});
afterAll(() => made.remove());

/** Stored by a person: without a tag, and without a claim. */
function put(p: Pipeline, name: string, value: object, store: "secretsManager" | "s3" = "secretsManager"): void {
  const versions = [{ id: "by-hand", value: JSON.stringify(value) }];
  p.stores[store].secrets.set(`certwright/${name}`, { tags: {}, versions });
}

async function pairOf(value: object) {
  const p = await openPipeline();
  put(p, "web/ca", value);
  return readCaPair(p.deps, issuer("Issuer"), "ca");
}

const pair = (chain: string[], more: object = {}) => ({
  "tls.crt": [authority.certificate, ...chain].join(""),
  "tls.key": authority.key,
  ...more,
});

describe("the pair of a CA", () => {
  it("puts what is between the signer and the root behind a leaf, and the root into ca.crt", async () => {
    const { intermediatePem, rootPem } = made;
    const whole = { intermediates: authority.certificate + intermediatePem, top: rootPem };
    expect(await pairOf(pair([intermediatePem, rootPem]))).toMatchObject(whole);
    expect(await pairOf(pair([rootPem, intermediatePem]))).toMatchObject(whole);
    expect(await pairOf(pair([intermediatePem], { "ca.crt": rootPem }))).toMatchObject(whole);
  });

  it("of which no root is known has the highest certificate in ca.crt", async () => {
    const { intermediatePem: top } = made;
    expect(await pairOf(pair([top]))).toMatchObject({ intermediates: authority.certificate + top, top });
    expect(await pairOf(pair([]))).toMatchObject({ top: authority.certificate });
  });

  it.each<[string, () => object, string, string]>([
    ["no text", () => ({ "tls.crt": authority.certificate }), "ErrGetKeyPair", "the secret has no tls.crt and tls.key"],
    ["no certificate", () => ({ "tls.crt": "mine", "tls.key": authority.key }), "ErrGetKeyPair", "tls.crt holds no"],
    ["no key", () => ({ "tls.crt": authority.certificate, "tls.key": "mine" }), "ErrGetKeyPair", "tls.key holds no"],
    ["a leaf", () => ({ "tls.crt": leaf.certificate, "tls.key": leaf.key }), "ErrInvalidKeyPair", "is not a CA"],
    [
      "a key usage without cert sign",
      () => ({ "tls.crt": unsigning.certificate, "tls.key": unsigning.key }),
      "ErrInvalidKeyPair",
      "is not a CA",
    ],
    ["another key", () => pair([], { "tls.key": other.key }), "ErrInvalidKeyPair", "is not the certificate's"],
    ["a stranger in its chain", () => pair([other.certificate]), "ErrInvalidKeyPair", "chain is malformed or broken"],
  ])("is refused with %s", async (_what, value, reason, message) => {
    await expect(pairOf(value())).rejects.toMatchObject({
      name: "RefusedError",
      reason,
      message: expect.stringMatching(new RegExp(`^Error getting keypair for CA issuer: .*${message}`)),
    });
  });
});

describe("the pair of a ClusterIssuer", () => {
  const read = (p: Pipeline) => readCaPair(p.deps, issuer("ClusterIssuer", "_cluster"), "ca");

  it("lies in _cluster, or where cert-manager looks: in the cluster resource namespace", async () => {
    const p = await openPipeline();
    await expect(read(p)).rejects.toMatchObject({ reason: "ErrGetKeyPair" });
    put(p, `${p.deps.clusterResourceNamespace}/ca`, pair([]));
    expect((await read(p)).certificate.subject).toBe("CN=Issuing");
    put(p, "_cluster/ca", { "tls.crt": other.certificate, "tls.key": other.key });
    expect((await read(p)).certificate.subject).toBe("CN=Other");
  });
});

describe("the pair of a Certificate", () => {
  it("is read in the store that it claimed", async () => {
    const p = await openPipeline();
    const owner = "Certificate/ca";
    await p.state.claimSecret({ namespace: "web", secretName: "ca", owner, store: "s3" });
    put(p, "web/ca", pair([]), "s3");
    expect((await readCaPair(p.deps, issuer("Issuer"), "ca")).certificate.subject).toBe("CN=Issuing");
  });
});
