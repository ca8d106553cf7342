import { unmarshall } from "@aws-sdk/util-dynamodb";
import { describe, expect, it } from "vitest";
import { dynamoState } from "../../../../../adapters/aws/state.ts";
import type { State } from "../../../../../core/ports.ts";
import { dynamoStub } from "../../../../support/dynamo-stub.ts";
import { itemSize } from "../../../../support/item-size.ts";
import {
  busyCluster,
  newBundle,
  newCluster,
  newMirror,
  newPlacedBundle,
  newReload,
  newTarget,
} from "../../../../support/kubernetes-rows.ts";
import { noon } from "../../../../support/realistic-rows.ts";

const clock = { now: () => new Date(noon) };
const certificate = { namespace: "web", name: "www" };

async function called(call: (state: State) => Promise<unknown>) {
  const { client, calls } = dynamoStub([]);
  await call(dynamoState({ client, table: "certwright-state", clock }));
  return calls;
}

async function itemPut(put: (state: State) => Promise<unknown>) {
  const stored = (await called(put))[0]?.input.Item;
  return { stored, item: unmarshall(stored) };
}

describe("dynamoState: where the rows of Kubernetes lie", () => {
  it.each<[what: string, put: (state: State) => Promise<unknown>, namespace: string, resource: string]>([
    ["a Cluster", (state) => state.putCluster(newCluster()), "_cluster", "Cluster/prod-eu"],
    ["a Bundle", (state) => state.putBundle(newBundle()), "_cluster", "Bundle/roots"],
    ["a mirror", (state) => state.putMirror(newMirror()), "_cluster/prod-eu", "Mirror/web/www"],
    ["a reload", (state) => state.putReload(newReload()), "_cluster/prod-eu", "Reload/web/www"],
    ["a placed Bundle", (state) => state.putPlacedBundle(newPlacedBundle()), "_cluster/prod-eu", "Bundle/roots"],
    ["a target", (state) => state.putTarget(newTarget()), "web", "Certificate/www#cluster#prod-eu"],
  ])("%s", async (_, put, namespace, resource) => {
    const { item } = await itemPut(put);
    expect(item).toMatchObject({ namespace, resource });
    for (const inKey of ["key", "cluster", "certificate", "bundle"]) expect(item).not.toHaveProperty(inKey);
  });

  it("puts Clusters and Bundles that are due among the renewals, and nothing that lies in a cluster", async () => {
    const lane = async (put: (state: State) => Promise<unknown>) => (await itemPut(put)).item.dueLane;
    expect(await lane((state) => state.putCluster(newCluster({ dueAt: noon, lane: "new" })))).toMatch(/^renew#[0-7]$/);
    expect(await lane((state) => state.putBundle(newBundle()))).toMatch(/^renew#[0-7]$/);
    expect(await lane((state) => state.putCluster(newCluster()))).toBeUndefined();
    expect(await lane((state) => state.putMirror(newMirror()))).toBeUndefined();
  });
});

describe("dynamoState: how it asks for the rows of Kubernetes", () => {
  it("wakes by one update, a Cluster into the lane that its row has", async () => {
    const [put] = await called((state) => state.putCluster(newCluster({ dueAt: noon })));
    const updates = await called(async (state) => {
      await state.wakeCluster("prod-eu", clock.now());
      await state.wakeMirror("prod-eu", certificate, clock.now());
      await state.wakePlacedBundle("prod-eu", "roots", clock.now());
    });
    expect(updates.map(({ name }) => name)).toEqual(Array(3).fill("UpdateItemCommand"));
    expect(updates[0]?.input.ExpressionAttributeValues[":lane"]).toEqual(put?.input.Item.dueLane);
    expect(updates[1]?.input.ConditionExpression).toBeUndefined();
  });

  it("reads lists strongly consistent, a cluster's as a whole", async () => {
    const queries = await called(async (state) => {
      await state.clusters();
      await state.bundles();
      await state.clusterRows("prod-eu");
      await state.targetsOf(certificate);
    });
    expect(queries.every(({ name, input }) => name === "QueryCommand" && input.ConsistentRead === true)).toBe(true);
    expect(queries.map(({ input }) => unmarshall(input.ExpressionAttributeValues))).toEqual([
      { ":namespace": "_cluster", ":prefix": "Cluster/" },
      { ":namespace": "_cluster", ":prefix": "Bundle/" },
      { ":partition": "_cluster/prod-eu" },
      { ":namespace": "web", ":prefix": "Certificate/www#cluster#" },
    ]);
  });

  it("deletes a row of a cluster only as it was read, a target however it is", async () => {
    const deletes = await called(async (state) => {
      await state.deleteMirror(newMirror({ version: 4 }));
      await state.deleteReload(newReload({ version: 5 }));
      await state.deletePlacedBundle(newPlacedBundle({ version: 6 }));
      await state.deleteTarget(certificate, "prod-eu");
    });
    expect(deletes.map(({ input }) => input.ExpressionAttributeValues?.[":version"]?.N)).toEqual([
      "4",
      "5",
      "6",
      undefined,
    ]);
  });
});

describe("dynamoState: a row that is written often is one write unit (1,024 bytes)", () => {
  it.each<[what: string, put: (state: State) => Promise<unknown>]>([
    ["a mirror", (state) => state.putMirror(newMirror())],
    ["a target", (state) => state.putTarget(newTarget())],
    ["a placed Bundle", (state) => state.putPlacedBundle(newPlacedBundle())],
    ["a Cluster with an ordinary spec", (state) => state.putCluster(ordinaryCluster())],
  ])("%s", async (_, put) => {
    expect(itemSize((await itemPut(put)).stored)).toBeLessThanOrEqual(1_024);
  });
});

function ordinaryCluster() {
  const { lastError, deletedAt, spec, ...busy } = busyCluster();
  const { reload, caBundle, ...ordinary } = spec ?? expect.unreachable();
  return { ...busy, spec: ordinary };
}
