import { describe, expect, it } from "vitest";
import { newKeyPem } from "../../support/acme-bed.ts";
import { accountSecret, issuerAtCa } from "../../support/issuer-at-ca.ts";
import { memoryAcme } from "../../support/memory-acme.ts";
import { thumbprintOf } from "../../support/thumbprint.ts";

async function registered(acme: object = {}) {
  const issuer = await issuerAtCa();
  await issuer.put(acme);
  await issuer.check();
  return { ...issuer, accountUrl: (await issuer.row()).acme?.accountUrl ?? "" };
}

describe("a profile", () => {
  it("that the CA lacks makes the issuer not ready, with those that it has and what they are", async () => {
    const issuer = await registered({ profile: "shortlived" });
    const { ready, acme } = await issuer.row();
    expect(ready).toMatchObject({
      status: "False",
      reason: "ErrProfileNotInSet",
      message: expect.stringContaining(
        'no profile "shortlived"; it offers default (as default is), two-minutes (as two-minutes is)',
      ),
    });
    expect(acme).toMatchObject({ accountUrl: issuer.accounts()[0]?.url });
    issuer.p.ca.knobs.profiles.shortlived = 600_000;
    expect(await issuer.check()).toMatchObject({ ready: true });
    expect(issuer.accounts()).toHaveLength(1);
  });

  it("of a CA without any is told apart", async () => {
    const issuer = await issuerAtCa();
    issuer.p.ca.knobs.profiles = {};
    await issuer.put();
    expect(await issuer.check()).toMatchObject({ ready: false, reason: "ErrCADoesNotSupportProfiles" });
    await issuer.put({ profile: undefined });
    expect(await issuer.check()).toMatchObject({ ready: true });
  });
});

describe("the e-mail address", () => {
  const told = ({ p, accounts }: Awaited<ReturnType<typeof registered>>) => [
    p.ca.calls.account,
    accounts()[0]?.contact,
  ];

  it("reaches the CA once when it changes, and once when it is removed", async () => {
    const issuer = await registered({ email: "one@example.test" });
    expect(told(issuer)).toEqual([undefined, ["mailto:one@example.test"]]);
    await issuer.put({ email: "two@example.test" });
    await issuer.check();
    await issuer.check();
    expect(told(issuer)).toEqual([1, ["mailto:two@example.test"]]);
    await issuer.put();
    await issuer.check();
    await issuer.check();
    expect(told(issuer)).toEqual([2, []]);
    expect((await issuer.row()).acme?.lastRegisteredEmail).toBeUndefined();
  });

  it("reaches the CA when the account was there before: registering again does not tell it", async () => {
    const issuer = await issuerAtCa();
    const accountKeyPem = await newKeyPem();
    const value = JSON.stringify({ "tls.key": accountKeyPem });
    issuer.p.stores.secretsManager.secrets.set(accountSecret, { tags: {}, versions: [{ id: "by-hand", value }] });
    await memoryAcme(issuer.p.ca, { accountKeyPem, clock: issuer.p.deps.clock }).registerAccount({
      email: "old@x.test",
    });
    await issuer.put({ email: "new@example.test" });
    await issuer.check();
    await issuer.check();
    expect(issuer.accounts()).toMatchObject([{ contact: ["mailto:new@example.test"] }]);
    expect(issuer.p.ca.calls.account).toBe(1);
  });
});

describe("an external account binding", () => {
  const binding = (keyID: string) => ({ externalAccountBinding: { keyID, keySecretRef: { name: "eab", key: "mac" } } });
  const store = ({ p }: Awaited<ReturnType<typeof issuerAtCa>>, mac: string) =>
    p.stores.secretsManager.secrets.set("certwright/_cluster/eab", {
      tags: {},
      versions: [{ id: mac, value: JSON.stringify({ mac }) }],
    });

  it("that is replaced leaves the account, reads no key, and is told once; another secret registers with the new one", async () => {
    const issuer = await issuerAtCa();
    const bound: unknown[] = [];
    const acmeRegistrar: typeof issuer.p.deps.acmeRegistrar = async (request) => {
      const door = await issuer.p.deps.acmeRegistrar(request);
      return {
        ...door,
        registerAccount: (asked) => {
          if (!asked.onlyReturnExisting) bound.push(asked.externalAccount);
          return door.registerAccount(asked);
        },
      };
    };
    store(issuer, "b25l");
    await issuer.put(binding("kid-1"));
    await issuer.check({ acmeRegistrar });
    issuer.p.stores.secretsManager.secrets.delete("certwright/_cluster/eab");
    await issuer.put(binding("kid-2"));
    expect(await issuer.check({ acmeRegistrar })).toMatchObject({ ready: true });
    await issuer.check({ acmeRegistrar });
    expect(await issuer.reasons()).toEqual(["ExternalAccountBindingChanged"]);
    expect(issuer.accounts()).toHaveLength(1);
    store(issuer, "dHdv");
    await issuer.put({ ...binding("kid-2"), privateKeySecretRef: { name: "ca-account-2" } });
    await issuer.check({ acmeRegistrar });
    expect(issuer.accounts()).toHaveLength(2);
    expect(bound).toEqual([
      { keyId: "kid-1", hmacKey: "b25l" },
      { keyId: "kid-2", hmacKey: "dHdv" },
    ]);
  });
});

describe("an account to close", () => {
  const close = (url: string) => ({ "certwright.dev/deactivate-account": url });

  it("is deactivated once; the issuer says so from then on, and nothing makes another account", async () => {
    const issuer = await registered();
    await issuer.put({}, close(issuer.accountUrl));
    expect(await issuer.check()).toMatchObject({ ready: false, reason: "AccountDeactivated" });
    expect(issuer.accounts()).toMatchObject([{ status: "deactivated" }]);
    const { ready, acme, dueAt } = await issuer.row();
    expect(acme?.deactivatedAt).toBe("2026-11-22T12:00:00Z");
    expect(ready.message).toMatch(`the account ${issuer.accountUrl} was deactivated at 2026-11-22T12:00:00Z`);
    expect(dueAt).toBeDefined();
    const before = { ...issuer.p.ca.calls };
    await issuer.put();
    expect(await issuer.check()).toMatchObject({ ready: false, reason: "AccountDeactivated" });
    expect(issuer.p.ca.calls).toEqual(before);
    expect(await issuer.reasons()).toEqual(["AccountDeactivated"]);
  });

  it("may be followed by another one, when another secret is named; the annotation then closes nothing", async () => {
    const issuer = await registered();
    await issuer.put({}, close(issuer.accountUrl));
    await issuer.check();
    await issuer.put({ privateKeySecretRef: { name: "ca-account-2" } }, close(issuer.accountUrl));
    expect(await issuer.check()).toMatchObject({ ready: true });
    expect(issuer.accounts().map(({ status }) => status)).toEqual(["deactivated", "valid"]);
  });

  it("is closed when the answer of the CA was lost", async () => {
    const issuer = await registered();
    await issuer.put({}, close(issuer.accountUrl));
    const putIssuer = () => Promise.reject(new Error("the function died"));
    await issuer.check({ state: { ...issuer.p.state, putIssuer } }).catch(() => undefined);
    expect((await issuer.row()).ready.status).toBe("True");
    expect(await issuer.check()).toMatchObject({ ready: false, reason: "AccountDeactivated" });
  });

  it("is not closed by the URL of another one", async () => {
    const issuer = await registered();
    await issuer.put({}, close(`${issuer.accountUrl}9`));
    expect(await issuer.check()).toMatchObject({ ready: true });
    expect(issuer.accounts()).toMatchObject([{ status: "valid" }]);
  });

  it("is not closed with a key of another one", async () => {
    const issuer = await registered();
    const accountKeyPem = await newKeyPem();
    await memoryAcme(issuer.p.ca, { accountKeyPem, clock: issuer.p.deps.clock }).registerAccount({});
    const secret = issuer.p.stores.secretsManager.secrets.get(accountSecret);
    secret?.versions.push({ id: "by-hand", value: JSON.stringify({ "tls.key": accountKeyPem }) });
    await issuer.put({}, close(issuer.accountUrl));
    expect(await issuer.check()).toMatchObject({ ready: false, reason: "AccountKeyLost" });
    expect(issuer.accounts().map(({ status }) => status)).toEqual(["valid", "valid"]);
  });
});

describe("a key that certwright makes", () => {
  it("is P-256 where the issuer asks for ECDSA, and the account is of it", async () => {
    const issuer = await issuerAtCa();
    await issuer.put({}, { "certwright.dev/account-key-algorithm": "ECDSA" });
    expect(await issuer.check()).toMatchObject({ ready: true });
    expect(await issuer.keyType()).toEqual({ namedCurve: "prime256v1" });
    const { value = "{}" } = (await issuer.p.stores.secretsManager.read(accountSecret)) ?? {};
    expect(issuer.accounts()).toMatchObject([{ thumbprint: thumbprintOf(JSON.parse(value)["tls.key"]) }]);
  });
});
