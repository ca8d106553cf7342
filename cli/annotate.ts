import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { openTable } from "../adapters/aws/dynamo/table.ts";
import { isMap } from "../core/field-reader.ts";
import { openTexts, readMap } from "../core/map-text.ts";
import { idOf, type ResourceKey, resourceOf } from "../core/resource.ts";
import { Failure } from "./failure.ts";

const tries = 5;

/**
 * Sets one annotation in `metadata` of a request: a compare-and-swap on that attribute, so an edit of the spec at the same
 * moment stays and a request that was deleted does not come back. Answers false when the request does not exist.
 */
export function annotator({ client, table }: { client: DynamoDBClient; table: string }) {
  const items = openTable({ client, table, called: "Requests" });
  return async (key: ResourceKey, annotation: string, value: string): Promise<boolean> => {
    const itemKey = { namespace: key.namespace, resource: resourceOf(key) };
    for (let round = 0; round < tries; round++) {
      const item = await items.get(itemKey);
      if (!item) return false;
      const before = item.metadata;
      await openTexts(before);
      const after = annotated(before, annotation, value, key);
      const same = before === undefined ? "attribute_not_exists(#metadata)" : "#metadata = :before";
      const change = { text: "SET #metadata = :after", values: { after } };
      const text = `attribute_exists(#resource) AND ${same}`;
      const condition = before === undefined ? { text } : { text, values: { before } };
      if ((await items.update(itemKey, change, condition)).saved) return true;
    }
    throw new Failure(`${idOf(key)} is being written by somebody else`, "Try again.");
  };
}

function annotated(metadata: unknown, annotation: string, value: string, key: ResourceKey): object {
  const read = readMap(metadata || {}, "metadata");
  const map = "map" in read ? read.map : undefined;
  const annotations = map?.annotations ?? {};
  if (map && isMap(annotations)) return { ...map, annotations: { ...annotations, [annotation]: value } };
  throw new Failure(`the metadata of ${idOf(key)} is not a map`, "Apply the object again with correct metadata.");
}
