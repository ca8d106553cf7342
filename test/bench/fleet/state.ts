import type { Item, ItemKey } from "../../../adapters/aws/dynamo/expressions.ts";
import { keysIn } from "../../../adapters/aws/dynamo/expressions.ts";
import type { Table } from "../../../adapters/aws/dynamo/table.ts";
import { answerRows } from "../../../adapters/aws/state/answers.ts";
import { attemptRows } from "../../../adapters/aws/state/attempts.ts";
import { besideAttempts, sealedKeys } from "../../../adapters/aws/state/beside.ts";
import { recordClaims, secretClaims } from "../../../adapters/aws/state/claims.ts";
import { dueRows } from "../../../adapters/aws/state/due.ts";
import { eventRows } from "../../../adapters/aws/state/events.ts";
import { kubernetesRows } from "../../../adapters/aws/state/kubernetes.ts";
import { ledger } from "../../../adapters/aws/state/ledger.ts";
import { resourceRows } from "../../../adapters/aws/state/resources.ts";
import { revocationRows } from "../../../adapters/aws/state/revocations.ts";
import type { Clock, Requests, State, StoredRequest } from "../../../core/ports.ts";
import { idOf, parseKey, type ResourceKey, resourceOf } from "../../../core/resource.ts";

/** The product's own State, row by row as adapters/aws/state writes it, on another table than DynamoDB's. */
export function fleetState(table: Table, clock: Clock): State {
  return {
    ...resourceRows(table),
    ...attemptRows(table),
    ...besideAttempts(table, clock),
    ...sealedKeys(table, clock),
    ...recordClaims(table, clock),
    ...answerRows(table, clock),
    ...secretClaims(table),
    ...ledger(table),
    ...dueRows(table),
    ...eventRows(table),
    ...kubernetesRows(table),
    ...revocationRows(table),
  };
}

/** Requests with the calls of adapters/aws/requests.ts. */
export function fleetRequests(table: Table): Requests {
  return {
    get: async (key) => {
      const item = await table.get(keyOf(key));
      return item && requestOf(item);
    },
    getMany: async (keys) => byId((await table.getMany(keys.map(keyOf))).flatMap((item) => requestOf(item) ?? [])),
    put: async ({ key, ...object }) => {
      await table.put({ ...keyOf(key), ...object });
    },
    delete: async (key) => {
      await table.delete(keyOf(key));
    },
    scan: async function* () {
      for await (const page of table.scan())
        yield { requests: page.flatMap((item) => requestOf(item) ?? []), unknown: [] };
    },
    list: () => Promise.reject(new Error("no function of the pipeline lists requests")),
  };
}

function keyOf(key: ResourceKey): ItemKey {
  return { namespace: key.namespace, resource: resourceOf(key) };
}

function requestOf(item: Item): StoredRequest | undefined {
  const { namespace, resource } = keysIn(item);
  const key = parseKey(namespace, resource);
  return key && { key, apiVersion: item.apiVersion, metadata: item.metadata, spec: item.spec };
}

function byId(requests: StoredRequest[]): Map<string, StoredRequest> {
  return new Map(requests.map((request) => [idOf(request.key), request]));
}
