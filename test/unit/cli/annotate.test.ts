import { isDeepStrictEqual } from "node:util";
import { GetItemCommand, type UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { testAnnotator } from "../../contract/annotator.ts";

/** One item, with the two calls that the annotator makes and DynamoDB's rule for its condition. */
testAnnotator("a table in memory", () => {
  let item: Record<string, unknown> | undefined;
  const send = async (command: GetItemCommand | UpdateItemCommand) => {
    if (command instanceof GetItemCommand) return { Item: item && marshall(item) };
    const { ConditionExpression = "", ExpressionAttributeValues = {} } = command.input;
    const values = unmarshall(ExpressionAttributeValues);
    const same = ConditionExpression.includes("attribute_not_exists(#metadata)")
      ? item?.metadata === undefined
      : isDeepStrictEqual(item?.metadata, values[":before"]);
    if (!(ConditionExpression.includes("attribute_exists(#resource)") && item && same))
      throw Object.assign(new Error("The conditional request failed"), { name: "ConditionalCheckFailedException" });
    item = { ...item, metadata: values[":after"] };
    return {};
  };
  return {
    client: { send } as never,
    table: "certwright-requests",
    write: async (written) => {
      item = written;
    },
    read: async () => item,
  };
});
