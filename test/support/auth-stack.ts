import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { KMSClient } from "@aws-sdk/client-kms";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { CreateHostedZoneCommand, Route53Client } from "@aws-sdk/client-route-53";
import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SFNClient } from "@aws-sdk/client-sfn";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { createClients } from "../../local/clients.ts";
import { deploy } from "../../local/deploy.ts";
import type { Stack } from "../../local/stack.ts";
import { startStack } from "../../local/stack.ts";
import type { Policy } from "./iam-template.ts";
import { connectStack } from "./stack.ts";
import { factsOf } from "./stack-facts.ts";

const instance = "certwright";
const app = fileURLToPath(new URL("./auth-app.ts", import.meta.url));

/** A stack whose emulator weighs every call by the caller's role, with certwright deployed; one zone of two is declared, and a third for validation. */
export type AuthStack = Awaited<ReturnType<typeof startAuthStack>>;

/** Clients that sign as one role. */
export type Callers = ReturnType<typeof callersOf>;

export async function startAuthStack() {
  const tell = (line: string) => void process.stderr.write(`auth stack: ${line}\n`);
  const stack = await startStack({ auth: true, dnsLagMs: 300, onTrouble: tell });
  try {
    const { route53, settings } = createClients(stack.emulatorEndpoint, stack.region);
    const ours = await newZone(route53, "example.test");
    const other = await newZone(route53, "elsewhere.test");
    const validationZones = await newZone(route53, "validation.test");
    await stack.zones.refresh();
    await deploy(stack, { instance, app: `tsx "${app}"`, context: { zones: ours, validationZones }, tell });
    return {
      stack,
      tested: connectStack(factsOf(stack)),
      zones: { ours, other },
      /** What AWS would get, as a template. */
      asWritten: join(stack.folder, "cdk.out", "as-written.json"),
      /** Clients that sign as the role of a function, or as any other role. */
      as: async (role: string) => callersOf(settings, await credentialsOf(settings, stack.account, role)),
      /** Makes a role with this policy, which the account may assume. */
      makeRole: (name: string, policy: Policy) => makeRole(stack, name, policy),
      stop: stack.stop,
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

type Settings = ReturnType<typeof createClients>["settings"];

// Lambda alone may assume these on AWS; the emulator lets the account's root be any service.
async function credentialsOf(settings: Settings, account: string, role: string): Promise<Settings["credentials"]> {
  const RoleArn = `arn:aws:iam::${account}:role/${instance}-${role}`;
  const asked = new AssumeRoleCommand({ RoleArn, RoleSessionName: "test" });
  const {
    AccessKeyId = "",
    SecretAccessKey = "",
    SessionToken = "",
  } = (await new STSClient(settings).send(asked)).Credentials ?? {};
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  return credentials;
}

function callersOf({ endpoint, region }: Settings, credentials: Settings["credentials"]) {
  const settings = { endpoint, region, credentials };
  return {
    dynamo: new DynamoDBClient(settings),
    events: new EventBridgeClient(settings),
    kms: new KMSClient(settings),
    lambda: new LambdaClient(settings),
    route53: new Route53Client(settings),
    s3: new S3Client({ ...settings, forcePathStyle: true }),
    secrets: new SecretsManagerClient(settings),
    steps: new SFNClient(settings),
    sts: new STSClient(settings),
  };
}

async function newZone(route53: Route53Client, name: string): Promise<string> {
  const made = await route53.send(new CreateHostedZoneCommand({ Name: name, CallerReference: name }));
  return made.HostedZone?.Id?.split("/").at(-1) ?? "";
}

// The SDK's client of IAM is in no package here; the account's root is not asked for a signature.
async function makeRole({ emulatorEndpoint, account, region }: Stack, name: string, policy: Policy): Promise<void> {
  const RoleName = `${instance}-${name}`;
  const trusted = { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "sts:AssumeRole" };
  const trust = JSON.stringify({ Version: "2012-10-17", Statement: [trusted] });
  const ask = async (fields: Record<string, string>) => {
    const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/iam/aws4_request, SignedHeaders=host, Signature=none`;
    const body = new URLSearchParams({ Version: "2010-05-08", RoleName, ...fields });
    const answer = await fetch(emulatorEndpoint, { method: "POST", headers: { authorization }, body });
    if (!answer.ok) throw new Error(`IAM ${fields.Action} answered ${answer.status}: ${await answer.text()}`);
  };
  await ask({ Action: "CreateRole", AssumeRolePolicyDocument: trust });
  await ask({ Action: "PutRolePolicy", PolicyName: "own", PolicyDocument: JSON.stringify(policy) });
}
