import { afterAll, beforeAll, expect, it } from "vitest";
import { makeCsr } from "../../../../../adapters/keys/csr.ts";
import { makePrivateKey } from "../../../../../adapters/keys/private-key.ts";
import type { FakeBed } from "../../../../support/acme-bed.ts";
import { newKeyPem, startFakeBed } from "../../../../support/acme-bed.ts";

/** A server with the manners of ACM's endpoint, as docs/acm.md has them. */
let bed: FakeBed;
beforeAll(async () => {
  bed = await startFakeBed();
  bed.fake.externalAccounts.set("AAABBBCCC111222333", "bWFj");
  Object.assign(bed.fake.ca.knobs, { preAuthorized: true, processingRounds: 2, retryAfterSeconds: 300 });
});
afterAll(() => bed.fake.close());

it("ACM: bound account, an order that is ready at once, minutes until the certificate", async () => {
  const accountKeyPem = await newKeyPem();
  const newcomer = bed.issuer({ accountKeyPem, accountUrl: undefined });
  await expect(newcomer.registerAccount({})).rejects.toMatchObject({ reason: "ExternalAccountRequired" });
  const externalAccount = { keyId: "AAABBBCCC111222333", hmacKey: "bWFj" };
  const { accountUrl } = (await newcomer.registerAccount({ externalAccount })) ?? {};
  const issuer = bed.issuer({ accountKeyPem, accountUrl });
  const names = ["www.example.com"];
  const order = await issuer.createOrder({ names });
  expect(order.status).toBe("ready");
  expect(await issuer.challenges(order, ["dns-01"])).toEqual([]);
  const pkcs8 = await makePrivateKey({ algorithm: "ECDSA" });
  const { der } = await makeCsr({ pkcs8, names, usages: [], encodeUsages: true });
  const finalized = await issuer.finalize(order, der);
  expect(finalized).toMatchObject({ status: "processing", retryAt: new Date("2026-11-22T10:05:00Z") });
  expect(await issuer.readOrder(order.url)).toMatchObject({ status: "processing" });
  await issuer.readOrder(order.url);
  const valid = (await issuer.readOrder(order.url)) ?? expect.unreachable();
  expect(valid.status).toBe("valid");
  expect((await issuer.download(valid)).chain).toContain("BEGIN CERTIFICATE");
});
