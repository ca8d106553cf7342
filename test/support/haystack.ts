import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  CloudWatchLogsClient,
  paginateDescribeLogGroups,
  paginateFilterLogEvents,
} from "@aws-sdk/client-cloudwatch-logs";
import { paginateScan } from "@aws-sdk/client-dynamodb";
import { paginateListFunctions } from "@aws-sdk/client-lambda";
import { ListHostedZonesCommand, ListResourceRecordSetsCommand } from "@aws-sdk/client-route-53";
import { DescribeExecutionCommand, paginateGetExecutionHistory, paginateListExecutions } from "@aws-sdk/client-sfn";
import { GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { concurrently } from "../../core/concurrently.ts";
import { messagesIn } from "./facts-queue.ts";
import type { TestStack } from "./integration-bed.ts";
import type { Hay } from "./secret-scan.ts";

type Source = (stack: TestStack, queue: string) => Promise<unknown[]>;

/** Everywhere a secret must not be, by name; each answers all that is there. */
const sources: Record<string, Source> = {
  "execution histories": executions,
  logs,
  "requests table": ({ clients, tables }) => scan(clients.dynamo, tables.requests),
  "state table": ({ clients, tables }) => scan(clients.dynamo, tables.state),
  "bus events": messages,
  "dead letters": (stack) => messages(stack, `${stack.facts.instance}-dead-letters`),
  "dns records": dnsRecords,
  metrics,
  "lambda environments": ({ clients }) => all(paginateListFunctions({ client: clients.lambda }, {})),
  "cdk output": async ({ facts }) => files(facts.folder, ["cdk.log", "cdk.out"]),
  "recorded calls": (stack) => stack.calls(),
  "run logs": async ({ facts }) => files(facts.folder, ["emulator.log", "pebble.log"]),
  ...testLog(),
};

/** What the tests have printed so far: `npm test` keeps it in a file (local/run-tests.ts), vitest alone does not. */
function testLog(): Record<string, Source> {
  const file = process.env.CERTWRIGHT_TEST_LOG;
  return file === undefined ? {} : { "test log": async () => [readFileSync(file)] };
}

/** Reads all of it; `queue` has what went over the bus. */
export async function readHaystack(stack: TestStack, queue: string): Promise<Hay[]> {
  return Promise.all(
    Object.entries(sources).map(async ([source, read]) => {
      const parts = (await read(stack, queue)).map((each) => (Buffer.isBuffer(each) ? each : Buffer.from(text(each))));
      return { source, bytes: Buffer.concat(parts.flatMap((part) => [part, Buffer.from("\n")])) };
    }),
  );
}

/** Binary attributes as base64, so that the search decodes them. */
function text(value: unknown): string {
  if (typeof value === "string") return value;
  const readable = (_: string, each: unknown) => {
    if (each instanceof Uint8Array) return Buffer.from(each).toString("base64");
    return each instanceof Set ? [...each] : each;
  };
  return JSON.stringify(value, readable) ?? "";
}

async function all<Page>(pages: AsyncIterable<Page>): Promise<Page[]> {
  const found: Page[] = [];
  for await (const page of pages) found.push(page);
  return found;
}

async function executions({ clients, facts }: TestStack): Promise<unknown[]> {
  const { instance, region, account } = facts;
  const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:${instance}-issue-certificates`;
  const client = clients.steps;
  const pages = await all(paginateListExecutions({ client }, { stateMachineArn, maxResults: 100 }));
  const arns = pages.flatMap((page) => (page.executions ?? []).map((one) => one.executionArn ?? ""));
  return concurrently(8, arns, async (executionArn) => [
    await client.send(new DescribeExecutionCommand({ executionArn })),
    await all(paginateGetExecutionHistory({ client }, { executionArn, maxResults: 1_000 })),
  ]);
}

async function logs({ clients }: TestStack): Promise<unknown[]> {
  const client = new CloudWatchLogsClient(clients.settings);
  const groups = (await all(paginateDescribeLogGroups({ client }, {}))).flatMap((page) => page.logGroups ?? []);
  const found = await concurrently(4, groups, async ({ logGroupName }) => {
    const pages = await all(paginateFilterLogEvents({ client }, { logGroupName }));
    return pages.flatMap((page) => (page.events ?? []).map(({ message = "" }) => message));
  });
  return found.flat();
}

async function scan(client: TestStack["clients"]["dynamo"], TableName: string): Promise<unknown[]> {
  const pages = await all(paginateScan({ client }, { TableName }));
  return pages.flatMap((page) => (page.Items ?? []).map((item) => unmarshall(item)));
}

async function messages({ clients }: TestStack, QueueName: string): Promise<unknown[]> {
  const sqs = new SQSClient(clients.settings);
  const { QueueUrl = "" } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
  return messagesIn(sqs, QueueUrl, 60);
}

async function dnsRecords({ clients }: TestStack): Promise<unknown[]> {
  const { HostedZones = [] } = await clients.route53.send(new ListHostedZonesCommand({}));
  return concurrently(4, HostedZones, async ({ Id }) =>
    clients.route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: Id, MaxItems: 300 })),
  );
}

// The SDK's client of CloudWatch is in no package here. Our own metrics are lines of the logs.
async function metrics({ facts }: TestStack): Promise<unknown[]> {
  const credential = `test/20260101/${facts.region}/monitoring/aws4_request`;
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=none`,
  };
  const body = "Action=ListMetrics&Version=2010-08-01";
  return [await (await fetch(facts.emulatorEndpoint, { method: "POST", headers, body })).text()];
}

function files(folder: string, names: string[]): Buffer[] {
  return names.flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isFile()) return [readFileSync(path)];
    return files(path, readdirSync(path));
  });
}
