import type { Call } from "../../local/calls.ts";
import type { IamRequest } from "./iam-engine.ts";
import type { Place } from "./iam-template.ts";

/** A stored secret, as AWS knows it when it weighs a call. */
export interface KnownSecret {
  /** Empty when nobody knows its last six characters any more. */
  arn: string;
  tags: Record<string, string>;
  /** Absent for the account's own aws/secretsmanager, whose use needs no right. */
  keyArn?: string;
}

/** What is recorded of a call to Secrets Manager. */
export interface SecretCall {
  Name?: string;
  SecretId?: string;
  VersionStage?: string;
  KmsKeyId?: string;
  RecoveryWindowInDays?: number;
  ForceDeleteWithoutRecovery?: boolean;
  Tags?: { Key: string; Value: string }[];
}

/** Which uses of its key Secrets Manager makes for the caller of an action; a put compares with what its token has put. */
const usesOfKey: Record<string, string[]> = {
  CreateSecret: ["GenerateDataKey", "Decrypt"],
  PutSecretValue: ["GenerateDataKey", "Decrypt"],
  GetSecretValue: ["Decrypt"],
};

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html */
export function secretRequests(
  call: Call,
  place: Place,
  secret: (name: string, call: Call) => KnownSecret | undefined,
): IamRequest[] {
  const asked = call.parameters as SecretCall;
  const name = asked.Name ?? asked.SecretId ?? "";
  const known = secret(name, call);
  const creates = call.action === "CreateSecret";
  const resource = known?.arn || `arn:aws:secretsmanager:${place.region}:${place.account}:secret:${name}`;
  const held = creates ? {} : tagContext("aws:ResourceTag", known?.tags ?? {});
  const given = tagContext("aws:RequestTag", tagsOf(asked));
  const tagKeys = asked.Tags ? { "aws:TagKeys": Object.keys(tagsOf(asked)) } : {};
  const action = (verb: string, context: IamRequest["context"]): IamRequest => ({
    action: `secretsmanager:${verb}`,
    resource,
    context: { ...held, ...context },
  });
  // A secret that is created with tags takes the right to tag as well.
  const tagged = creates && asked.Tags ? [action("TagResource", { ...given, ...tagKeys })] : [];
  const keyArn = creates ? asked.KmsKeyId : known?.keyArn;
  const uses = keyArn && wasDone(call) ? (usesOfKey[call.action] ?? []) : [];
  const through = throughSecretsManager(place, known?.arn || `${resource}-a1B2c3`);
  return [
    action(call.action, { ...ownConditions(call.action, asked), ...given, ...tagKeys }),
    ...tagged,
    ...uses.map((verb) => ({ action: `kms:${verb}`, resource: keyArn ?? "", context: through })),
  ];
}

/** What Secrets Manager tells KMS when it uses the key of a secret for somebody. */
export function throughSecretsManager({ region, account }: Place, secretArn: string): IamRequest["context"] {
  return {
    "kms:CallerAccount": account,
    "kms:ViaService": `secretsmanager.${region}.amazonaws.com`,
    ...encryptionContext({ SecretARN: secretArn, SecretVersionId: "a0e1b2c3-0000-4000-8000-000000000000" }),
  };
}

/** The condition keys of an encryption context. */
export function encryptionContext(pairs: Record<string, string>): IamRequest["context"] {
  const each = Object.entries(pairs).map(([key, value]) => [`kms:EncryptionContext:${key}`, value]);
  return { ...Object.fromEntries(each), "kms:EncryptionContextKeys": Object.keys(pairs) };
}

/** Calls of our own to KMS. */
export function kmsRequests(call: Call, { account }: Place): IamRequest[] {
  const { KeyId, EncryptionContext } = call.parameters as { KeyId: string; EncryptionContext: Record<string, string> };
  const context = { "kms:CallerAccount": account, ...encryptionContext(EncryptionContext) };
  return [{ action: `kms:${call.action}`, resource: KeyId, context }];
}

/** Tags in a recorded CreateSecret or TagResource. */
export function tagsOf({ Tags = [] }: { Tags?: SecretCall["Tags"] | undefined }): Record<string, string> {
  return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
}

function tagContext(prefix: string, tags: Record<string, string>): IamRequest["context"] {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]));
}

function ownConditions(action: string, asked: SecretCall): IamRequest["context"] {
  const { VersionStage, RecoveryWindowInDays, ForceDeleteWithoutRecovery } = asked;
  return {
    ...(VersionStage && { "secretsmanager:VersionStage": VersionStage }),
    ...(action === "DeleteSecret" &&
      RecoveryWindowInDays && {
        "secretsmanager:RecoveryWindowInDays": String(RecoveryWindowInDays),
      }),
    ...(ForceDeleteWithoutRecovery && { "secretsmanager:ForceDeleteWithoutRecovery": "true" }),
  };
}

/** Whether AWS did it, answered or not. */
export function wasDone({ status }: Call): boolean {
  return status === undefined || status < 400;
}
