import { describe, expect, it } from "vitest";
import { checkIssuer } from "../../../core/check-issuer.ts";
import type { Deps } from "../../../core/deps.ts";
import { RateLimitedError } from "../../../core/errors.ts";
import { newKeyPem } from "../../support/acme-bed.ts";
import { memoryAcme } from "../../support/memory-acme.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec } from "../../support/specs.ts";

const secretName = "certwright/_cluster/ca-account";
const key = { namespace: "_cluster", kind: "ClusterIssuer", name: "ca" } as const;

function spec(email: string) {
  return {
    acme: {
      server: "https://memory.test/directory",
      email,
      privateKeySecretRef: { name: "ca-account" },
      solvers: [{ dns01: { route53: {} } }],
    },
  };
}

async function put(p: Pipeline, issuer: unknown): Promise<void> {
  await p.requests.put({ key, apiVersion: "cert-manager.io/v1", spec: issuer });
}

/** The same world, in which a check waits where it has read the request and asks the CA. */
function waitingFor({ deps }: Pipeline, ready: Promise<unknown>): Deps {
  const acmeRegistrar: Deps["acmeRegistrar"] = async (request) => {
    await ready;
    return deps.acmeRegistrar(request);
  };
  return { ...deps, acmeRegistrar };
}

/** A pipeline whose issuer has its account. */
async function registered(): Promise<{ p: Pipeline; accountUrl: string }> {
  const p = await openPipeline();
  await put(p, spec("ops@example.test"));
  await checkIssuer(p.deps, key);
  const { accountUrl = "" } = (await p.state.issuer(key))?.acme ?? {};
  return { p, accountUrl };
}

describe("the check of an issuer", () => {
  it("that loses to one of an older spec begins anew, so that an edit is not lost", async () => {
    const p = await openPipeline();
    await put(p, spec("old@example.test"));
    const gate = Promise.withResolvers<void>();
    const older = checkIssuer(waitingFor(p, gate.promise), key);
    await new Promise(setImmediate);
    await put(p, spec("new@example.test"));
    const newer = checkIssuer(waitingFor(p, older), key);
    gate.resolve();
    expect(await newer).toMatchObject({ ready: true });
    expect(await p.state.issuer(key)).toMatchObject({ acme: { lastRegisteredEmail: "new@example.test" } });
  });

  it("tells the Certificates that wait when the reason is another one", async () => {
    const p = await openPipeline();
    await p.apply("web/www", certificateSpec("www"));
    await p.time.runUntil(new Date(p.time.now().getTime() + 1_000));
    expect((await p.row("web/www"))?.ready.reason).toBe("IssuerNotFound");
    await p.issuer("ca", { disableAccountKeyGeneration: true });
    await p.time.runUntil(new Date(p.time.now().getTime() + 1_000));
    const { reason, message } = (await p.row("web/www"))?.ready ?? {};
    expect({ reason, message }).toEqual({
      reason: "IssuerNotReady",
      message: expect.stringMatching(/^ClusterIssuer\/ca is not ready: AccountKeyMissing: /),
    });
  });

  it("makes no second account in place of one whose key is gone, for an issuer that comes later neither", async () => {
    const { p, accountUrl } = await registered();
    p.stores.secretsManager.secrets.delete(secretName);
    const later = { ...key, name: "later" };
    await p.requests.put({ key: later, apiVersion: "cert-manager.io/v1", spec: spec("ops@example.test") });
    for (const each of [later, key]) {
      expect(await checkIssuer(p.deps, each)).toMatchObject({ ready: false, reason: "AccountKeyLost" });
      expect((await p.state.issuer(each))?.ready.message).toContain(accountUrl);
    }
    expect(p.stores.secretsManager.secrets.has(secretName)).toBe(false);
  });

  it("makes no second account for another key in its place, but takes the account that the CA has of it", async () => {
    const { p, accountUrl } = await registered();
    const accountKeyPem = await newKeyPem();
    const secret = p.stores.secretsManager.secrets.get(secretName) ?? expect.unreachable();
    secret.versions.push({ id: "by-hand", value: JSON.stringify({ "tls.key": accountKeyPem }) });
    expect(await checkIssuer(p.deps, key)).toMatchObject({ ready: false, reason: "AccountKeyLost" });
    const moved = await memoryAcme(p.ca, { accountKeyPem, clock: p.deps.clock }).registerAccount({});
    expect(moved?.accountUrl).not.toBe(accountUrl);
    expect(await checkIssuer(p.deps, key)).toMatchObject({ ready: true });
    expect((await p.state.issuer(key))?.acme?.accountUrl).toBe(moved?.accountUrl);
  });

  it("makes another account when another secret is named: that is the way out when a key is lost for good", async () => {
    const { p, accountUrl } = await registered();
    p.stores.secretsManager.secrets.delete(secretName);
    const { acme } = spec("ops@example.test");
    await put(p, { acme: { ...acme, privateKeySecretRef: { name: "ca-account-2" } } });
    expect(await checkIssuer(p.deps, key)).toMatchObject({ ready: true });
    const account = (await p.state.issuer(key))?.acme;
    expect(account).toMatchObject({ keySecretName: "ca-account-2" });
    expect(account?.accountUrl).not.toBe(accountUrl);
  });

  it("takes no account key out of the secret of a Certificate", async () => {
    const p = await openPipeline();
    const claim = { namespace: "_cluster", secretName: "ca-account", owner: "Certificate/web" } as const;
    await p.state.claimSecret({ ...claim, store: "secretsManager" });
    await put(p, spec("ops@example.test"));
    expect(await checkIssuer(p.deps, key)).toMatchObject({ ready: false, reason: "SecretOwnedByAnother" });
    expect(p.stores.secretsManager.secrets.has(secretName)).toBe(false);
    expect(p.ca.accounts.size).toBe(0);
  });

  it("keeps the account of an issuer that was deleted, for the time it comes back", async () => {
    const { p } = await registered();
    const account = (await p.state.issuer(key))?.acme;
    await p.requests.delete(key);
    expect(await checkIssuer(p.deps, key)).toEqual({ ready: false, reason: "Deleted", woken: 0 });
    expect(await p.state.issuer(key)).toMatchObject({ acme: account, deletedAt: expect.any(Number) });
    expect((await p.state.issuer(key))?.spec).toBeUndefined();
  });

  it("comes back at the instant that the CA names, which is no failure", async () => {
    const p = await openPipeline();
    await put(p, spec("ops@example.test"));
    const retryAt = new Date(p.deps.clock.now().getTime() + 2 * 3_600_000);
    const acmeRegistrar = async () => {
      throw new RateLimitedError({ reason: "RateLimited", message: "too many registrations", retryAt });
    };
    expect(await checkIssuer({ ...p.deps, acmeRegistrar }, key)).toMatchObject({ ready: false });
    const row = await p.state.issuer(key);
    expect(row).toMatchObject({ dueAt: retryAt.getTime(), failedChecks: 0 });
    expect(row?.ready.message).toContain("too many registrations");
  });

  it("registers again with the same key when the CA has forgotten the account, and tells it", async () => {
    const { p, accountUrl } = await registered();
    const known = await p.state.issuer(key);
    p.ca.accounts.clear();
    p.ca.accounts.set("another", { url: "another", thumbprint: "", contact: [], status: "valid" });
    expect(await checkIssuer(p.deps, key)).toMatchObject({ ready: true });
    const account = (await p.state.issuer(key))?.acme;
    expect(account?.keyThumbprint).toBe(known?.acme?.keyThumbprint);
    expect(account?.accountUrl).not.toBe(accountUrl);
    const message = `the CA does not know the account ${accountUrl} any more; ${account?.accountUrl} was registered with the same key`;
    expect(await p.state.events(key, 5)).toMatchObject([
      { type: "Warning", reason: "AccountRegisteredAgain", message },
    ]);
    await checkIssuer(p.deps, key);
    expect(await p.state.events(key, 5)).toHaveLength(1);
  });
});
