import type { IPrincipal } from "aws-cdk-lib/aws-iam";
import { AccountRootPrincipal, AnyPrincipal, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Names } from "./names.ts";

type Conditions = Record<string, Record<string, unknown>>;

/** What an administrator of the account may do with a key: everything but use it, which `kms:*` would allow, too. */
const administration = kms(
  ...["CancelKeyDeletion", "DescribeKey", "DisableKey", "DisableKeyRotation", "EnableKey", "EnableKeyRotation"],
  ...["CreateAlias", "DeleteAlias", "UpdateAlias", "GetKeyPolicy", "GetKeyRotationStatus", "ListGrants"],
  ...["ListKeyPolicies", "ListKeyRotations", "ListResourceTags", "PutKeyPolicy", "RevokeGrant", "RotateKeyOnDemand"],
  ...["ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateKeyDescription"],
);
const envelope = kms("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo");
const use = kms("Decrypt", "GenerateDataKey");

/**
 * The key of private keys and secrets. The account's IAM policies decide, within these fences; roles are named by condition,
 * not as principals, so the key need not wait for them to exist.
 */
export function keyMaterialPolicy(names: Names): PolicyStatement[] {
  const root = new AccountRootPrincipal();
  const sealing = (role: string) => ({
    ArnEquals: { "aws:PrincipalArn": role },
    StringEquals: { "kms:EncryptionContext:instance": names.instance },
  });
  const through = (service: string, context: string, values: string[]) => ({
    StringEquals: { "kms:CallerAccount": names.account, "kms:ViaService": `${service}.${names.region}.amazonaws.com` },
    StringLike: { [`kms:EncryptionContext:${context}`]: values },
  });
  const bucket = [names.secretsBucketArn, `${names.secretsBucketArn}/*`];
  return [
    allow("Administration", root, administration),
    allow("PrepareSeals", root, kms("GenerateDataKey"), sealing(names.roleArn("prepare"))),
    allow("WriteSecretOpens", root, kms("Decrypt"), sealing(names.roleArn("write-secret"))),
    allow("SignOpens", root, kms("Decrypt"), sealing(names.roleArn("sign"))),
    allow("ThroughSecretsManager", root, use, through("secretsmanager", "SecretARN", [names.secretArns])),
    allow("ThroughS3", root, use, through("s3", "aws:s3:arn", bucket)),
  ];
}

/**
 * The key of everything else that is stored. As with AWS's own keys for DynamoDB and SQS, who may use the table or the queue
 * may use the key through it, and only so: a tenant needs no KMS permission.
 */
export function recordsPolicy(names: Names): PolicyStatement[] {
  const root = new AccountRootPrincipal();
  const service = (name: string) => new ServicePrincipal(name);
  const through = {
    "kms:CallerAccount": names.account,
    "kms:ViaService": ["dynamodb", "sqs"].map((name) => `${name}.${names.region}.amazonaws.com`),
  };
  const ofThisAccount = { StringEquals: { "aws:SourceAccount": names.account } };
  const grant = { StringEquals: through, Bool: { "kms:GrantIsForAWSResource": "true" } };
  const execution = { StringEquals: { "kms:EncryptionContext:aws:states:stateMachineArn": names.stateMachineArn } };
  const delivery = { StringLike: { "kms:EncryptionContext:SourceArn": logDeliverySource(names) } };
  const logGroup = { ArnLike: { "kms:EncryptionContext:aws:logs:arn": names.logGroupArns } };
  return [
    allow("Administration", root, administration),
    allow("ThroughTablesAndQueues", new AnyPrincipal(), envelope, { StringEquals: through }),
    allow("TablesKeepAGrant", new AnyPrincipal(), kms("CreateGrant"), grant),
    allow("Executions", root, use, execution),
    allow("ExecutionLogs", root, kms("GenerateDataKey"), delivery),
    allow("ExecutionLogDelivery", service("delivery.logs.amazonaws.com"), kms("Decrypt")),
    allow("Logs", service(`logs.${names.region}.amazonaws.com`), envelope, logGroup),
    allow("Alarms", service("cloudwatch.amazonaws.com"), use, ofThisAccount),
    allow("DeadEvents", service("events.amazonaws.com"), use, ofThisAccount),
  ];
}

/** The encryption context in which Step Functions hands its log lines to CloudWatch Logs. */
export function logDeliverySource({ region, account }: Pick<Names, "region" | "account">): string {
  return `arn:aws:logs:${region}:${account}:*`;
}

function allow(sid: string, principal: IPrincipal, actions: string[], conditions: Conditions = {}): PolicyStatement {
  // A key policy speaks of its own key only: `*` is that key.
  return new PolicyStatement({ sid, principals: [principal], actions, resources: ["*"], conditions });
}

function kms(...verbs: string[]): string[] {
  return verbs.map((verb) => `kms:${verb}`);
}
