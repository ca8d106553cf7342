import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { clusterNamespace, isClusterScoped, kinds } from "../core/resource.ts";

/** An object as its YAML says. */
export interface Manifest {
  apiVersion?: string;
  kind: string;
  metadata: { name: string; namespace?: string } & Record<string, unknown>;
  spec: unknown;
}

/** The key of an object in both tables. */
export function keyOf(manifest: Manifest): { namespace: string; resource: string } {
  const { kind, metadata } = manifest;
  const known = kinds.find((one) => one === kind);
  const namespace = known && isClusterScoped(known) ? clusterNamespace : (metadata.namespace ?? "default");
  return { namespace, resource: `${kind}/${metadata.name}` };
}

/** Writes an object to the Requests table, as a user's put-item would. */
export async function putRequest(dynamo: DynamoDBClient, table: string, manifest: Manifest): Promise<void> {
  const { apiVersion, metadata, spec } = manifest;
  const item = { ...keyOf(manifest), apiVersion, metadata, spec };
  await dynamo.send(new PutItemCommand({ TableName: table, Item: marshall(item, { removeUndefinedValues: true }) }));
}
