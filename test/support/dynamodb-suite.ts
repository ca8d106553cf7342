import { randomUUID } from "node:crypto";
import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { dynamoRequests } from "../../adapters/aws/requests.ts";
import { dynamoState } from "../../adapters/aws/state.ts";
import { testAnnotator } from "../contract/annotator.ts";
import { testRequests } from "../contract/requests.ts";
import { testState } from "../contract/state.ts";
import { createTables } from "./create-tables.ts";

/** Runs what State, Requests and the command line's annotator promise against a DynamoDB at `endpoint`; every test has tables of its own. */
export function testDynamoDb(name: string, endpoint: () => string): void {
  testState(name, async () => {
    const { client, state } = await newTables(endpoint());
    return dynamoState({ client, table: state, clock: { now: () => new Date() } });
  });
  testRequests(name, async () => {
    const { client, requests } = await newTables(endpoint());
    const plant = async (namespace: string, resource: string, item: object) => {
      const Item = marshall({ namespace, resource, ...item }, { allowImpreciseNumbers: true });
      await client.send(new PutItemCommand({ TableName: requests, Item }));
    };
    return { requests: dynamoRequests({ client, table: requests }), plant };
  });
  testAnnotator(name, async () => {
    const { client, requests: table } = await newTables(endpoint());
    const Key = marshall({ namespace: "default", resource: "Certificate/web" });
    return {
      client,
      table,
      write: async (item) => {
        if (item) await client.send(new PutItemCommand({ TableName: table, Item: marshall(item) }));
        else await client.send(new DeleteItemCommand({ TableName: table, Key }));
      },
      read: async () => {
        const { Item } = await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }));
        return Item && unmarshall(Item);
      },
    };
  });
}

/** A client for a DynamoDB that checks no credentials. */
function localClient(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  return new DynamoDBClient({ endpoint, region: "eu-central-1", credentials });
}

async function newTables(endpoint: string) {
  const client = localClient(endpoint);
  const names = { requests: `requests-${randomUUID()}`, state: `state-${randomUUID()}` };
  await createTables(client, names);
  return { client, ...names };
}
