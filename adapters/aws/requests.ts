import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { openTexts } from "../../core/map-text.ts";
import type { Requests, StoredRequest } from "../../core/ports.ts";
import type { ResourceKey } from "../../core/resource.ts";
import { idOf, parseKey, resourceOf } from "../../core/resource.ts";
import type { Item, ItemKey } from "./dynamo/expressions.ts";
import { keysIn } from "./dynamo/expressions.ts";
import { openTable } from "./dynamo/table.ts";

/** The Requests table (core/tables.ts). What a user wrote is handed on as it lies there; validating it is the core's. */
export function dynamoRequests({ client, table }: { client: DynamoDBClient; table: string }): Requests {
  const items = openTable({ client, table, called: "Requests" });
  return {
    get: async (key) => {
      const item = await items.get(itemKey(key));
      return item && (await opened({ key, ...objectIn(item) }));
    },
    getMany: async (keys) => {
      const requests = await requestsOf(await items.getMany(keys.map(itemKey)));
      return new Map(requests.map((request) => [idOf(request.key), request]));
    },
    put: async ({ key, apiVersion, metadata, spec }) => {
      await items.put({ ...itemKey(key), apiVersion, metadata, spec });
    },
    delete: async (key) => {
      await items.delete(itemKey(key));
    },
    scan: async function* () {
      for await (const page of items.scan()) {
        yield {
          requests: await requestsOf(page),
          unknown: page.filter((item) => requestOf(item) === undefined).map(keysIn),
        };
      }
    },
    list: async (namespace, kind) => {
      const where = kind ? ofKind(namespace, kind) : { text: "#namespace = :namespace", values: { namespace } };
      const found: StoredRequest[] = [];
      for await (const page of items.query({ where })) {
        found.push(...(await requestsOf(page)));
      }
      return found;
    },
  };
}

function ofKind(namespace: string, kind: string) {
  const text = "#namespace = :namespace AND begins_with(#resource, :kind)";
  return { text, values: { namespace, kind: `${kind}/` } };
}

function itemKey(key: ResourceKey): ItemKey {
  return { namespace: key.namespace, resource: resourceOf(key) };
}

/** Those of our kinds. */
async function requestsOf(page: Item[]): Promise<StoredRequest[]> {
  return Promise.all(page.flatMap((item) => requestOf(item) ?? []).map(opened));
}

async function opened(request: StoredRequest): Promise<StoredRequest> {
  await openTexts(request.spec, request.metadata);
  return request;
}

function requestOf(item: Item): StoredRequest | undefined {
  const { namespace, resource } = keysIn(item);
  const key = parseKey(namespace, resource);
  return key && { key, ...objectIn(item) };
}

function objectIn({ apiVersion, metadata, spec }: Item): Omit<StoredRequest, "key"> {
  return { apiVersion, metadata, spec };
}
