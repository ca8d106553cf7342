import {
  BatchGetItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { DecryptCommand, GenerateDataKeyCommand } from "@aws-sdk/client-kms";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { ChangeAction, RRType } from "@aws-sdk/client-route-53";
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  GetChangeCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
} from "@aws-sdk/client-route-53";
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
} from "@aws-sdk/client-secrets-manager";
import { StartExecutionCommand, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { Callers } from "./auth-stack.ts";

/** What the calls of a test speak of. */
export interface Ground {
  account: string;
  region: string;
  /** ARN of the key for key material. */
  keyMaterial: string;
  zones: { ours: string; other: string };
}

/** One call to AWS, by whose clients it is given. */
export type AuthCall = (callers: Callers, ground: Ground) => Promise<unknown>;

const table = (name: string) => `certwright-${name}`;
const key = (namespace: string) => marshall({ namespace, resource: "Certificate/nobody" });
const bucket = ({ account, region }: Ground) => `certwright-secrets-${account}-${region}`;

/** Of the two tables: `requests` or `state`, and rows of a namespace. */
export const rows = {
  get:
    (name: string, namespace = "web"): AuthCall =>
    ({ dynamo }) =>
      dynamo.send(new GetItemCommand({ TableName: table(name), Key: key(namespace) })),
  getMany:
    (name: string, namespace = "web"): AuthCall =>
    ({ dynamo }) =>
      dynamo.send(new BatchGetItemCommand({ RequestItems: { [table(name)]: { Keys: [key(namespace)] } } })),
  put:
    (name: string, namespace = "web"): AuthCall =>
    ({ dynamo }) =>
      dynamo.send(new PutItemCommand({ TableName: table(name), Item: key(namespace) })),
  update:
    (name: string, namespace = "web"): AuthCall =>
    ({ dynamo }) =>
      dynamo.send(
        new UpdateItemCommand({
          TableName: table(name),
          Key: key(namespace),
          UpdateExpression: "SET spec = :spec",
          ExpressionAttributeValues: { ":spec": { S: "{}" } },
        }),
      ),
  scan:
    (name: string, IndexName?: string): AuthCall =>
    ({ dynamo }) =>
      dynamo.send(new ScanCommand({ TableName: table(name), ...(IndexName && { IndexName }) })),
  query:
    (name: string, attribute: string, IndexName?: string): AuthCall =>
    ({ dynamo }) =>
      dynamo.send(
        new QueryCommand({
          TableName: table(name),
          KeyConditionExpression: "#key = :key",
          ExpressionAttributeNames: { "#key": attribute },
          ExpressionAttributeValues: { ":key": { S: "web" } },
          ...(IndexName && { IndexName }),
        }),
      ),
};

/** Of stored secrets, by name. */
export const secret = {
  read:
    (SecretId: string): AuthCall =>
    ({ secrets }) =>
      secrets.send(new GetSecretValueCommand({ SecretId })),
  describe:
    (SecretId: string): AuthCall =>
    ({ secrets }) =>
      secrets.send(new DescribeSecretCommand({ SecretId })),
  write:
    (SecretId: string): AuthCall =>
    ({ secrets }) =>
      secrets.send(new PutSecretValueCommand({ SecretId, SecretString: "{}" })),
  remove:
    (SecretId: string): AuthCall =>
    ({ secrets }) =>
      secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 })),
  create:
    (Name: string, owner: string): AuthCall =>
    ({ secrets }) =>
      secrets.send(
        new CreateSecretCommand({ Name, SecretString: "{}", Tags: [{ Key: "certwright:owner", Value: owner }] }),
      ),
};

/** Of the secrets bucket. */
export const object = {
  read:
    (Key: string): AuthCall =>
    ({ s3 }, ground) =>
      s3.send(new GetObjectCommand({ Bucket: bucket(ground), Key })),
  write:
    (Key: string): AuthCall =>
    ({ s3 }, ground) =>
      s3.send(new PutObjectCommand({ Bucket: bucket(ground), Key, Body: "{}" })),
  remove:
    (Key: string): AuthCall =>
    ({ s3 }, ground) =>
      s3.send(new DeleteObjectCommand({ Bucket: bucket(ground), Key })),
};

const inOurs = { instance: "certwright", namespace: "web", attempt: "3f1c" };

/** Of the key for key material, in the context of an attempt. */
export const sealing = {
  seal:
    (): AuthCall =>
    ({ kms }, { keyMaterial }) =>
      kms.send(new GenerateDataKeyCommand({ KeyId: keyMaterial, KeySpec: "AES_256", EncryptionContext: inOurs })),
  open:
    (): AuthCall =>
    ({ kms }, { keyMaterial }) =>
      kms.send(new DecryptCommand({ KeyId: keyMaterial, CiphertextBlob: Buffer.alloc(64), EncryptionContext: inOurs })),
};

type ZoneOf = (ground: Ground) => string;
/** The zone that the deployment declares. */
export const ours: ZoneOf = ({ zones }) => zones.ours;
/** A zone of the account that it does not. */
export const other: ZoneOf = ({ zones }) => zones.other;

/** Of DNS. */
export const records = {
  change:
    (zone: ZoneOf, Action: ChangeAction = "CREATE", Type: RRType = "TXT"): AuthCall =>
    ({ route53 }, ground) => {
      const set = {
        Name: "_acme-challenge.nobody.example.test",
        Type,
        TTL: 60,
        ResourceRecords: [{ Value: '"none"' }],
      };
      const ChangeBatch = { Changes: [{ Action, ResourceRecordSet: set }] };
      return route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone(ground), ChangeBatch }));
    },
  list:
    (zone: ZoneOf): AuthCall =>
    ({ route53 }, ground) =>
      route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: zone(ground) })),
  zones:
    (): AuthCall =>
    ({ route53 }) =>
      route53.send(new ListHostedZonesCommand({})),
  newZone:
    (): AuthCall =>
    ({ route53 }) =>
      route53.send(new CreateHostedZoneCommand({ Name: "nobody.test", CallerReference: "nobody" })),
  askForChange:
    (): AuthCall =>
    ({ route53 }) =>
      route53.send(new GetChangeCommand({ Id: "C0NOBODY" })),
};

/** Of what else the installation is made of. */
export const parts = {
  invoke:
    (name: string): AuthCall =>
    ({ lambda }) =>
      lambda.send(new InvokeCommand({ FunctionName: `certwright-${name}`, Payload: "{}", InvocationType: "DryRun" })),
  start:
    (name: string): AuthCall =>
    ({ steps }, { account, region }) => {
      const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:${name}`;
      return steps.send(new StartExecutionCommand({ stateMachineArn, input: "{}" }));
    },
  stop:
    (): AuthCall =>
    ({ steps }, { account, region }) => {
      const executionArn = `arn:aws:states:${region}:${account}:execution:certwright-issue-certificates:nobody`;
      return steps.send(new StopExecutionCommand({ executionArn }));
    },
  tell:
    (EventBusName: string): AuthCall =>
    ({ events }) =>
      events.send(
        new PutEventsCommand({
          Entries: [{ EventBusName, Source: "certwright", DetailType: "Nothing", Detail: "{}" }],
        }),
      ),
  assume:
    (role: string, ExternalId: string): AuthCall =>
    ({ sts }, { account }) =>
      sts.send(
        new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${account}:role/${role}`, RoleSessionName: "test", ExternalId }),
      ),
};
