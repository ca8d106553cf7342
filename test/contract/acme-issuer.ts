import { createHash, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCsr } from "../../adapters/keys/csr.ts";
import { makePrivateKey } from "../../adapters/keys/private-key.ts";
import type { AcmeIssuer, Order } from "../../core/acme-port.ts";
import type { DnsChallenge } from "../../core/challenge.ts";
import type { TxtRecord } from "../../core/ports.ts";
import { thumbprintOf } from "../support/thumbprint.ts";
import { acmeAccounts } from "./acme-accounts.ts";
import { freshName, newKey } from "./acme-names-and-keys.ts";
import { pemOf, testRevocation } from "./acme-revocation.ts";

/** A CA with its DNS, as the suite needs it. */
export interface AcmeBed {
  /** An issuer with this account key; without an account URL it has yet to register. */
  issuer(account: { accountKeyPem: string; accountUrl?: string }): AcmeIssuer;
  publish(record: TxtRecord): void;
  /** Lets so much time pass that the CA may have gone on. */
  pause(): Promise<void>;
  /** A name the CA refuses at newOrder with rejectedIdentifier. */
  refusedName: string;
  /** A profile the CA has. */
  profile: string;
  /** Common name of the root of its default chain, 0, and of the alternate, 1. */
  rootOf(chain: 0 | 1): Promise<string>;
  close(): Promise<void>;
}

/** What every AcmeIssuer (core/ports.ts) must do, on whatever CA. */
export function testAcmeIssuer(name: string, makeBed: () => Promise<AcmeBed>): void {
  describe(`AcmeIssuer: ${name}`, { timeout: 60_000 }, () => {
    let bed: AcmeBed;
    let account: { accountKeyPem: string; accountUrl: string };
    const issuer = () => bed.issuer(account);

    beforeAll(async () => {
      bed = await makeBed();
      const accountKeyPem = await newKey();
      const registered = await bed.issuer({ accountKeyPem }).registerAccount({ email: "ops@example.com" });
      account = { accountKeyPem, accountUrl: registered?.accountUrl ?? "" };
    }, 60_000);
    afterAll(() => bed.close());

    async function prove(order: Order): Promise<Order> {
      for (const challenge of await issuer().challenges(order, ["dns-01"])) {
        bed.publish({ name: challenge.recordName, value: challenge.recordValue });
        await issuer().answer(challenge);
      }
      return until(order.url, (status) => status !== "pending");
    }

    async function until(url: string, done: (status: Order["status"]) => boolean): Promise<Order> {
      for (let round = 0; round < 100; round++) {
        const order = await issuer().readOrder(url);
        if (order && done(order.status)) return order;
        await bed.pause();
      }
      throw new Error(`the order did not go on: ${url}`);
    }

    async function request(names: string[]) {
      const pkcs8 = await makePrivateKey({ algorithm: "ECDSA" });
      const csr = await makeCsr({ pkcs8, names, usages: ["digital signature", "server auth"], encodeUsages: true });
      return { ...csr, keyPem: pemOf(pkcs8) };
    }

    describe("an order", () => {
      it("goes from pending over ready to a chain for its names and its key, a new issuer at each step", async () => {
        const names = [freshName()];
        const order = await issuer().createOrder({ names, profile: bed.profile });
        expect(order).toMatchObject({ status: "pending", authorizationUrls: [expect.any(String)] });
        const ready = await prove(order);
        expect(ready.status).toBe("ready");
        const csr = await request(names);
        const finalized = await issuer().finalize(ready, csr.der);
        expect(["processing", "valid"]).toContain(finalized.status);
        const valid = await until(order.url, (status) => status === "valid");
        const { chain } = await issuer().download(valid);
        const [leaf, intermediate] = chain.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----\n/g) ?? [];
        const certificate = new X509Certificate(leaf ?? "");
        expect(certificate.subjectAltName).toBe(`DNS:${names[0]}`);
        const spki = certificate.publicKey.export({ type: "spki", format: "der" });
        expect(createHash("sha256").update(spki).digest("hex")).toBe(csr.publicKeyHash);
        expect(certificate.checkIssued(new X509Certificate(intermediate ?? ""))).toBe(true);
      });

      it("for a name and its wildcard has two challenges at one record name", async () => {
        const name = freshName();
        const order = await issuer().createOrder({ names: [`*.${name}`, name], profile: bed.profile });
        const challenges = await issuer().challenges(order, ["dns-01"]);
        const expected = { identifier: name, recordName: `_acme-challenge.${name}`, type: "dns-01", solver: -1 };
        expect(challenges).toHaveLength(2);
        expect(challenges).toEqual(expect.arrayContaining([expect.objectContaining({ ...expected, wildcard: true })]));
        expect(challenges).toEqual(expect.arrayContaining([expect.objectContaining({ ...expected, wildcard: false })]));
        expect(new Set(challenges.map(({ recordValue }) => recordValue)).size).toBe(2);
        expect((await prove(order)).status).toBe("ready");
        expect(await issuer().challenges({ ...order, status: "ready" }, ["dns-01"])).toEqual([]);
      });

      it("has a challenge of each type that is asked for and offered, with the key authorization over HTTP", async () => {
        const name = freshName();
        const order = await issuer().createOrder({ names: [`*.${name}`, name], profile: bed.profile });
        const challenges = await issuer().challenges(order, ["dns-01", "http-01"]);
        const kinds = challenges.map(({ wildcard, type }) => `${wildcard ? "*" : "name"} ${type}`);
        expect(kinds.sort()).toEqual(["* dns-01", "name dns-01", "name http-01"]);
        const overHttp = challenges.flatMap((challenge) => (challenge.type === "http-01" ? [challenge] : []));
        expect(overHttp).toMatchObject([
          { identifier: name, solver: -1, token: expect.stringMatching(/^[\w-]{22,}$/) },
        ]);
        const [{ token = "", keyAuthorization = "" } = {}] = overHttp;
        expect(keyAuthorization).toBe(`${token}.${thumbprintOf(account.accountKeyPem)}`);
      });

      it("of twelve names has its challenges in the order of its authorizations", async () => {
        const names = Array.from({ length: 12 }, freshName);
        const order = await issuer().createOrder({ names, profile: bed.profile });
        const challenges = await issuer().challenges(order, ["dns-01"]);
        expect(challenges.map(({ authorizationUrl }) => authorizationUrl)).toEqual(order.authorizationUrls);
        expect(challenges.map(({ identifier }) => identifier).sort()).toEqual(names.sort());
      });

      it("whose URL was lost is found by its names, and given once", async () => {
        const names = [freshName(), freshName()];
        const lost = await issuer().createOrder({ names, profile: bed.profile });
        const again = issuer();
        const found = await again.lostOrder({ names: names.toReversed(), profile: bed.profile });
        expect(found).toMatchObject({ url: lost.url, finalizeUrl: lost.finalizeUrl, status: "pending" });
        expect(await again.lostOrder({ names, profile: bed.profile })).toBeUndefined();
      });

      it("that is for other names, or goes on already, is no lost one", async () => {
        const names = [freshName()];
        const order = await issuer().createOrder({ names, profile: bed.profile });
        expect(await issuer().lostOrder({ names: [...names, freshName()], profile: bed.profile })).toBeUndefined();
        await issuer().finalize(await prove(order), (await request(names)).der);
        await until(order.url, (status) => status === "valid");
        expect(await issuer().lostOrder({ names, profile: bed.profile })).toBeUndefined();
      });

      it("that the CA does not know is undefined", async () => {
        const { url } = await issuer().createOrder({ names: [freshName()], profile: bed.profile });
        expect(await issuer().readOrder(`${url}x`)).toBeUndefined();
      });

      it("for a name the CA does not serve is refused with the CA's words, and no attempt ends by it", async () => {
        const names = [freshName(), bed.refusedName];
        await expect(issuer().createOrder({ names, profile: bed.profile })).rejects.toMatchObject({
          name: "RefusedError",
          reason: "RejectedIdentifier",
          message: expect.stringContaining(bed.refusedName),
          fix: expect.any(String),
          endsAttempt: false,
        });
      });

      it("with a profile the CA does not have is refused", async () => {
        const order = issuer().createOrder({ names: [freshName()], profile: "no-such-profile" });
        await expect(order).rejects.toMatchObject({ name: "RefusedError", reason: "ErrProfileNotInSet" });
      });
    });

    describe("a certificate", () => {
      async function issued(notAfter?: Date): Promise<Order> {
        const names = [freshName()];
        const order = await issuer().createOrder({ names, profile: bed.profile, ...(notAfter && { notAfter }) });
        await issuer().finalize(await prove(order), (await request(names)).der);
        return until(order.url, (status) => status === "valid");
      }

      it("comes with the default chain, with the alternate that is preferred, or the default when none is", async () => {
        const order = await issued();
        const [root, other] = [await bed.rootOf(0), await bed.rootOf(1)];
        expect(topOf((await issuer().download(order)).chain)).toBe(root);
        const preferred = await issuer().download(order, root);
        expect([topOf(preferred.chain), preferred.notPreferred]).toEqual([root, undefined]);
        const alternate = await issuer().download(order, other);
        expect([topOf(alternate.chain), alternate.notPreferred]).toEqual([other, undefined]);
        const none = await issuer().download(order, "ISRG Root X9");
        expect([topOf(none.chain), none.notPreferred]).toEqual([root, true]);
      });

      it("ends when the order said it should", async () => {
        const notAfter = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 7_200_000);
        const { chain } = await issuer().download(await issued(notAfter));
        expect(new X509Certificate(chain).validToDate).toEqual(notAfter);
      });
    });

    describe("a challenge", () => {
      it("without its record makes the order invalid, and refusals names the identifier and says why", async () => {
        const name = freshName();
        const order = await issuer().createOrder({ names: [name], profile: bed.profile });
        const [challenge] = await issuer().challenges(order, ["dns-01"]);
        await issuer().answer(challenge as DnsChallenge);
        const invalid = await until(order.url, (status) => status !== "pending");
        expect(invalid.status).toBe("invalid");
        expect(await issuer().refusals(invalid)).toMatch(new RegExp(`^${name}: .*TXT`));
        await expect(issuer().challenges(invalid, ["dns-01"])).rejects.toMatchObject({
          name: "RefusedError",
          reason: "ChallengeRefused",
          endsAttempt: true,
        });
      });

      it("may be answered twice", async () => {
        const order = await issuer().createOrder({ names: [freshName()], profile: bed.profile });
        const [challenge] = (await issuer().challenges(order, ["dns-01"])) as [DnsChallenge];
        bed.publish({ name: challenge.recordName, value: challenge.recordValue });
        await issuer().answer(challenge);
        await issuer().answer(challenge);
        await until(order.url, (status) => status === "ready");
        await issuer().answer(challenge);
      });
    });

    testRevocation(issuer, async () => {
      const names = [freshName()];
      const ready = await prove(await issuer().createOrder({ names, profile: bed.profile }));
      const { der, keyPem } = await request(names);
      await issuer().finalize(ready, der);
      const { chain } = await issuer().download(await until(ready.url, (status) => status === "valid"));
      return { certificateDer: new X509Certificate(chain).raw, certificateKeyPem: keyPem };
    });

    describe("finalize", () => {
      it("may come twice: the second answers where the order is", async () => {
        const names = [freshName()];
        const ready = await prove(await issuer().createOrder({ names, profile: bed.profile }));
        const { der } = await request(names);
        await issuer().finalize(ready, der);
        expect(["processing", "valid"]).toContain((await issuer().finalize(ready, der)).status);
        await until(ready.url, (status) => status === "valid");
        expect((await issuer().finalize(ready, der)).status).toBe("valid");
      });

      it("with a CSR for other names is refused and ends the attempt", async () => {
        const ready = await prove(await issuer().createOrder({ names: [freshName()], profile: bed.profile }));
        const { der } = await request([freshName()]);
        await expect(issuer().finalize(ready, der)).rejects.toMatchObject({
          name: "RefusedError",
          reason: "Unauthorized",
          endsAttempt: true,
        });
      });

      it("with an Ed25519 key is refused and ends the attempt", async () => {
        const names = [freshName()];
        const ready = await prove(await issuer().createOrder({ names, profile: bed.profile }));
        const pkcs8 = await makePrivateKey({ algorithm: "Ed25519" });
        const { der } = await makeCsr({ pkcs8, names, usages: [], encodeUsages: true });
        await expect(issuer().finalize(ready, der)).rejects.toMatchObject({
          name: "RefusedError",
          reason: "BadCSR",
          endsAttempt: true,
        });
      });
    });

    acmeAccounts(() => ({ bed, account }));

    it("gives a nonce to carry on, and takes one that has long lapsed without failing", async () => {
      const first = issuer();
      await first.createOrder({ names: [freshName()], profile: bed.profile });
      const nonce = first.takeNonce();
      expect(nonce).toEqual(expect.any(String));
      const second = issuer();
      second.giveNonces(["bm8tc3VjaC1ub25jZQ", nonce ?? ""]);
      expect((await second.createOrder({ names: [freshName()], profile: bed.profile })).status).toBe("pending");
    });

    it("knows from the directory that the CA offers renewal information, and survives a predecessor it denies", async () => {
      const fresh = issuer();
      expect(await fresh.directory()).toMatchObject({ newOrder: expect.any(String) });
      expect(fresh.offersRenewalInfo()).toBe(true);
      const replaces = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
      const order = await fresh.createOrder({ names: [freshName()], profile: bed.profile, replaces });
      expect(order.status).toBe("pending");
    });
  });
}

/** Common name of the issuer of a chain's topmost certificate. */
function topOf(chain: string): string {
  const { CN } = new X509Certificate(chain.slice(chain.lastIndexOf("-----BEGIN"))).toLegacyObject().issuer;
  return String(CN);
}
