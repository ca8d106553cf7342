import { setTimeout as sleep } from "node:timers/promises";
import { paginateQuery, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { concurrently } from "../../../core/concurrently.ts";
import type { Clients } from "../../../local/clients.ts";
import { deploy } from "../../../local/deploy.ts";
import { type Manifest, putRequest } from "../../../local/requests.ts";
import { pebbleIssuer } from "../../../local/seed.ts";
import type { Stack } from "../../../local/stack.ts";
import { certificate } from "../../bench/bench-stack.ts";
import { bootStack } from "../boot-stack.ts";
import { expectCallsAllowed } from "../iam-weigh.ts";
import { connectStack } from "../stack.ts";
import type { Release } from "./version-tree.ts";

const instance = "certwright";
const tables = { requests: `${instance}-requests`, state: `${instance}-state` };
/** The namespace of all Certificates of these rows. */
const namespace = "versions";

/** An item of the State table. */
export interface StateItem {
  resource: string;
  schema?: number;
  ready?: { status: string; reason: string };
  revision?: number;
  /** What the next release writes (version-tree.ts). */
  release?: string;
  outcome?: { reason: string };
}

/** A stack of its own, whose release can be changed while it works. */
export interface VersionStack {
  stack: Stack;
  /** Deploys another release; without one that of this checkout. */
  deploy(release?: Release): Promise<void>;
  /** How long DNS takes from now on: what is ordered meanwhile stays in flight. */
  lag(seconds: number): void;
  /** Certificates `<prefix>-0` and up of the issuer `versions`; with `renewAt` they are asked to renew. */
  put(prefix: string, count: number, renewAt?: string): Promise<void>;
  /** The rows of the Certificates with this prefix. */
  certificates(prefix: string): Promise<StateItem[]>;
  /** Resolves when all with this prefix are Ready with this revision; throws what the slow ones say. */
  untilReady(prefix: string, count: number, revision?: number): Promise<void>;
  items(): Promise<StateItem[]>;
  /** Makes the rows of this namespace what an older release would have written. */
  asOlderRelease(): Promise<number>;
  /** Orders that Pebble made, by DNS name. */
  orders(): Map<string, number>;
  stop(): Promise<void>;
}

/** Boots it with this checkout's release deployed; sweeps come every ten seconds. */
export async function openVersionStack(): Promise<VersionStack> {
  const tell = (line: string) => void process.stderr.write(`versions: ${line}\n`);
  const { stack, facts, stop } = await bootStack("versions");
  const connected = connectStack(facts);
  try {
    const { clients } = connected;
    const issuer = pebbleIssuer(stack.acme, "versions", "default");
    const annotations = { "certwright.dev/rate-limits": '{"executions":"off"}' };
    await putRequest(clients.dynamo, tables.requests, { ...issuer, metadata: { name: "versions", annotations } });
    const items = () => itemsOf(clients);
    const certificates = async (prefix: string) => {
      const name = new RegExp(`^Certificate/${prefix}-\\d+$`);
      return (await items()).filter(({ resource }) => name.test(resource));
    };
    return {
      ...{ stack, items, certificates },
      deploy: (release) => deploy(stack, { instance, tell, ...(release && { app: release.app }) }),
      lag: (seconds) => {
        stack.zones.lagMs = seconds * 1_000;
      },
      put: (prefix, count, renewAt) => putMany(clients, prefix, count, renewAt),
      untilReady: (prefix, count, revision = 1) => untilReady(() => certificates(prefix), count, revision),
      asOlderRelease: () => asOlderRelease(clients, items),
      orders: () => ordersOf(stack),
      stop: () => expectCallsAllowed(connected).finally(stop),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function putMany({ dynamo }: Clients, prefix: string, count: number, renewAt?: string): Promise<void> {
  const manifests = Array.from({ length: count }, (_, index): Manifest => {
    const plain = certificate(`${prefix}-${index}`, "versions", namespace);
    const annotations = { "certwright.dev/renew-requested-at": renewAt };
    return renewAt === undefined ? plain : { ...plain, metadata: { ...plain.metadata, annotations } };
  });
  await concurrently(50, manifests, (manifest) => putRequest(dynamo, tables.requests, manifest));
}

async function itemsOf({ dynamo }: Clients): Promise<StateItem[]> {
  const asked = {
    TableName: tables.state,
    KeyConditionExpression: "#namespace = :namespace",
    ExpressionAttributeNames: { "#namespace": "namespace" },
    ExpressionAttributeValues: marshall({ ":namespace": namespace }),
  };
  const found: StateItem[] = [];
  for await (const { Items = [] } of paginateQuery({ client: dynamo }, asked)) {
    found.push(...Items.map((item) => unmarshall(item) as StateItem));
  }
  return found;
}

async function untilReady(read: () => Promise<StateItem[]>, count: number, revision: number): Promise<void> {
  for (const end = Date.now() + 240_000; ; ) {
    const rows = await read();
    const late = rows.filter(({ ready, revision: has = 0 }) => ready?.status !== "True" || has < revision);
    if (rows.length === count && late.length === 0) return;
    if (Date.now() > end)
      throw new Error(`${rows.length} of ${count} known; late: ${JSON.stringify(late.slice(0, 3))}`);
    await sleep(500);
  }
}

/** An older schema number, and none of the fields that came with it; rows change meanwhile, as they do during a deploy. */
async function asOlderRelease({ dynamo }: Clients, items: () => Promise<StateItem[]>): Promise<number> {
  const rows = (await items()).filter(({ schema, outcome }) => schema !== undefined && !outcome);
  const optional = ["stepEnded", "propagated", "recentIssuances", "nonce", "bugs", "lastFailureTime"];
  const names = Object.fromEntries(["schema", "outcome", ...optional].map((name) => [`#${name}`, name]));
  await concurrently(20, rows, async ({ resource }) => {
    const change = new UpdateItemCommand({
      TableName: tables.state,
      Key: marshall({ namespace, resource }),
      UpdateExpression: `SET #schema = :older REMOVE ${optional.map((name) => `#${name}`).join(", ")}`,
      ConditionExpression: "attribute_not_exists(#outcome)",
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: marshall({ ":older": 0 }),
    });
    await dynamo.send(change).catch(() => undefined);
  });
  return rows.length;
}

function ordersOf({ recorder }: Stack): Map<string, number> {
  const orders = new Map<string, number>();
  for (const { parameters } of recorder.list({ service: "acme", action: "newOrder", status: 201 })) {
    const { identifiers } = parameters as { identifiers: { value: string }[] };
    for (const { value } of identifiers) orders.set(value, (orders.get(value) ?? 0) + 1);
  }
  return orders;
}
