import { paginateQuery } from "@aws-sdk/client-dynamodb";
import { ListSecretVersionIdsCommand } from "@aws-sdk/client-secrets-manager";
import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { marshall } from "@aws-sdk/util-dynamodb";
import { vi } from "vitest";
import { concurrently } from "../../core/concurrently.ts";
import type { Manifest } from "../../local/requests.ts";
import type { TestStack } from "./integration-bed.ts";
import { secretKeyOf } from "./integration-bed.ts";

/** How often a Certificate was issued, counted where the effects are. */
export interface IssuanceCounts {
  /** At Pebble, for its first name. */
  orders: number;
  /** Rows in State. */
  attempts: number;
  /** Facts on the bus. */
  told: number;
  /** Of the stored secret. */
  versions: number;
}

/** One issuance and no more. */
export const once: IssuanceCounts = { orders: 1, attempts: 1, told: 1, versions: 1 };

/** The counts of Certificates of one namespace, in their order. */
export async function countIssuances(stack: TestStack, manifests: Manifest[]): Promise<IssuanceCounts[]> {
  const [orders, attempts, told, versions] = await Promise.all([
    ordersByName(stack),
    attemptsByName(stack, manifests[0]?.metadata.namespace ?? "default"),
    timesToldByName(stack),
    concurrently(10, manifests, (manifest) => versionsOf(stack, manifest)),
  ]);
  return manifests.map(({ metadata, spec }, index) => {
    const [dnsName = ""] = (spec as { dnsNames: string[] }).dnsNames;
    return {
      orders: orders.get(dnsName) ?? 0,
      attempts: attempts.get(metadata.name) ?? 0,
      told: told.get(metadata.name) ?? 0,
      versions: versions[index]?.length ?? 0,
    };
  });
}

/** Orders that Pebble made, by DNS name: the requests it answered with 201; a refused nonce makes none. */
async function ordersByName(stack: TestStack): Promise<Map<string, number>> {
  const calls = await stack.calls({ service: "acme", action: "newOrder", status: 201 });
  const asked = calls.map(({ parameters }) => (parameters as { identifiers: { value: string }[] }).identifiers);
  return counted(asked.flatMap((identifiers) => identifiers.map(({ value }) => value)));
}

/** Orders that Pebble made for one name. */
export async function ordersFor(stack: TestStack, dnsName: string): Promise<number> {
  return (await ordersByName(stack)).get(dnsName) ?? 0;
}

/** Attempts that State keeps, by the Certificate's name. */
export async function attemptsByName({ clients, tables }: TestStack, namespace: string): Promise<Map<string, number>> {
  const names: string[] = [];
  const asked = {
    TableName: tables.state,
    KeyConditionExpression: "#namespace = :namespace AND begins_with(#resource, :certificates)",
    ProjectionExpression: "#resource",
    ExpressionAttributeNames: { "#namespace": "namespace", "#resource": "resource" },
    ExpressionAttributeValues: marshall({ ":namespace": namespace, ":certificates": "Certificate/" }),
  };
  for await (const { Items = [] } of paginateQuery({ client: clients.dynamo }, asked)) {
    names.push(
      ...Items.flatMap(({ resource }) => /^Certificate\/([^#]+)#attempt#[^#]+$/.exec(resource?.S ?? "")?.[1] ?? []),
    );
  }
  return counted(names);
}

/** How often the bus was told that a Certificate was issued, by its name. */
async function timesToldByName(stack: TestStack): Promise<Map<string, number>> {
  const calls = await stack.calls({ service: "events", action: "PutEvents", function: "write-secret" });
  const entries = calls.flatMap(({ parameters }) => (parameters as { Entries: Entry[] }).Entries);
  const issued = entries.filter(({ DetailType }) => DetailType === "Certificate Issued");
  return counted(issued.flatMap(({ Detail }) => /"name":"([^"]+)"/.exec(Detail)?.[1] ?? []));
}

interface Entry {
  DetailType: string;
  Detail: string;
}

function counted(names: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** The attempts that State keeps of a Certificate, newest first. */
export function attemptsOf(stack: TestStack, { metadata }: Manifest) {
  const { namespace = "default", name } = metadata;
  return stack.state.attemptsOf({ namespace, kind: "Certificate", name });
}

/** The ids of the versions of a Certificate's stored secret. */
export async function versionsOf({ clients, facts }: TestStack, manifest: Manifest): Promise<string[]> {
  const { namespace, name } = secretKeyOf(manifest);
  const SecretId = `${facts.instance}/${namespace}/${name}`;
  const asked = new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true });
  return ((await clients.secrets.send(asked)).Versions ?? []).map(({ VersionId = "" }) => VersionId);
}

/** Resolves when the last executions of these Certificates are over: their ends look at the requests once more. */
export async function untilExecutionsEnd(stack: TestStack, manifests: Manifest[]): Promise<void> {
  const attempts = await Promise.all(manifests.map((manifest) => attemptsOf(stack, manifest)));
  const names = new Set(attempts.flatMap(([newest]) => newest?.leaseId ?? []));
  const { instance, region, account } = stack.facts;
  for (const name of names) {
    const executionArn = `arn:aws:states:${region}:${account}:execution:${instance}-issue-certificates:${name}`;
    const status = async () => (await stack.clients.steps.send(new DescribeExecutionCommand({ executionArn }))).status;
    await vi.waitUntil(async () => (await status()) === "SUCCEEDED", { timeout: 30_000 });
  }
}
