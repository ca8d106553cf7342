import { ListSecretVersionIdsCommand } from "@aws-sdk/client-secrets-manager";
import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { vi } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import type { TestStack } from "./integration-bed.ts";
import { secretKeyOf } from "./integration-bed.ts";

/** How often a Certificate was issued, counted where the effects are. */
export interface IssuanceCounts {
  /** At Pebble, for its first name. */
  orders: number;
  attempts: number;
  /** Facts on the bus. */
  told: number;
  /** Of the stored secret. */
  versions: number;
}

export async function countIssuances(stack: TestStack, manifest: Manifest): Promise<IssuanceCounts> {
  const { name } = manifest.metadata;
  const [dnsName = ""] = (manifest.spec as { dnsNames: string[] }).dnsNames;
  const contains = `\\"name\\":\\"${name}\\"`;
  const [orders, attempts, told, versions] = await Promise.all([
    ordersFor(stack, dnsName),
    attemptsOf(stack, manifest),
    stack.count({ service: "events", action: "PutEvents", function: "write-secret", contains }),
    versionsOf(stack, manifest),
  ]);
  return { orders, attempts: attempts.length, told, versions: versions.length };
}

/** Orders that Pebble made for a name: the requests it answered with 201; a refused nonce makes none. */
export function ordersFor(stack: TestStack, dnsName: string): Promise<number> {
  return stack.count({ service: "acme", action: "newOrder", status: 201, contains: `"value":"${dnsName}"` });
}

/** The attempts that State keeps of a Certificate, newest first. */
export function attemptsOf(stack: TestStack, { metadata }: Manifest) {
  const { namespace = "default", name } = metadata;
  return stack.state.attemptsOf({ namespace, kind: "Certificate", name });
}

/** The versions of a Certificate's stored secret, with the labels they carry. */
export async function versionsOf(stack: TestStack, manifest: Manifest): Promise<{ id: string; stages: string[] }[]> {
  const { namespace, name } = secretKeyOf(manifest);
  const SecretId = `${stack.facts.instance}/${namespace}/${name}`;
  const asked = new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true });
  const { Versions = [] } = await stack.clients.secrets.send(asked);
  return Versions.map(({ VersionId = "", VersionStages = [] }) => ({ id: VersionId, stages: VersionStages }));
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
