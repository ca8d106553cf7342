import { expect, it } from "vitest";
import { openPipeline } from "../../support/pipeline.ts";
import { inSeconds, leafSpec, privateCa } from "../../support/private-ca.ts";

const other = "Certificate/other";

it("a secret whose claim another Certificate took, and wrote, after the batch was looked at: his stays", async () => {
  const p = await openPipeline();
  await privateCa(p);
  const { secretClaims, releaseSecret, claimSecret } = p.state;
  const written = { name: "certwright/web/www-tls", value: '{"tls.crt":"his"}', namespace: "web" };
  const takeOver = async () => {
    await releaseSecret("web", "www-tls", "Certificate/www", p.time.now().getTime());
    await claimSecret({ namespace: "web", secretName: "www-tls", owner: other, store: "secretsManager" });
    const token = "00000000-0000-4000-9000-000000000000";
    const whose = { owner: `web/${other}`, issuer: "web/Issuer/root" };
    await p.stores.secretsManager.write({ ...written, ...whose, token, replaces: undefined });
  };
  p.state.secretClaims = async (names) => {
    const claims = await secretClaims(names);
    if (claims.some(({ secretName, owner }) => secretName === "www-tls" && owner === "Certificate/www"))
      await takeOver();
    return claims;
  };
  await p.apply("web/www", leafSpec("www"));
  await p.time.runUntil(inSeconds(p, 10));
  expect((await p.row("web/www"))?.ready).toMatchObject({ status: "False", reason: "SecretOwnedByAnother" });
  expect((await p.row("web/www"))?.ready.message).toContain(other);
  expect(await p.secret("web", "www-tls")).toEqual({ "tls.crt": "his" });
});
