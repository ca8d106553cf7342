import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FakeBed } from "../../../../support/acme-bed.ts";
import { newKeyPem, startFakeBed } from "../../../../support/acme-bed.ts";

const hmacKey = Buffer.from("a MAC key with ~~~ and ??? in it, 32 bytes").toString("base64url");
let bed: FakeBed;
let accountKeyPem: string;
beforeEach(async () => {
  bed = await startFakeBed();
  accountKeyPem = await newKeyPem();
});
afterEach(() => bed.fake.close());

const newcomer = () => bed.issuer({ accountKeyPem, accountUrl: undefined });

describe("registerAccount", () => {
  it("sends the e-mail, and makes no second request", async () => {
    const account = await newcomer().registerAccount({ email: "ops@example.com" });
    expect(bed.fake.ca.accounts.get(account?.accountUrl ?? "")?.contact).toEqual(["mailto:ops@example.com"]);
    bed.fake.requests.length = 0;
    await newcomer().registerAccount({ email: "other@example.com" });
    expect(bed.fake.requests).toEqual(["GET directory", "HEAD newNonce", "POST newAccount"]);
  });

  it.each([
    ["as the CA gave it", hmacKey],
    ["with padding and a line end", `${hmacKey}==\n`],
    ["in plain base64", Buffer.from(hmacKey, "base64url").toString("base64")],
  ])("binds an external account with its key %s", async (_, key) => {
    bed.fake.externalAccounts.set("kid-1", hmacKey);
    const externalAccount = { keyId: "kid-1", hmacKey: key };
    expect(await newcomer().registerAccount({ externalAccount })).toHaveProperty("accountUrl");
  });

  it("survives bad nonces with a binding", async () => {
    bed.fake.externalAccounts.set("kid-1", hmacKey);
    bed.fake.rejectNonces = 2;
    expect(await newcomer().registerAccount({ externalAccount: { keyId: "kid-1", hmacKey } })).toHaveProperty(
      "accountUrl",
    );
  });

  it.each<[string, { keyId: string; hmacKey: string } | undefined, string]>([
    ["a binding is required and none is given", undefined, "ExternalAccountRequired"],
    ["the key is wrong", { keyId: "kid-1", hmacKey: "d3Jvbmc" }, "AccountRefused"],
    ["the key id is wrong", { keyId: "kid-2", hmacKey }, "AccountRefused"],
    ["the key is empty", { keyId: "kid-1", hmacKey: " " }, "ExternalAccountKeyInvalid"],
    ["the key is no base64url", { keyId: "kid-1", hmacKey: "not a key!" }, "ExternalAccountKeyInvalid"],
  ])("is refused when %s, without quoting the key", async (_, externalAccount, reason) => {
    bed.fake.externalAccounts.set("kid-1", hmacKey);
    const refused = await newcomer()
      .registerAccount({ ...(externalAccount && { externalAccount }) })
      .catch((error) => error);
    expect(refused).toMatchObject({
      name: "RefusedError",
      reason,
      fix: expect.stringContaining("externalAccountBinding"),
    });
    expect(JSON.stringify(refused, Object.getOwnPropertyNames(refused))).not.toContain(hmacKey);
  });

  it("makes no binding when only an existing account is asked for", async () => {
    bed.fake.externalAccounts.set("kid-1", hmacKey);
    const request = { onlyReturnExisting: true, externalAccount: { keyId: "kid-1", hmacKey: "not a key!" } };
    expect(await newcomer().registerAccount(request)).toBeUndefined();
    expect(bed.fake.ca.accounts.size).toBe(1);
  });

  it("says that an account is closed", async () => {
    bed.fake.fail("newAccount", { rewrite: (body) => ({ ...body, status: "revoked" }) });
    await expect(newcomer().registerAccount({})).rejects.toMatchObject({
      name: "RefusedError",
      reason: "AccountClosed",
      message: "The account of this key is revoked at the CA.",
    });
  });

  it("says so, too, when a CA refuses the key of a deactivated account that is asked for", async () => {
    const detail = "An account with the provided public key exists but is deactivated";
    const body = { type: "urn:ietf:params:acme:error:unauthorized", detail };
    bed.fake.fail("newAccount", { status: 403, body });
    await expect(newcomer().registerAccount({ onlyReturnExisting: true })).rejects.toMatchObject({
      name: "RefusedError",
      reason: "AccountClosed",
      message: expect.stringContaining(detail),
      fix: expect.stringContaining("spec.acme.privateKeySecretRef"),
    });
  });

  it("takes an answer without Location for a bad reply", async () => {
    bed.fake.fail("newAccount", { status: 201, body: { status: "valid" } });
    await expect(newcomer().registerAccount({})).rejects.toMatchObject({
      name: "UnavailableError",
      reason: "BadReply",
    });
  });
});

describe("updateContact", () => {
  it("replaces the e-mail, and removes it", async () => {
    const contact = () => bed.fake.ca.accounts.get(bed.account.accountUrl)?.contact;
    await bed.issuer().updateContact("new@example.com");
    expect(contact()).toEqual(["mailto:new@example.com"]);
    await bed.issuer().updateContact(undefined);
    expect(contact()).toEqual([]);
  });

  it("needs no directory when it has a nonce", async () => {
    const issuer = bed.issuer();
    await issuer.directory();
    await issuer.updateContact("a@example.com");
    bed.fake.requests.length = 0;
    await issuer.updateContact("b@example.com");
    expect(bed.fake.requests).toEqual(["POST account"]);
  });
});

describe("changeKey", () => {
  it("is refused by a CA that changes no keys, before it is asked", async () => {
    const directory = { ...(await bed.issuer().directory()) };
    delete directory.keyChange;
    await expect(bed.issuer({ directory }).changeKey(accountKeyPem)).rejects.toMatchObject({
      name: "RefusedError",
      reason: "KeyChangeRefused",
      message: expect.stringContaining("no keyChange"),
    });
    expect(bed.fake.requests).not.toContain("POST keyChange");
  });

  it("is refused for a key that another account has, in the CA's words", async () => {
    await newcomer().registerAccount({});
    await expect(bed.issuer().changeKey(accountKeyPem)).rejects.toMatchObject({
      name: "RefusedError",
      reason: "KeyChangeRefused",
      message: expect.stringContaining("already in use for a different account"),
    });
  });

  it("survives bad nonces", async () => {
    bed.fake.rejectNonces = 2;
    await bed.issuer().changeKey(accountKeyPem);
    expect(await newcomer().registerAccount({ onlyReturnExisting: true })).toMatchObject({
      accountUrl: bed.account.accountUrl,
    });
  });
});
