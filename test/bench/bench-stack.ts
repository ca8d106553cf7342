import { GetItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { GetExecutionHistoryCommand, type HistoryEvent, ListExecutionsCommand } from "@aws-sdk/client-sfn";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { type Clients, createClients } from "../../local/clients.ts";
import { deploy } from "../../local/deploy.ts";
import { type Manifest, putRequest } from "../../local/requests.ts";
import { pebbleIssuer, seed, zoneName } from "../../local/seed.ts";
import { type Stack, startStack } from "../../local/stack.ts";

export const instance = "certwright";
const machine = "stateMachine:certwright-issue-certificates";

export interface Bench {
  stack: Stack;
  clients: Clients;
  tell(line: string): void;
}

/** A deployed stack with its zone and issuers. */
export async function openBench(
  tell: (line: string) => void,
  lambdaEnvironment: Record<string, string>,
): Promise<Bench> {
  const stack = await startStack({ onTrouble: tell, lambdaEnvironment });
  const clients = createClients(stack.emulatorEndpoint, stack.region);
  await deploy(stack, { instance, tell });
  await seed(stack, clients, instance);
  const bench = { stack, clients, tell };
  await issuersReady(bench, ["pebble", "pebble-two-minutes"]);
  return bench;
}

/** Waits for the seeded issuers, whose accounts would count as somebody else's requests. */
async function issuersReady({ clients }: Bench, names: string[]): Promise<void> {
  for (const name of names) {
    const Key = { namespace: { S: "_cluster" }, resource: { S: `ClusterIssuer/${name}` } };
    for (let round = 0; ; round += 1) {
      const { Item } = await clients.dynamo.send(new GetItemCommand({ TableName: `${instance}-state`, Key }));
      if (Item?.ready?.M?.status?.S === "True") break;
      if (round > 300) throw new Error(`issuer ${name} is not Ready after 30 s`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** A Certificate of one fresh name; ECDSA, so that key making is not what is measured. */
export function certificate(name: string, issuer = "pebble", namespace = "bench"): Manifest {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace },
    spec: {
      secretName: `${name}-tls`,
      dnsNames: [`${name}.${zoneName}`],
      issuerRef: { name: issuer, kind: "ClusterIssuer" },
      privateKey: { algorithm: "ECDSA" },
    },
  };
}

export async function put({ clients }: Bench, manifest: Manifest): Promise<void> {
  await putRequest(clients.dynamo, `${instance}-requests`, manifest);
}

export async function putIssuer(bench: Bench, name: string): Promise<void> {
  await put(bench, pebbleIssuer(bench.stack.acme, name, "default"));
}

/** Ready's status and reason of every Certificate of a namespace, by name; read as a tenant would. */
export async function readiness(
  { clients }: Bench,
  namespace: string,
): Promise<Map<string, { status: string; reason: string }>> {
  const found = new Map<string, { status: string; reason: string }>();
  let start: Record<string, unknown> | undefined;
  do {
    const page = await clients.dynamo.send(
      new QueryCommand({
        TableName: `${instance}-state`,
        KeyConditionExpression: "#n = :n AND begins_with(#r, :r)",
        FilterExpression: "attribute_exists(#ready)",
        ExpressionAttributeNames: { "#n": "namespace", "#r": "resource", "#ready": "ready" },
        ExpressionAttributeValues: { ":n": { S: namespace }, ":r": { S: "Certificate/" } },
        ...(start ? { ExclusiveStartKey: start as never } : {}),
      }),
    );
    for (const item of page.Items ?? []) {
      const row = unmarshall(item) as { resource: string; ready: { status: string; reason: string } };
      found.set(row.resource.replace("Certificate/", ""), row.ready);
    }
    start = page.LastEvaluatedKey;
  } while (start);
  return found;
}

/** Waits until so many Certificates of a namespace are Ready; answers the seconds it took. */
export async function untilReady(
  bench: Bench,
  namespace: string,
  count: number,
  withinSeconds: number,
  everyMs = 50,
): Promise<number> {
  const began = performance.now();
  for (;;) {
    const rows = [...(await readiness(bench, namespace)).values()];
    const ready = rows.filter(({ status }) => status === "True").length;
    const seconds = (performance.now() - began) / 1_000;
    if (ready >= count) return seconds;
    if (seconds > withinSeconds) {
      const others = rows.filter(({ status }) => status !== "True").map(({ reason }) => reason);
      throw new Error(
        `${ready} of ${count} Ready after ${withinSeconds} s; the others: ${[...new Set(others)].join(", ")}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/**
 * The same by single reads of the one that is looked for next, as `certwright wait` does: a Query over all rows of 100
 * certificates every 50 ms takes the emulator's one core away from what is measured.
 */
export async function untilEachReady(
  { clients }: Bench,
  namespace: string,
  names: string[],
  withinSeconds: number,
): Promise<void> {
  const end = performance.now() + withinSeconds * 1_000;
  for (const name of names) {
    const Key = { namespace: { S: namespace }, resource: { S: `Certificate/${name}` } };
    for (;;) {
      const { Item } = await clients.dynamo.send(new GetItemCommand({ TableName: `${instance}-state`, Key }));
      if (Item?.ready?.M?.status?.S === "True") break;
      if (performance.now() > end) throw new Error(`${name} is not Ready: ${Item?.ready?.M?.reason?.S ?? "no status"}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}

/** The states that executions started since then entered, each as AWS bills it; waits for them to end. */
export async function statesEntered(
  { clients, stack }: Bench,
  since: Date,
): Promise<{ executions: number; entered: number }> {
  const stateMachineArn = `arn:aws:states:${stack.region}:${stack.account}:${machine}`;
  for (let round = 0; round < 200; round += 1) {
    const { executions = [] } = await clients.steps.send(
      new ListExecutionsCommand({ stateMachineArn, maxResults: 1_000 }),
    );
    const mine = executions.filter(({ startDate }) => (startDate?.getTime() ?? 0) >= since.getTime());
    if (mine.every(({ status }) => status !== "RUNNING")) {
      const histories = await Promise.all(mine.map(({ executionArn = "" }) => historyOf(clients, executionArn)));
      const entered = histories.flat().filter((event) => event.stateEnteredEventDetails !== undefined).length;
      return { executions: mine.length, entered };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("executions did not end within 20 s");
}

async function historyOf(clients: Clients, executionArn: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await clients.steps.send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000, ...(nextToken ? { nextToken } : {}) }),
    );
    events.push(...(page.events ?? []));
    nextToken = page.nextToken;
  } while (nextToken);
  return events;
}
