import { describe, expect, it } from "vitest";
import { RefusedError } from "../../../core/errors.ts";
import { newKeyPem } from "../../support/acme-bed.ts";
import { CaProblem } from "../../support/acme-ca-state.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { inSeconds, leafSpec, privateCa } from "../../support/private-ca.ts";
import { certificateSpec } from "../../support/specs.ts";

const key = { namespace: "web", kind: "Certificate", name: "www" } as const;
const refusal = new CaProblem(403, "unauthorized", "You may not");

async function issued(): Promise<Pipeline> {
  const p = await openPipeline();
  await p.issuer();
  await p.apply("web/www", certificateSpec("www"));
  await p.time.runUntil(inSeconds(p, 120));
  return p;
}

async function ask(p: Pipeline, reason: string, more: object = {}, spec = certificateSpec("www")): Promise<void> {
  const wish = JSON.stringify({ at: p.time.now().toISOString(), reason, ...more });
  await p.apply("web/www", spec, { annotations: { "certwright.dev/revoke-requested": wish } });
  await p.time.runUntil(inSeconds(p, 300));
}

/** Who signs the wishes that the CA gets; it refuses those of `refused`. */
function signersOf(p: Pipeline, refused: string[] = []): string[] {
  const by: string[] = [];
  const { revoke } = p.ca;
  p.ca.revoke = (signer, request) => {
    const who = "account" in signer ? "account" : "key";
    by.push(who);
    if (refused.includes(who)) throw refusal;
    revoke(signer, request);
  };
  return by;
}

const rowOf = async (p: Pipeline) => (await p.state.revocationsOf(key))[0];

describe("who signs a wish to revoke", () => {
  it.each<[string, object, string[], string[]]>([
    ["superseded", {}, ["account"], ["account", "key"]],
    ["keyCompromise", {}, ["key"], ["key", "account"]],
    ["superseded", { with: "certificateKey" }, [], ["key"]],
  ])("%s %j: where the CA refuses %j, %j are tried", async (reason, more, refused, tried) => {
    const p = await issued();
    const by = signersOf(p, refused);
    await ask(p, reason, more);
    expect(by).toEqual(tried);
    expect(p.ca.revoked.size).toBe(1);
  });

  it.each(["account", "certificateKey"])("with %s is nobody else, when the CA refuses", async (signer) => {
    const p = await issued();
    const by = signersOf(p, ["account", "key"]);
    await ask(p, "keyCompromise", { with: signer });
    expect(by).toEqual([signer === "account" ? "account" : "key"]);
    expect(await rowOf(p)).toMatchObject({ refusal: expect.stringContaining("You may not"), ended: "replaced" });
  });

  it("is never a key in the secret that is not the certificate's", async () => {
    const p = await issued();
    const by = signersOf(p);
    const [version] = p.stores.secretsManager.secrets.get("certwright/web/www-tls")?.versions ?? [];
    if (version) version.value = JSON.stringify({ ...JSON.parse(version.value), "tls.key": await newKeyPem() });
    await ask(p, "keyCompromise");
    expect(by).toEqual(["account"]);
    expect(p.ca.revoked.size).toBe(1);
  });
});

describe("a CA that is not told", () => {
  it("because a right was missing is told as soon as it is there", async () => {
    const p = await issued();
    const { acme } = p.deps;
    let isDenied = true;
    p.deps.acme = async (issuer) => {
      const denied = { reason: "SecretsManagerAccessDenied", message: "not allowed", fix: "allow it" };
      if (isDenied) throw new RefusedError(denied);
      return acme(issuer);
    };
    await ask(p, "superseded");
    expect(await rowOf(p)).toMatchObject({ message: "not allowed; allow it" });
    expect(await rowOf(p)).not.toHaveProperty("refusal");
    isDenied = false;
    await p.time.runUntil(inSeconds(p, 7_200));
    expect(p.ca.revoked.size).toBe(1);
    expect(await rowOf(p)).toMatchObject({ revokedAt: expect.any(String), ended: "replaced" });
  });

  it("because it is a private one is named, and the certificate is replaced all the same", async () => {
    const p = await openPipeline();
    await privateCa(p);
    await p.apply("web/www", leafSpec("www"));
    await p.time.runUntil(inSeconds(p, 60));
    await ask(p, "keyCompromise", {}, leafSpec("www"));
    const said = "web/Issuer/root keeps no list of revoked certificates";
    expect(await rowOf(p)).toMatchObject({ refusal: said, ended: "replaced" });
    expect((await p.row("web/www"))?.revision).toBe(2);
  });
});
