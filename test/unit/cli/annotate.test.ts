import { GetItemCommand, type UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { beforeEach, describe, expect, it } from "vitest";
import { annotator } from "../../../cli/annotate.ts";
import { keyOf, specOf } from "./world.ts";

/** One item, with the two calls that the annotator makes and DynamoDB's rule for its condition. */
let item: Record<string, unknown> | undefined;
let between: () => void;
const send = async (command: GetItemCommand | UpdateItemCommand) => {
  if (command instanceof GetItemCommand) return { Item: item && marshall(item) };
  between();
  const { ConditionExpression = "", ExpressionAttributeValues = {} } = command.input;
  const values = unmarshall(ExpressionAttributeValues);
  const same = ConditionExpression.includes("attribute_not_exists(#metadata)")
    ? item?.metadata === undefined
    : JSON.stringify(item?.metadata) === JSON.stringify(values[":before"]);
  if (!(ConditionExpression.includes("attribute_exists(#resource)") && item && same))
    throw Object.assign(new Error("The conditional request failed"), { name: "ConditionalCheckFailedException" });
  item = { ...item, metadata: values[":after"] };
  return {};
};
const annotate = annotator({ client: { send } as never, table: "certwright-requests" });

beforeEach(() => {
  item = { namespace: "default", resource: "Certificate/web", apiVersion: "cert-manager.io/v1", spec: specOf("web") };
  between = () => undefined;
});

describe("annotate", () => {
  it.each([
    ["no metadata", undefined, { annotations: { a: "b" } }],
    ["an empty one", {}, { annotations: { a: "b" } }],
    ["labels", { labels: { c: "d" } }, { labels: { c: "d" }, annotations: { a: "b" } }],
    ["annotations", { annotations: { a: "old", e: "f" } }, { annotations: { a: "b", e: "f" } }],
    ["text of YAML", "labels: {c: d}", { labels: { c: "d" }, annotations: { a: "b" } }],
    ["text of JSON", '{"annotations":{"e":"f"}}', { annotations: { e: "f", a: "b" } }],
    ["an empty text", "", { annotations: { a: "b" } }],
  ])("sets one annotation of a request with %s", async (_, before, after) => {
    if (before !== undefined) item = { ...item, metadata: before };
    expect(await annotate(keyOf("web"), "a", "b")).toBe(true);
    expect(item).toMatchObject({ spec: specOf("web"), metadata: after });
  });

  it("does not bring back a request that is gone", async () => {
    item = undefined;
    expect(await annotate(keyOf("web"), "a", "b")).toBe(false);
    expect(item).toBeUndefined();
  });

  it("does not bring back a request that goes between read and write", async () => {
    between = () => {
      item = undefined;
    };
    expect(await annotate(keyOf("web"), "a", "b")).toBe(false);
    expect(item).toBeUndefined();
  });

  it("keeps what somebody else writes between read and write", async () => {
    let writes = 0;
    between = () => {
      if (writes++ === 0) item = { ...item, spec: "theirs", metadata: { labels: { their: "s" } } };
    };
    expect(await annotate(keyOf("web"), "a", "b")).toBe(true);
    expect(item).toMatchObject({ spec: "theirs", metadata: { labels: { their: "s" }, annotations: { a: "b" } } });
  });

  it("gives up when somebody writes without end", async () => {
    let writes = 0;
    between = () => {
      item = { ...item, metadata: { labels: { n: String(writes++) } } };
    };
    await expect(annotate(keyOf("web"), "a", "b")).rejects.toThrow("is being written by somebody else");
  });

  it.each([["- a list"], ["{broken"], [{ annotations: "text" }]])(
    "refuses metadata that is no map: %j",
    async (metadata) => {
      item = { ...item, metadata };
      await expect(annotate(keyOf("web"), "a", "b")).rejects.toThrow(
        "the metadata of default/Certificate/web is not a map",
      );
      expect(item?.metadata).toEqual(metadata);
    },
  );
});
