import { openTexts } from "../../core/map-text.ts";
import type { Requests, StoredRequest } from "../../core/ports.ts";
import type { ResourceKey } from "../../core/resource.ts";
import { idOf, parseKey, resourceOf } from "../../core/resource.ts";

/** Requests in memory. `plant` writes what the port would not: any sort key, any attributes, as a user with put-item can. */
export interface MemoryRequests extends Requests {
  plant(namespace: string, resource: string, item: Partial<Omit<StoredRequest, "key">>): void;
}

const pageSize = 100;

/** An empty table; every method works on copies. */
export function memoryRequests(): MemoryRequests {
  const rows = new Map<string, Row>();
  const find = (key: ResourceKey) => requestOf(rows.get(idOf(key)));
  return {
    plant: (namespace, resource, item) => {
      rows.set(`${namespace}/${resource}`, { namespace, resource, item: structuredClone(item) });
    },
    get: async (key) => opened(find(key)),
    getMany: async (keys) => {
      const found = await allOpened(keys.map(find));
      return new Map(found.map((request) => [idOf(request.key), request]));
    },
    put: async ({ key, ...item }) => {
      // Through JSON, because undefined fields do not reach the table.
      rows.set(idOf(key), {
        namespace: key.namespace,
        resource: resourceOf(key),
        item: JSON.parse(JSON.stringify(item)),
      });
    },
    delete: async (key) => {
      rows.delete(idOf(key));
    },
    scan: async function* () {
      const all = [...rows.values()];
      for (let start = 0; start < all.length; start += pageSize) {
        const page = all.slice(start, start + pageSize);
        yield {
          requests: await allOpened(page.map(requestOf)),
          unknown: page
            .filter((row) => requestOf(row) === undefined)
            .map(({ namespace, resource }) => ({ namespace, resource })),
        };
      }
    },
    list: async (namespace, kind) =>
      allOpened(
        [...rows.values()]
          .filter((row) => row.namespace === namespace && (!kind || row.resource.startsWith(`${kind}/`)))
          .sort((one, other) => (one.resource < other.resource ? -1 : 1))
          .map(requestOf),
      ),
  };
}

async function opened(request: StoredRequest | undefined): Promise<StoredRequest | undefined> {
  await openTexts(request?.spec, request?.metadata);
  return request;
}

async function allOpened(requests: (StoredRequest | undefined)[]): Promise<StoredRequest[]> {
  return (await Promise.all(requests.map(opened))).filter((request) => request !== undefined);
}

interface Row {
  namespace: string;
  resource: string;
  item: Partial<Omit<StoredRequest, "key">>;
}

function requestOf(row: Row | undefined): StoredRequest | undefined {
  const key = row && parseKey(row.namespace, row.resource);
  if (!key) return undefined;
  const { apiVersion, metadata, spec } = structuredClone(row.item);
  return { key, apiVersion, metadata, spec };
}
