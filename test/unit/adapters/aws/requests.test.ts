import { describe, expect, it, vi } from "vitest";
import { dynamoRequests } from "../../../../adapters/aws/requests.ts";
import type { Requests, StoredRequest } from "../../../../core/ports.ts";
import { parseCertificate } from "../../../../core/request.ts";
import { testRequests } from "../../../contract/requests.ts";
import { dynamoStub, sdkError } from "../../../support/dynamo-stub.ts";
import { memoryRequests } from "../../../support/memory-requests.ts";

testRequests("in memory", () => {
  const requests = memoryRequests();
  return { requests, plant: async (...row) => requests.plant(...row) };
});

describe("dynamoRequests", () => {
  const text = "labels: { team: web }";
  const planted = { namespace: { S: "web" }, resource: { S: "Certificate/www" }, metadata: { S: text } };
  const key = { namespace: "web", kind: "Certificate", name: "www" } as const;
  const stubbed = (answers: (object | Error)[] = []) => {
    const { client, calls } = dynamoStub(answers);
    return { calls, requests: dynamoRequests({ client, table: "certwright-requests" }) };
  };

  it("reads and scans strongly consistent", async () => {
    const { requests, calls } = stubbed();
    await requests.get(key);
    await requests.getMany([key]);
    await requests.list("web");
    for await (const _ of requests.scan());
    const [get, batch, list, scan] = calls.map(({ input }) => input);
    expect(batch.RequestItems["certwright-requests"].ConsistentRead).toBe(true);
    expect([get, list, scan].every((input) => input.ConsistentRead)).toBe(true);
  });

  const ways: [string, object, (requests: Requests) => Promise<StoredRequest | undefined>][] = [
    ["get", { Item: planted }, (requests) => requests.get(key)],
    [
      "getMany",
      { Responses: { "certwright-requests": [planted] } },
      async (requests) => (await requests.getMany([key])).get("web/Certificate/www"),
    ],
    ["list", { Items: [planted] }, async (requests) => (await requests.list("web"))[0]],
    [
      "scan",
      { Items: [planted] },
      async (requests) => (await requests.scan()[Symbol.asyncIterator]().next()).value?.requests[0],
    ],
  ];
  it.each(ways)("gives texts that can be read by %s, in a process that has met none", async (_, answer, read) => {
    vi.resetModules();
    const fresh = await import("../../../../adapters/aws/requests.ts");
    const { readMap } = await import("../../../../core/map-text.ts");
    expect(() => readMap(text, "metadata")).toThrow("openTexts() has not seen");
    const { client } = dynamoStub([answer]);
    const found = await read(fresh.dynamoRequests({ client, table: "certwright-requests" }));
    expect(readMap(found?.metadata, "metadata")).toEqual({ map: { labels: { team: "web" } } });
  });

  it("asks for one kind and not for those whose names begin alike", async () => {
    const { requests, calls } = stubbed();
    await requests.list("web", "Certificate");
    expect(calls[0]?.input.ExpressionAttributeValues).toEqual({
      ":namespace": { S: "web" },
      ":kind": { S: "Certificate/" },
    });
  });

  it("follows the pages of a scan", async () => {
    const page = (name: string, more?: object) => ({
      Items: [{ namespace: { S: "web" }, resource: { S: `Certificate/${name}` } }],
      ...(more && { LastEvaluatedKey: more }),
    });
    const { requests, calls } = stubbed([
      page("a", { at: { S: "a" } }),
      { LastEvaluatedKey: { at: { S: "b" } } },
      page("c"),
    ]);
    const names: string[] = [];
    for await (const { requests: found } of requests.scan()) names.push(...found.map(({ key: { name } }) => name));
    expect(names).toEqual(["a", "c"]);
    expect(calls.map(({ input }) => input.ExclusiveStartKey?.at.S)).toEqual([undefined, "a", "b"]);
  });

  it("hands on numbers, sets and bytes that no specification has, instead of failing", async () => {
    const spec = {
      M: { number: { N: "123456789012345678901234567890" }, set: { SS: ["a"] }, bytes: { B: new Uint8Array([1]) } },
    };
    const { requests } = stubbed([{ Item: { namespace: { S: "web" }, resource: { S: "Certificate/www" }, spec } }]);
    expect((await requests.get(key))?.spec).toEqual({
      number: 123_456_789_012_345_680_000_000_000_000,
      set: new Set(["a"]),
      bytes: new Uint8Array([1]),
    });
  });

  it("hands on a field called __proto__ as any other, and no map becomes a set by it", async () => {
    const spec = { M: Object.fromEntries([["__proto__", { SS: ["a"] }]]) };
    const { requests } = stubbed([{ Item: { namespace: { S: "web" }, resource: { S: "Certificate/www" }, spec } }]);
    const stored = await requests.get(key);
    expect(Object.entries(stored?.spec ?? {})).toEqual([["__proto__", new Set(["a"])]]);
    expect(stored?.spec).not.toBeInstanceOf(Set);
    expect(stored && parseCertificate(stored)).toMatchObject({ ok: false });
  });

  it("names its own table in what it throws", async () => {
    const { requests } = stubbed([sdkError("ThrottlingException"), sdkError("AccessDeniedException")]);
    await expect(requests.get(key)).rejects.toMatchObject({ name: "UnavailableError", reason: "RequestsUnavailable" });
    await expect(requests.get(key)).rejects.toMatchObject({ name: "RefusedError", reason: "RequestsAccessDenied" });
  });
});
