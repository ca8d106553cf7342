import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OpensslCa, opensslCa } from "../../support/openssl-ca.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { inSeconds, leafSpec } from "../../support/private-ca.ts";

const key = { namespace: "web", kind: "Issuer", name: "root" } as const;
let made: OpensslCa;
beforeAll(async () => {
  made = await opensslCa();
});
afterAll(() => made.remove());

/** The issuer `root` over a pair with these extensions, stored by hand. */
async function issuerWith(...more: string[]): Promise<Pipeline> {
  const p = await openPipeline();
  const { certificate, key: keyPem } = await made.leaf({ subject: "/CN=Signer", more });
  const value = JSON.stringify({ "tls.crt": certificate, "tls.key": keyPem });
  p.stores.secretsManager.secrets.set("certwright/web/root-ca", { tags: {}, versions: [{ id: "by-hand", value }] });
  await p.apply("web/Issuer/root", { ca: { secretName: "root-ca" } });
  await p.apply("web/www", leafSpec("www"));
  await p.time.runUntil(inSeconds(p, 60));
  return p;
}

const isCa = "basicConstraints=critical,CA:TRUE";
const message = async (p: Pipeline) => (await p.state.issuer(key))?.ready.message ?? "";

describe("the issuer of a CA that may sign no certificate", () => {
  it.each([
    ["digitalSignature", "keyUsage=critical,digitalSignature"],
    ["only lists", "keyUsage=cRLSign"],
    ["what lies in a second byte", "keyUsage=critical,decipherOnly,keyAgreement"],
  ])("is not Ready and says why, and its Certificates wait for it: %s", async (_, usage) => {
    const p = await issuerWith(isCa, usage);
    expect((await p.state.issuer(key))?.ready).toMatchObject({ status: "False", reason: "ErrInvalidKeyPair" });
    expect(await message(p)).toBe(
      "Error getting keypair for CA issuer: certificate is not a CA: its key usage has no cert sign; give the CA the key usage `cert sign`",
    );
    expect((await p.row("web/www"))?.issuing).toMatchObject({ status: "False", reason: "IssuerNotReady" });
    expect(p.executions).toEqual([]);
  });

  it("says of a leaf only that it is none", async () => {
    const p = await issuerWith("keyUsage=critical,digitalSignature");
    expect(await message(p)).toMatch(/^Error getting keypair for CA issuer: certificate is not a CA; store the CA's/);
  });

  it.each([["cert sign"], ["none at all"]])("not of one whose key usage is: %s", async (what) => {
    const p = await issuerWith(...(what === "cert sign" ? [isCa, "keyUsage=critical,keyCertSign"] : [isCa]));
    expect((await p.state.issuer(key))?.ready).toMatchObject({ status: "True", reason: "KeyPairVerified" });
    expect(await p.ready("web/www")).toBe(true);
  });
});
