import type { Call } from "../../local/calls.ts";
import type { IamRequest } from "./iam-engine.ts";
import type { Place } from "./iam-template.ts";

type Key = Record<string, Record<string, string>>;

interface OneItem {
  TableName: string;
  Key?: Key;
  Item?: Key;
  IndexName?: string;
  KeyConditionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Key;
}

interface Recorded extends OneItem {
  RequestItems?: Record<string, { Keys: Key[] }>;
  TransactItems?: Record<string, OneItem>[];
}

/** The action that each part of a transaction is weighed as. */
const partsOfTransaction: Record<string, string> = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
};

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html */
export function dynamoRequests(call: Call, place: Place): IamRequest[] {
  const asked = call.parameters as Recorded;
  if (asked.RequestItems) {
    return Object.entries(asked.RequestItems).map(([table, { Keys }]) => itemRequest(place, call.action, table, Keys));
  }
  if (asked.TransactItems) {
    return asked.TransactItems.flatMap((part) => Object.entries(part)).map(([verb, item]) => {
      const request = itemRequest(place, partsOfTransaction[verb] ?? verb, item.TableName, [
        item.Key ?? item.Item ?? {},
      ]);
      return { ...request, context: { ...request.context, "dynamodb:EnclosingOperation": call.action } };
    });
  }
  if (call.action === "Query" || call.action === "Scan") return [listRequest(place, call.action, asked)];
  return [itemRequest(place, call.action, asked.TableName, [asked.Key ?? asked.Item ?? {}])];
}

function itemRequest(place: Place, verb: string, table: string, keys: Key[]): IamRequest {
  const leading = keys.map(({ namespace }) => namespace?.S ?? "");
  if (leading.includes("")) throw new Error(`${verb} on ${table} without its partition key`);
  return request(place, verb, table, leading);
}

function listRequest(place: Place, verb: string, asked: OneItem): IamRequest {
  const path = asked.IndexName ? `${asked.TableName}/index/${asked.IndexName}` : asked.TableName;
  if (verb === "Scan") return request(place, verb, path, []);
  const [, value = ""] = /^#\w+ = (:\w+)/.exec(asked.KeyConditionExpression ?? "") ?? [];
  const partition = asked.ExpressionAttributeValues?.[value]?.S;
  if (!partition) throw new Error(`a Query without partition: ${asked.KeyConditionExpression}`);
  return request(place, verb, path, [partition]);
}

function request({ region, account }: Place, verb: string, path: string, leading: string[]): IamRequest {
  return {
    action: `dynamodb:${verb}`,
    resource: `arn:aws:dynamodb:${region}:${account}:table/${path}`,
    context: leading.length === 0 ? {} : { "dynamodb:LeadingKeys": [...new Set(leading)].sort() },
  };
}
