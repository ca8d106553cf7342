import { X509Certificate } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { AcmeDeps } from "../../adapters/issuers/acme/session.ts";
import { acme } from "../../adapters/issuers/acme.ts";
import { makeCsr } from "../../adapters/keys/csr.ts";
import { makePrivateKey } from "../../adapters/keys/private-key.ts";
import type { AcmeIssuer, Order } from "../../core/acme-port.ts";
import type { DnsChallenge } from "../../core/challenge.ts";
import { testAcmeIssuer } from "../contract/acme-issuer.ts";
import { newKeyPem } from "../support/acme-bed.ts";
import type { Pebble } from "../support/pebble.ts";
import { startPebble } from "../support/pebble.ts";
import { txtTable } from "../support/txt-table.ts";

const clock = { now: () => new Date() };
const usual = { clock, allowedPrivateHosts: ["127.0.0.1"], userAgent: "certwright-test" };

function issuerOf({ url: server, caBundle }: Pebble, deps: Pick<AcmeDeps, "accountKeyPem"> & Partial<AcmeDeps>) {
  return acme.create({ server, caBundle }, { ...usual, ...deps });
}

function commonNameOf(pem: string): string {
  return String(new X509Certificate(pem).toLegacyObject().subject.CN);
}

testAcmeIssuer("the adapter on real Pebble", async () => {
  const txt = txtTable();
  const pebble = await startPebble(txt.lookup);
  return {
    issuer: (account) => issuerOf(pebble, account),
    publish: txt.publish,
    pause: () => sleep(100),
    refusedName: "blocked.example.org",
    profile: "two-minutes",
    rootOf: async (chain) => commonNameOf(await pebble.root(chain)),
    close: pebble.close,
  };
});

describe("Pebble", () => {
  it("is asked 8 times for one name, 10 from cold, not counting repeats of bad nonces and polls that found nothing new", async () => {
    const txt = txtTable();
    const pebble = await startPebble(txt.lookup);
    const count = countRequests();
    try {
      const accountKeyPem = await newKeyPem();
      const newcomer = issuerOf(pebble, { accountKeyPem });
      const account = await newcomer.registerAccount({});
      const directory = await newcomer.directory();
      let nonce = newcomer.takeNonce();
      const issuer = () => issuerOf(pebble, { accountKeyPem, accountUrl: account?.accountUrl, directory });
      const step = async <T>(run: (issuer: AcmeIssuer) => Promise<T>): Promise<T> => {
        const next = issuer();
        next.giveNonces(nonce === undefined ? [] : [nonce]);
        const result = await run(next);
        nonce = next.takeNonce();
        return result;
      };
      const cold = await orderOnce(step, txt.publish, "cold.example.com");
      expect(count.take()).toBe(10 + cold.idlePolls);
      nonce = undefined;
      const warm = await orderOnce(step, txt.publish, "warm.example.com");
      expect(count.take()).toBe(8 + warm.idlePolls);
    } finally {
      count.stop();
      await pebble.close();
    }
  }, 60_000);

  it("accepts an external account binding, and refuses a wrong one", async () => {
    const hmacKey = Buffer.from("a MAC key of ~~~ 32 bytes or more").toString("base64url");
    const pebble = await startPebble(() => [], { "kid-1": hmacKey });
    try {
      const register = async (externalAccount?: { keyId: string; hmacKey: string }) => {
        const issuer = issuerOf(pebble, { accountKeyPem: await newKeyPem() });
        return issuer.registerAccount(externalAccount ? { externalAccount } : {});
      };
      const bound = { accountUrl: expect.stringContaining("https://"), created: true };
      expect(await register({ keyId: "kid-1", hmacKey })).toEqual(bound);
      await expect(register()).rejects.toMatchObject({ name: "RefusedError", reason: "ExternalAccountRequired" });
      await expect(register({ keyId: "kid-1", hmacKey: "d3Jvbmc" })).rejects.toMatchObject({ name: "RefusedError" });
    } finally {
      await pebble.close();
    }
  }, 60_000);
});

type Step = <T>(run: (issuer: AcmeIssuer) => Promise<T>) => Promise<T>;

async function orderOnce(step: Step, publish: ReturnType<typeof txtTable>["publish"], name: string) {
  let idlePolls = 0;
  const until = async (url: string, status: Order["status"]): Promise<Order> => {
    for (;;) {
      const order = await step((issuer) => issuer.readOrder(url));
      if (order?.status === status) return order;
      if (idlePolls++ > 100) throw new Error(`the order is ${order?.status}, not ${status}`);
      await sleep(100);
    }
  };
  const order = await step((issuer) => issuer.createOrder({ names: [name], profile: "two-minutes" }));
  const [challenge] = (await step((issuer) => issuer.challenges(order, ["dns-01"]))) as [DnsChallenge];
  publish({ name: challenge.recordName, value: challenge.recordValue });
  await step((issuer) => issuer.answer(challenge));
  await sleep(200);
  const ready = await until(order.url, "ready");
  const pkcs8 = await makePrivateKey({ algorithm: "ECDSA" });
  const { der } = await makeCsr({ pkcs8, names: [name], usages: [], encodeUsages: true });
  await step((issuer) => issuer.finalize(ready, der));
  await sleep(200);
  const valid = await until(order.url, "valid");
  const { chain } = await step((issuer) => issuer.download(valid));
  expect(chain).toContain("BEGIN CERTIFICATE");
  return { idlePolls };
}

/** Counts what Node sends, from outside the adapter. Every 400 of this flow is a bad nonce, whose repeat does not count. */
function countRequests() {
  let requests = 0;
  const onRequest = () => {
    requests++;
  };
  const onResponse = (message: unknown) => {
    const { response } = message as { request: ClientRequest; response: IncomingMessage };
    if (response.statusCode === 400) requests--;
  };
  subscribe("http.client.request.start", onRequest);
  subscribe("http.client.response.finish", onResponse);
  return {
    take(): number {
      const taken = requests;
      requests = 0;
      return taken;
    },
    stop() {
      unsubscribe("http.client.request.start", onRequest);
      unsubscribe("http.client.response.finish", onResponse);
    },
  };
}
