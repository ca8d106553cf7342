import { describe, expect, it } from "vitest";
import { openTable } from "../../../../../adapters/aws/dynamo/table.ts";
import { dynamoState } from "../../../../../adapters/aws/state.ts";
import { dynamoStub, sdkError } from "../../../../support/dynamo-stub.ts";
import { certificateKey, newCertificate } from "../../../../support/realistic-rows.ts";

const item = (name: string) => ({ namespace: { S: "web" }, resource: { S: name } });
const key = (resource: string) => ({ namespace: "web", resource });

function open(answers: (object | Error)[]) {
  const { client, calls } = dynamoStub(answers);
  const pauses: number[] = [];
  const pause = async (milliseconds: number) => pauses.push(milliseconds);
  return { table: openTable({ client, table: "t", called: "State", pause }), calls, pauses };
}

describe("getMany", () => {
  const left = (...names: string[]) => ({ UnprocessedKeys: { t: { Keys: names.map(item) } } });
  const found = (...names: string[]) => ({ Responses: { t: names.map(item) } });

  it("asks for each key once, a hundred in one call", async () => {
    const { table, calls } = open([]);
    const keys = Array.from({ length: 230 }, (_, index) => key(`r-${index}`));
    await table.getMany([...keys, ...keys]);
    const asked = calls.map(({ input }) => input.RequestItems.t.Keys);
    expect(asked.map(({ length }) => length).sort()).toEqual([100, 100, 30]);
    expect(new Set(asked.flat().map(({ resource }) => resource.S)).size).toBe(230);
  });

  it("asks again for what was left unprocessed, later each time", async () => {
    const answers = [{ ...found("a"), ...left("b", "c") }, { ...found("b"), ...left("c") }, found("c")];
    const { table, calls, pauses } = open(answers);
    expect(await table.getMany(["a", "b", "c"].map(key))).toEqual(["a", "b", "c"].map(key));
    expect(calls.map(({ input }) => input.RequestItems.t.Keys.length)).toEqual([3, 2, 1]);
    expect(pauses).toEqual([50, 100]);
  });

  it("gives up after seven rounds", async () => {
    const { table, calls } = open(Array.from({ length: 20 }, () => left("a")));
    await expect(table.getMany([key("a")])).rejects.toMatchObject({
      name: "UnavailableError",
      reason: "StateUnavailable",
      message: "State: DynamoDB left 1 keys of a batch read unprocessed 7 times",
    });
    expect(calls).toHaveLength(7);
  });
});

describe("what the SDK throws", () => {
  const cases: [name: string, fields: object, error: string, reason: string | undefined][] = [
    ["ProvisionedThroughputExceededException", {}, "UnavailableError", "StateUnavailable"],
    ["ThrottlingException", { $retryable: { throttling: true } }, "UnavailableError", "StateUnavailable"],
    ["RequestLimitExceeded", {}, "UnavailableError", "StateUnavailable"],
    ["InternalServerError", { $metadata: { httpStatusCode: 500 } }, "UnavailableError", "StateUnavailable"],
    ["AnythingElse", { $metadata: { httpStatusCode: 503 } }, "UnavailableError", "StateUnavailable"],
    ["TimeoutError", {}, "UnavailableError", "StateUnavailable"],
    ["Error", { code: "ECONNRESET" }, "UnavailableError", "StateUnavailable"],
    ["Error", { code: "ECONNREFUSED" }, "UnavailableError", "StateUnavailable"],
    ["AccessDeniedException", { $metadata: { httpStatusCode: 400 } }, "RefusedError", "StateAccessDenied"],
    ["ExpiredTokenException", {}, "RefusedError", "StateAccessDenied"],
    ["ResourceNotFoundException", {}, "RefusedError", "StateTableMissing"],
    ["ItemCollectionSizeLimitExceededException", {}, "ItemCollectionSizeLimitExceededException", undefined],
    ["ValidationException", { $metadata: { httpStatusCode: 400 } }, "ValidationException", undefined],
    ["TypeError", {}, "TypeError", undefined],
  ];

  it.each(cases)("%s %j is a %s", async (name, fields, error, reason) => {
    const thrown = sdkError(name, fields);
    const calls: ((table: ReturnType<typeof openTable>) => Promise<unknown>)[] = [
      (table) => table.get(key("a")),
      (table) => table.getMany([key("a")]),
      (table) => table.put(key("a")),
      (table) => table.update(key("a"), { text: "REMOVE #x" }),
      (table) => table.delete(key("a")),
      (table) => table.putTogether([{ item: key("a"), condition: { text: "attribute_exists(#x)" } }]),
      (table) => table.query({ where: { text: "#namespace = :a", values: { a: "web" } } }).next(),
      (table) => table.scan().next(),
    ];
    for (const call of calls) {
      await expect(call(open([thrown]).table)).rejects.toMatchObject({ name: error, ...(reason && { reason }) });
    }
  });

  it("says what to do about a missing right, in the service's own words", async () => {
    const { table } = open([sdkError("AccessDeniedException")]);
    await expect(table.get(key("a"))).rejects.toMatchObject({
      message: "State: AccessDeniedException: the service's own words",
      fix: expect.stringMatching(/^Give this role the permission/),
    });
  });
});

describe("a refused condition", () => {
  const put = { item: key("a"), condition: { text: "attribute_exists(#x)" } };
  const cancelled = (...Codes: string[]) =>
    sdkError("TransactionCanceledException", { CancellationReasons: Codes.map((Code) => ({ Code })) });

  it("is an answer, with the item in the way where it was asked for", async () => {
    const refused = sdkError("ConditionalCheckFailedException", { Item: { owner: { S: "other" } } });
    const { table, calls } = open([refused, sdkError("ConditionalCheckFailedException")]);
    expect(await table.put(put.item, put.condition, "refusing")).toEqual({ saved: false, item: { owner: "other" } });
    expect(calls[0]?.input.ReturnValuesOnConditionCheckFailure).toBe("ALL_OLD");
    expect(await table.delete(put.item, put.condition)).toEqual({ saved: false, item: undefined });
  });

  it("in a transaction, or a row in another transaction, is a lost race", async () => {
    for (const code of ["ConditionalCheckFailed", "TransactionConflict"]) {
      const { table } = open([cancelled("None", code)]);
      expect(await table.putTogether([put, put])).toEqual({ saved: false });
    }
    const { table } = open([sdkError("TransactionConflictException")]);
    expect(await table.put(put.item, put.condition)).toEqual({ saved: false, item: undefined });
  });

  it("does not hide that a transaction was throttled or wrong", async () => {
    const throttled = open([cancelled("None", "ThrottlingError")]).table.putTogether([put]);
    await expect(throttled).rejects.toMatchObject({ name: "UnavailableError" });
    const wrong = open([cancelled("ValidationError")]).table.putTogether([put]);
    await expect(wrong).rejects.toMatchObject({ name: "TransactionCanceledException" });
  });
});

describe("a row that is none", () => {
  const state = (stored: object) => {
    const { client } = dynamoStub([{ Item: stored }]);
    return dynamoState({ client, table: "t", clock: { now: () => new Date(0) } });
  };

  it("is an error that names it and what is wrong", async () => {
    const row = { namespace: { S: "web" }, resource: { S: "Certificate/www" }, schema: { N: "1" } };
    await expect(state(row).certificate(certificateKey())).rejects.toThrow(
      /^State holds a row it does not understand: web Certificate\/www: .*specHash: .*/,
    );
    await expect(state({ ...row, resource: { S: "Issuer/le" } }).issuer(certificateKey())).rejects.toThrow("Issuer/le");
  });

  it("is handed on when a later release wrote it", async () => {
    const row = {
      namespace: { S: "web" },
      resource: { S: "Certificate/www" },
      schema: { N: "2" },
      ready: { S: "yes" },
    };
    expect(await state(row).certificate(certificateKey())).toMatchObject({
      key: newCertificate().key,
      schema: 2,
      ready: "yes",
    });
  });
});
