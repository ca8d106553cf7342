import { describe, expect, it } from "vitest";
import { dynamoState } from "../../../../../adapters/aws/state.ts";
import { dynamoStub, sdkError } from "../../../../support/dynamo-stub.ts";
import { attemptRefOf } from "../../../../support/realistic-rows.ts";

const record = { name: "_acme-challenge.example.com", value: "v" };
const refused = () => sdkError("ConditionalCheckFailedException");

function stubbed(answers: (object | Error)[]) {
  const { client, calls } = dynamoStub(answers);
  return { calls, state: dynamoState({ client, table: "t", clock: { now: () => new Date(0) } }) };
}

describe("releaseRecord when others change the claims meanwhile", () => {
  it("looks again, so that the one who leaves last hears it", async () => {
    const { state, calls } = stubbed([refused(), refused()]);
    expect(await state.releaseRecord(record, attemptRefOf(1))).toEqual({ last: true });
    expect(calls.map(({ name }) => name)).toEqual(["DeleteItemCommand", "UpdateItemCommand", "DeleteItemCommand"]);
  });

  it("gives up after ten lost races", async () => {
    const { state, calls } = stubbed(Array.from({ length: 30 }, refused));
    const released = state.releaseRecord(record, attemptRefOf(1));
    await expect(released).rejects.toMatchObject({ name: "UnavailableError", reason: "StateUnavailable" });
    expect(calls).toHaveLength(20);
  });
});
