import { describe, expect, it } from "vitest";
import type { DnsChallenge } from "../../core/challenge.ts";
import type { AcmeBed } from "./acme-issuer.ts";
import { freshName, newKey } from "./acme-names-and-keys.ts";

/** What every AcmeIssuer must do with accounts (RFC 8555 7.3); `at`: the CA, and an account that is registered there. */
export function acmeAccounts(at: () => { bed: AcmeBed; account: { accountKeyPem: string; accountUrl: string } }): void {
  describe("an account", () => {
    const issuerOf = (of: Parameters<AcmeBed["issuer"]>[0]) => at().bed.issuer(of);

    it("is found again by its key", async () => {
      const { accountKeyPem, accountUrl } = at().account;
      const found = { accountUrl, created: false };
      expect(await issuerOf({ accountKeyPem }).registerAccount({})).toEqual(found);
      expect(await issuerOf({ accountKeyPem }).registerAccount({ onlyReturnExisting: true })).toEqual(found);
    });

    it("is not made when only an existing one is asked for", async () => {
      const accountKeyPem = await newKey();
      const found = await issuerOf({ accountKeyPem }).registerAccount({ onlyReturnExisting: true });
      expect(found).toBeUndefined();
    });

    it("can be used by the issuer that registered it, and its contact changed and removed", async () => {
      const fresh = issuerOf({ accountKeyPem: await newKey() });
      await fresh.registerAccount({ email: "one@example.com" });
      await fresh.updateContact("two@example.com");
      await fresh.updateContact(undefined);
      expect((await fresh.createOrder({ names: [freshName()], profile: at().bed.profile })).status).toBe("pending");
    });

    it("of an RSA key works too", async () => {
      const fresh = issuerOf({ accountKeyPem: await newKey("RSA") });
      const made = { accountUrl: expect.stringContaining("https://"), created: true };
      expect(await fresh.registerAccount({})).toEqual(made);
    });

    it("gets a new key: only that one is served then, and an order from before goes on with it", async () => {
      const [oldKey, newKeyPem] = [await newKey(), await newKey("RSA")];
      const { accountUrl = "" } = (await issuerOf({ accountKeyPem: oldKey }).registerAccount({})) ?? {};
      const before = issuerOf({ accountKeyPem: oldKey, accountUrl });
      const order = await before.createOrder({ names: [freshName()], profile: at().bed.profile });
      const [mine] = await before.challenges(order, ["dns-01"]);
      await before.changeKey(newKeyPem);
      const refused = { name: "UnavailableError", reason: "SignatureRefused" };
      await expect(before.readOrder(order.url)).rejects.toMatchObject(refused);
      const found = { accountUrl, created: false };
      expect(await issuerOf({ accountKeyPem: newKeyPem }).registerAccount({ onlyReturnExisting: true })).toEqual(found);
      expect(await issuerOf({ accountKeyPem: oldKey }).registerAccount({ onlyReturnExisting: true })).toBeUndefined();
      const after = issuerOf({ accountKeyPem: newKeyPem, accountUrl });
      const [again] = (await after.challenges(order, ["dns-01"])) as [DnsChallenge];
      expect(again).toMatchObject({ challengeUrl: mine?.challengeUrl });
      expect(again.recordValue).not.toBe(mine?.recordValue);
      at().bed.publish({ name: again.recordName, value: again.recordValue });
      await after.answer(again);
      for (let round = 0; (await after.readOrder(order.url))?.status === "pending" && round < 100; round++)
        await at().bed.pause();
      expect((await after.readOrder(order.url))?.status).toBe("ready");
    });

    it("takes no key that another account has, whatever the CA answers", async () => {
      const accountKeyPem = await newKey();
      const { accountUrl = "" } = (await issuerOf({ accountKeyPem }).registerAccount({})) ?? {};
      const other = at().account;
      await issuerOf({ accountKeyPem, accountUrl })
        .changeKey(other.accountKeyPem)
        .catch((error) => expect(error).toMatchObject({ name: "RefusedError", reason: "KeyChangeRefused" }));
      const known = (pem: string) => issuerOf({ accountKeyPem: pem }).registerAccount({ onlyReturnExisting: true });
      expect(await known(accountKeyPem)).toMatchObject({ accountUrl });
      expect(await known(other.accountKeyPem)).toMatchObject({ accountUrl: other.accountUrl });
    });

    it("that was deactivated is served no more, and its key makes no other", async () => {
      const accountKeyPem = await newKey();
      const { accountUrl = "" } = (await issuerOf({ accountKeyPem }).registerAccount({})) ?? {};
      const fresh = issuerOf({ accountKeyPem, accountUrl });
      await fresh.deactivateAccount();
      const order = fresh.createOrder({ names: [freshName()], profile: at().bed.profile });
      await expect(order).rejects.toMatchObject({ name: "RefusedError", reason: "AccountUnknown" });
      const asked = issuerOf({ accountKeyPem }).registerAccount({ onlyReturnExisting: true });
      await expect(asked).rejects.toMatchObject({ name: "RefusedError", reason: "AccountClosed" });
      await expect(issuerOf({ accountKeyPem }).registerAccount({})).rejects.toMatchObject({ name: "RefusedError" });
    });

    it("that the CA does not know refuses every order with AccountUnknown", async () => {
      const unknown = issuerOf({ accountKeyPem: await newKey(), accountUrl: `${at().account.accountUrl}9999` });
      const order = unknown.createOrder({ names: [freshName()], profile: at().bed.profile });
      await expect(order).rejects.toMatchObject({
        name: "RefusedError",
        reason: "AccountUnknown",
        endsAttempt: false,
      });
    });
  });
}
