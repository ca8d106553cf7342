import { describe, expect, it } from "vitest";
import { askForUnits } from "../../../local/capacity.ts";

const ask = (action: string, asked: object, headers: Record<string, string> = {}) => {
  const request = {
    method: "POST",
    path: "/",
    headers,
    body: Buffer.from(JSON.stringify(asked)),
    abandoned: () => false,
  };
  const changed = askForUnits(request, action)?.request.body.toString("utf8");
  return changed && JSON.parse(changed);
};

describe("the units of a call to DynamoDB", () => {
  it("are asked for by one more field", () => {
    expect(ask("GetItem", { TableName: "t" })).toEqual({ TableName: "t", ReturnConsumedCapacity: "TOTAL" });
  });

  it.each([
    ["an action that has none", "DescribeTable", {}, {}],
    ["a caller who asks himself", "GetItem", { ReturnConsumedCapacity: "INDEXES" }, {}],
    ["a session, whose signature covers the body", "GetItem", {}, { "x-amz-security-token": "token" }],
  ])("are not asked for from %s", (_title, action, asked, headers) => {
    expect(ask(action, asked, headers)).toBeUndefined();
  });
});
