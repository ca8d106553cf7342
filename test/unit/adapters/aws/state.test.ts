import { unmarshall } from "@aws-sdk/util-dynamodb";
import { describe, expect, it } from "vitest";
import { dynamoState } from "../../../../adapters/aws/state.ts";
import type { State } from "../../../../core/ports.ts";
import { testState } from "../../../contract/state.ts";
import { dynamoStub } from "../../../support/dynamo-stub.ts";
import { itemSize } from "../../../support/item-size.ts";
import { memoryState } from "../../../support/memory-state.ts";
import {
  answeredAttempt,
  askedCertificate,
  attemptRefOf,
  certificateKey,
  csrItem,
  listedCertificate,
  newAttempt,
  newCertificate,
  newIssuer,
  noon,
  renewingCertificate,
} from "../../../support/realistic-rows.ts";

testState("in memory", memoryState);

const clock = { now: () => new Date(noon) };

function stubbed(answers: (object | Error)[] = []) {
  const { client, calls } = dynamoStub(answers);
  return { calls, state: dynamoState({ client, table: "certwright-state", clock }) };
}

async function itemPut(put: (state: State) => Promise<unknown>) {
  const { state, calls } = stubbed();
  await put(state);
  const stored = calls.at(-1)?.input.Item;
  return { stored, item: unmarshall(stored) };
}

describe("dynamoState: where rows lie", () => {
  const ref = attemptRefOf(1);
  const attempt = `Certificate/www#attempt#${ref.attemptId}`;
  const rows: [what: string, put: (state: State) => Promise<unknown>, namespace: string, resource: string][] = [
    ["a Certificate", (state) => state.putCertificate(newCertificate()), "web", "Certificate/www"],
    ["an issuer", (state) => state.putIssuer(newIssuer()), "_cluster", "ClusterIssuer/letsencrypt"],
    ["an attempt", (state) => state.createAttempt(newAttempt()), "web", attempt],
    ["its CSR", (state) => state.putCsr(ref, csrItem()), "web", `${attempt}#csr`],
    ["its challenges", (state) => state.putChallenges(ref, { challenges: [] }), "web", `${attempt}#challenges`],
    ["its chain", (state) => state.putChain(ref, { chain: "c" }, 1), "web", `${attempt}#chain`],
    [
      "its sealed key",
      (state) => state.putSealedKey(ref, { dataKey: "AQ==", iv: "AQ==", ciphertext: "AQ==", tag: "AQ==" }),
      "_system",
      `key#web/www#${ref.attemptId}`,
    ],
    [
      "a bucket",
      (state) => state.putBuckets([{ key: "orders#1", version: 0, tokens: 1, at: 1 }]),
      "_system",
      "ledger#orders#1",
    ],
    [
      "a claim",
      (state) => state.claimSecret({ namespace: "web", secretName: "tls", owner: "Certificate/www", store: "s3" }),
      "web",
      "Secret/tls",
    ],
  ];

  it.each(rows)("%s", async (_, put, namespace, resource) => {
    const { item } = await itemPut(put);
    expect(item).toMatchObject({ namespace, resource });
    expect(item).not.toHaveProperty("key");
    expect(item).not.toHaveProperty("ref");
  });

  it("a TXT value's claims", async () => {
    const { state, calls } = stubbed();
    await state.claimRecord({ name: "_acme-challenge.a.example", value: "v_-1" }, ref);
    expect(unmarshall(calls[0]?.input.Key)).toEqual({
      namespace: "_system",
      resource: "txt#_acme-challenge.a.example#v_-1",
    });
  });

  it("an event, by its time, so that the newest is last", async () => {
    const event = { key: certificateKey(), at: noon, type: "Normal", reason: "Issuing", message: "m" } as const;
    const one = (await itemPut((state) => state.addEvent(event))).item;
    const next = (await itemPut((state) => state.addEvent({ ...event, at: noon + 1 }))).item;
    expect(one.resource).toMatch(/^Certificate\/www#event#2026-11-22T19:00:00\.000Z#[0-9a-f]{8}$/);
    expect(next.resource > one.resource).toBe(true);
    expect(one.expiresAt).toBe(noon / 1_000 + 30 * 86_400);
  });
});

describe("dynamoState: the indexes", () => {
  it("puts a Certificate that is due into a lane and a shard that stays the same", async () => {
    const due = newCertificate({ dueAt: noon, lane: "renew" });
    const { item } = await itemPut((state) => state.putCertificate(due));
    const later = await itemPut((state) => state.putCertificate({ ...due, version: 4, dueAt: noon + 1 }));
    expect(item.dueLane).toMatch(/^renew#[0-7]$/);
    expect(item.dueAt).toBe(noon);
    expect(later.item.dueLane).toBe(item.dueLane);
  });

  it("uses all eight shards", async () => {
    const lanes = new Set<string>();
    for (let number = 0; number < 100; number += 1) {
      const row = newCertificate({ key: certificateKey(`c-${number}`), dueAt: noon, lane: "new" });
      lanes.add((await itemPut((state) => state.putCertificate(row))).item.dueLane);
    }
    expect([...lanes].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((shard) => `new#${shard}`));
  });

  it("leaves out what has nothing to do, and an attempt without records", async () => {
    const idle = await itemPut((state) => state.putCertificate(newCertificate({ lane: "renew" })));
    expect(idle.item).not.toHaveProperty("dueLane");
    const attempt = await itemPut((state) => state.createAttempt(newAttempt({ dueAt: noon })));
    expect(attempt.item).not.toHaveProperty("dueLane");
  });

  it("has the validity on top of the item, where the due index copies it", async () => {
    const row = renewingCertificate();
    const { item } = await itemPut((state) => state.putCertificate(row));
    expect([item.notBefore, item.notAfter]).toEqual([row.issued?.notBefore, row.issued?.notAfter]);
    expect(item.issued).not.toHaveProperty("notAfter");
  });

  it("sorts Certificates by issuer, the waiting ones apart; a tombstone is in no index", async () => {
    const issuer = "_cluster/ClusterIssuer/le";
    const sortOf = async (changes: object) => {
      const { item } = await itemPut((state) => state.putCertificate(newCertificate({ issuer, ...changes })));
      return [item.issuer, item.issuerSort];
    };
    expect(await sortOf({})).toEqual([issuer, "using#web/www"]);
    expect(await sortOf({ waitsForIssuer: true })).toEqual([issuer, "waiting#web/www"]);
    expect(await sortOf({ deletedAt: 1 })).toEqual([issuer, undefined]);
    const { issuer: _, ...without } = newCertificate();
    const { item } = await itemPut((state) => state.putCertificate(without));
    expect([item.issuer, item.issuerSort]).toEqual(["-", "using#web/www"]);
  });
});

describe("dynamoState: what DynamoDB is asked", () => {
  it("reads by key strongly consistent", async () => {
    const { state, calls } = stubbed();
    await state.certificate(certificateKey());
    await state.certificates([certificateKey()]);
    await state.events(certificateKey(), 5);
    await state.attemptsOf(certificateKey());
    const [get, batch, events, attempts] = calls.map(({ input }) => input);
    expect(get.ConsistentRead).toBe(true);
    expect(batch.RequestItems["certwright-state"].ConsistentRead).toBe(true);
    expect([events.ConsistentRead, attempts.ConsistentRead]).toEqual([true, true]);
    expect([events.ScanIndexForward, events.Limit]).toEqual([false, 5]);
  });

  it("calls DynamoDB for no keys and no rows not at all", async () => {
    const { state, calls } = stubbed();
    await state.certificates([]);
    await state.attempts([]);
    await state.buckets([]);
    await state.putBuckets([]);
    expect(calls).toEqual([]);
  });

  it("writes one bucket without a transaction, two with one", async () => {
    const { state, calls } = stubbed();
    const bucket = { key: "a", version: 3, tokens: 1, at: 1 };
    await state.putBuckets([bucket]);
    await state.putBuckets([bucket, { ...bucket, key: "b", version: 0 }]);
    expect(calls.map(({ name }) => name)).toEqual(["PutItemCommand", "TransactWriteItemsCommand"]);
    const puts = calls[1]?.input.TransactItems.map(({ Put }: { Put: { ConditionExpression: string } }) => Put);
    expect(puts[0].ConditionExpression).toBe("#version = :version");
    expect(puts[0].ExpressionAttributeValues).toEqual({ ":version": { N: "3" } });
    expect(puts[1].ConditionExpression).toBe("attribute_not_exists(#namespace)");
  });

  it("asks all sixteen partitions of the due index, at most as many rows as wanted of each", async () => {
    const { state, calls } = stubbed();
    await state.due(new Date(noon), 25);
    const partitions = calls.map(({ input }) => input.ExpressionAttributeValues[":partition"].S);
    expect(new Set(partitions).size).toBe(16);
    expect(calls.every(({ input }) => input.IndexName === "due" && input.Limit === 25)).toBe(true);
    expect(calls[0]?.input.ExpressionAttributeValues[":now"]).toEqual({ N: String(noon) });
  });

  it("keeps the CSR as long as the chain, with a second write only where the chain outlives it", async () => {
    const { state, calls } = stubbed();
    const inDays = (days: number) => noon / 1_000 + days * 86_400;
    await state.putCsr(attemptRefOf(1), csrItem());
    await state.putChain(attemptRefOf(1), { chain: "c" }, inDays(40));
    await state.putChain(attemptRefOf(1), { chain: "c" }, inDays(41));
    const [csr, chain, kept, longer] = calls.map(({ input }) => input);
    expect(csr.Item.expiresAt).toEqual({ N: String(inDays(70)) });
    expect(chain.Item.expiresAt).toEqual({ N: String(inDays(40)) });
    expect(kept.UpdateExpression).toBe("SET #expiresAt = :expiresAt");
    expect(kept.ExpressionAttributeValues).toEqual({ ":expiresAt": { N: String(inDays(41)) } });
    expect(longer.Item.expiresAt).toEqual({ N: String(inDays(41)) });
  });

  it("keeps an attempt with its CSR and its chain, and makes none of them", async () => {
    const { state, calls } = stubbed();
    await state.keepAttempt(attemptRefOf(1), 1_900_000_000);
    const row = `Certificate/www#attempt#${attemptRefOf(1).attemptId}`;
    expect(calls.map(({ input }) => input.Key.resource.S)).toEqual([row, `${row}#csr`, `${row}#chain`]);
    for (const { input } of calls) {
      expect(input.UpdateExpression).toBe("SET #expiresAt = :expiresAt");
      expect(input.ExpressionAttributeValues).toEqual({ ":expiresAt": { N: "1900000000" } });
      expect(input.ConditionExpression).toBe("attribute_exists(#namespace)");
    }
  });
});

describe("dynamoState: what does not stay in the table for ever", () => {
  const left = { N: String(noon / 1_000 + 30 * 86_400) };
  const key = { dataKey: "AQ==", iv: "AQ==", ciphertext: "AQ==", tag: "AQ==" };

  it("a sealed key, challenges and a TXT claim that nobody deleted", async () => {
    const { state, calls } = stubbed();
    await state.putSealedKey(attemptRefOf(1), key);
    await state.putChallenges(attemptRefOf(1), { challenges: [] });
    await state.claimRecord({ name: "a", value: "v" }, attemptRefOf(1));
    expect(calls[0]?.input.Item.expiresAt).toEqual(left);
    expect(calls[1]?.input.Item.expiresAt).toEqual(left);
    expect(calls[2]?.input.ExpressionAttributeValues[":expiresAt"]).toEqual(left);
  });
});

describe("dynamoState: an ordinary row is one write unit (1,024 bytes)", () => {
  const rows: [what: string, put: (state: State) => Promise<unknown>][] = [
    ["a Certificate that is being renewed", (state) => state.putCertificate(renewingCertificate())],
    ["a Certificate whose CA is asked when to renew it", (state) => state.putCertificate(askedCertificate())],
    ["a Certificate whose CA's revocation list is read", (state) => state.putCertificate(listedCertificate())],
    ["a Certificate that waits for its issuer", (state) => state.putCertificate(newCertificate({ dueAt: noon }))],
    ["an attempt whose challenge was answered", (state) => state.createAttempt(answeredAttempt())],
    [
      "an attempt that ended",
      (state) =>
        state.createAttempt(
          answeredAttempt({
            outcome: { result: "issued", reason: "Issued", message: "revision 12, valid until 2027-02-20", at: noon },
            expiresAt: 1_797_592_000,
          }),
        ),
    ],
  ];

  it.each(rows)("%s", async (_, put) => {
    expect(itemSize((await itemPut(put)).stored)).toBeLessThanOrEqual(1_024);
  });
});
