import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { CreateSecretCommand, PutSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { createKubernetesClient, kubeconfigOf } from "../../local/kubernetes/client.ts";
import { type LocalCluster, startCluster } from "../../local/kubernetes/cluster.ts";
import { auditedRequests } from "../support/kubernetes/audit.ts";
import { mirrorRole } from "../support/kubernetes/mirror-role.ts";
import { type Bench, certificate, instance, put, untilReady } from "./bench-stack.ts";
import type { BenchReport } from "./budgets.ts";

const count = 200;
const namespace = "bench-mirrored";
const user = "certwright";

/**
 * 200 certificates for three real clusters: one answers, one is down, one gets credentials that have expired. From the
 * CreateSecret of each, by the proxy, to its first PATCH in the cluster that answers, by that one's audit log.
 */
export async function mirrored(bench: Bench): Promise<BenchReport["mirrored"]> {
  const clusters: LocalCluster[] = [];
  const start = async (name: string): Promise<LocalCluster> => {
    const { folder } = bench.stack;
    const cluster = await startCluster(name, { folder: join(folder, "tmp", "kubernetes", name), logs: folder });
    clusters.push(cluster);
    await welcome(bench, cluster);
    return cluster;
  };
  try {
    const fine = await start("fine");
    const down = await start("down");
    const expired = await start("expired");
    for (const cluster of clusters) await untilReadyCluster(bench, cluster.name);
    await down.down();
    await storeCredentials(bench, expired, { validSeconds: -60 });
    bench.stack.recorder.clear();
    const names = Array.from({ length: count }, (_, index) => `m-${index}`);
    await Promise.all(names.map((name) => put(bench, certificate(name, "pebble", namespace))));
    const seconds = await untilReady(bench, namespace, count, 200, 500);
    const worstSeconds = await worstLag(bench, fine);
    bench.tell(
      `${count} for three clusters: Ready after ${seconds.toFixed(1)} s, in the healthy one ${worstSeconds} s`,
    );
    return { worstSeconds };
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  }
}

/** Its namespace, our rights and credentials there, and the Cluster that takes all of that namespace. */
async function welcome(bench: Bench, cluster: LocalCluster): Promise<void> {
  const admin = createKubernetesClient(cluster.admin);
  await admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await admin.applyYaml(mirrorRole(namespace, user));
  await storeCredentials(bench, cluster);
  await put(bench, {
    apiVersion: "certwright.dev/v1",
    kind: "Cluster",
    metadata: { name: cluster.name },
    spec: {
      auth: { kubeconfigSecretRef: { name: cluster.name, key: "config" } },
      selector: { namespaces: [namespace] },
      requestsPerSecond: 100,
    },
  });
}

async function storeCredentials({ clients }: Bench, cluster: LocalCluster, wish: { validSeconds?: number } = {}) {
  const value = JSON.stringify({ config: kubeconfigOf(await cluster.user({ name: user, ...wish })) });
  const Name = `${instance}/_cluster/${cluster.name}`;
  const isFirst = wish.validSeconds === undefined;
  await (isFirst
    ? clients.secrets.send(new CreateSecretCommand({ Name, SecretString: value }))
    : clients.secrets.send(new PutSecretValueCommand({ SecretId: Name, SecretString: value })));
}

async function untilReadyCluster({ clients }: Bench, name: string): Promise<void> {
  const Key = { namespace: { S: "_cluster" }, resource: { S: `Cluster/${name}` } };
  for (let round = 0; round < 300; round += 1) {
    const { Item } = await clients.dynamo.send(new GetItemCommand({ TableName: `${instance}-state`, Key }));
    if (Item?.ready?.M?.status?.S === "True") return;
    await sleep(100);
  }
  throw new Error(`the cluster ${name} is not Ready after 30 s`);
}

async function worstLag({ stack }: Bench, fine: LocalCluster): Promise<number> {
  const stored = new Map<string, number>();
  for (const { at, parameters } of stack.recorder.list({ service: "secretsmanager", action: "CreateSecret" }))
    stored.set(
      String((parameters as { Name?: string }).Name)
        .split("/")
        .at(-1) ?? "",
      at,
    );
  for (let round = 0; round < 120; round += 1) {
    const written = await firstPatches(fine);
    if (written.size >= count)
      return Math.max(
        ...[...written].map(([name, at]) => Math.round((at - (stored.get(name) ?? Number.NaN)) / 100) / 10),
      );
    await sleep(500);
  }
  throw new Error(`not all ${count} are in the healthy cluster a minute after they were Ready`);
}

async function firstPatches({ admin, auditFile }: LocalCluster): Promise<Map<string, number>> {
  const written = new Map<string, number>();
  for (const { user: who, verb, name = "", at, code } of await auditedRequests(
    auditFile,
    createKubernetesClient(admin),
  ))
    if (who === user && verb === "patch" && code < 300 && !written.has(name)) written.set(name, at);
  return written;
}
