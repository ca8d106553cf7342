import { CreateTableCommand, type DynamoDBClient, UpdateTimeToLiveCommand } from "@aws-sdk/client-dynamodb";
import { type IndexShape, requestsTable, stateTable, type TableShape } from "../../core/tables.ts";

/** Creates both tables as cdk/ does, on demand; answers when they can be used. */
export async function createTables(client: DynamoDBClient, names: { requests: string; state: string }): Promise<void> {
  await createTable(client, names.requests, requestsTable);
  await createTable(client, names.state, stateTable);
}

async function createTable(client: DynamoDBClient, TableName: string, shape: TableShape): Promise<void> {
  const keys = [shape, ...shape.indexes].flatMap(({ partitionKey, sortKey }) => [partitionKey, sortKey]);
  const indexes = shape.indexes.map((index) => ({ IndexName: index.name, ...keySchema(index), ...projection(index) }));
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      ...keySchema(shape),
      AttributeDefinitions: keys.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
      ...(indexes.length > 0 && { GlobalSecondaryIndexes: indexes }),
    }),
  );
  if (!shape.timeToLive) return;
  const TimeToLiveSpecification = { AttributeName: shape.timeToLive, Enabled: true };
  await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
}

function keySchema({ partitionKey, sortKey }: Pick<TableShape, "partitionKey" | "sortKey">) {
  return {
    KeySchema: [
      { AttributeName: partitionKey.name, KeyType: "HASH" as const },
      { AttributeName: sortKey.name, KeyType: "RANGE" as const },
    ],
  };
}

function projection({ include }: IndexShape) {
  if (include.length === 0) return { Projection: { ProjectionType: "KEYS_ONLY" as const } };
  return { Projection: { ProjectionType: "INCLUDE" as const, NonKeyAttributes: include } };
}
