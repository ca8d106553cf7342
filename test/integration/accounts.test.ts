import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fetchTrusting } from "../../local/trusting-fetch.ts";
import { accountOf, refusedFor } from "../support/c-issuers.ts";
import { withAcme } from "../support/c-objects.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const namespace = fresh("accounts");

const limits = { "certwright.dev/rate-limits": '{"executions":"off"}' };
const issuerOf = (name: string, acme: Record<string, unknown> = {}, annotations: Record<string, string> = {}) => {
  const issuer = withAcme(bed.issuer({ name: fresh(name) }), acme);
  return { ...issuer, metadata: { ...issuer.metadata, annotations: { ...limits, ...annotations } } };
};
const signedBy = (issuer: string, name: string, more: Record<string, unknown> = {}) =>
  certificate({ namespace, name, issuer, dnsNames: [`${name}-${id}.example.test`], more });
const chainOf = async (wanted: ReturnType<typeof signedBy>) => String((await bed.read(wanted))?.["tls.crt"]);

describe("the account of an issuer", () => {
  it.concurrent("gets an ECDSA key by the command line, goes on with it, and is closed for ever", async () => {
    const issuer = issuerOf("turned", {}, { "certwright.dev/account-key-algorithm": "ECDSA" });
    const { name } = issuer.metadata;
    await bed.put([issuer, signedBy(name, "before")]);
    await bed.ready([issuer, signedBy(name, "before")]);
    const first = await accountOf(stack, issuer);

    const rotated = await certwright(stack, ["account", "rotate-key", `clusterissuer/${name}`]);
    expect(rotated).toMatchObject({ code: 0, stdout: expect.stringContaining(first.accountUrl) });
    expect(await certwright(stack, ["wait", `clusterissuer/${name}`])).toMatchObject({ code: 0 });
    const second = await accountOf(stack, issuer);
    expect(second.accountUrl).toBe(first.accountUrl);
    expect(second.keyThumbprint).not.toBe(first.keyThumbprint);
    await bed.put([signedBy(name, "after")]);
    await bed.ready([signedBy(name, "after")]);

    const closed = await certwright(stack, ["account", "deactivate", `clusterissuer/${name}`, "--yes"]);
    expect(closed.code).toBe(0);
    expect(await refusedFor(bed, issuer, "AccountDeactivated")).toContain(first.accountUrl);
    await bed.put([signedBy(name, "late")]);
    expect(await refusedFor(bed, signedBy(name, "late"), "IssuerNotReady")).toContain("AccountDeactivated");
  });
});

describe("an order", () => {
  it.concurrent("brings the preferred chain, and ends when the Certificate says", async () => {
    const root = await fetchTrusting(stack.facts.caCertificate, `${stack.facts.managementUrl}/roots/1`);
    const preferredChain = String(new X509Certificate(root.body).toLegacyObject().subject.CN);
    const issuer = issuerOf("chained", { preferredChain, enableDurationFeature: true });
    const wanted = signedBy(issuer.metadata.name, "chained", { duration: "36h" });
    await bed.put([issuer, wanted]);
    await bed.ready([issuer, wanted]);
    const chain = await chainOf(wanted);
    const top = new X509Certificate(chain.slice(chain.lastIndexOf("-----BEGIN")));
    expect(top.toLegacyObject().issuer.CN).toBe(preferredChain);
    const { validToDate } = new X509Certificate(chain);
    const hours = (validToDate.getTime() - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(35);
    expect(hours).toBeLessThan(36.01);
  });
});
