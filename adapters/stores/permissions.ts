import type { Permission } from "../../core/permission.ts";
import { tagKeys } from "./rules.ts";

/** Where the secrets of one installation lie. */
export interface StoreScope {
  instance: string;
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  partition: string;
  region: string;
  account: string;
  /** Name of the bucket for the S3 store. */
  bucket: string;
  /** ARN of the KMS key for key material. */
  keyArn: string;
}

/** What each verb of SecretStore needs; a role gets only the verbs it uses. describe never reaches a value or the key. */
export interface StorePermissions {
  describe: Permission[];
  read: Permission[];
  write: Permission[];
  scheduleDeletion: Permission[];
}

/** A secret without our tag cannot be written, restored or deleted by any role of ours. */
const ours = { Null: { "aws:ResourceTag/certwright:owner": "false" } };

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html */
export function secretsManagerPermissions(scope: StoreScope): StorePermissions {
  const service = `secretsmanager.${scope.region}.amazonaws.com`;
  // AWS adds a hyphen and six characters to the name; the wildcard covers them.
  const resources = [
    `arn:${scope.partition}:secretsmanager:${scope.region}:${scope.account}:secret:${scope.instance}/*`,
  ];
  const key = (...actions: string[]): Permission => ({
    actions,
    resources: [scope.keyArn],
    conditions: {
      StringEquals: { "kms:ViaService": service },
      StringLike: { "kms:EncryptionContext:SecretARN": resources },
    },
  });
  const describe: Permission[] = [{ actions: ["secretsmanager:DescribeSecret"], resources }];
  return {
    describe,
    read: [{ actions: ["secretsmanager:GetSecretValue"], resources }, key("kms:Decrypt")],
    write: [
      ...describe,
      {
        actions: ["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
        resources,
        conditions: {
          "ForAllValues:StringEquals": { "aws:TagKeys": [...tagKeys] },
          Null: { "aws:RequestTag/certwright:owner": "false" },
        },
      },
      {
        actions: [
          "secretsmanager:PutSecretValue",
          "secretsmanager:RestoreSecret",
          "secretsmanager:UpdateSecretVersionStage",
        ],
        resources,
        conditions: ours,
      },
      // Decrypt too: AWS checks the caller's access to the key, and compares a value put again under the same token.
      key("kms:Decrypt", "kms:GenerateDataKey"),
    ],
    scheduleDeletion: [
      ...describe,
      {
        actions: ["secretsmanager:DeleteSecret"],
        resources,
        // No deletion without a recovery window.
        conditions: { ...ours, NumericGreaterThanEquals: { "secretsmanager:RecoveryWindowInDays": "7" } },
      },
    ],
  };
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html */
export function s3Permissions(scope: StoreScope): StorePermissions {
  const service = `s3.${scope.region}.amazonaws.com`;
  const bucket = `arn:${scope.partition}:s3:::${scope.bucket}`;
  const objects = [`${bucket}/${scope.instance}/*`];
  // With a bucket key the encryption context is the bucket, not the object.
  const key = (...actions: string[]): Permission => ({
    actions,
    resources: [scope.keyArn],
    conditions: { StringEquals: { "kms:ViaService": service, "kms:EncryptionContext:aws:s3:arn": bucket } },
  });
  const list: Permission = {
    actions: ["s3:ListBucketVersions"],
    resources: [bucket],
    conditions: { StringLike: { "s3:prefix": [`${scope.instance}/*`] } },
  };
  const describe: Permission[] = [list, { actions: ["s3:GetObjectVersionTagging"], resources: objects }];
  return {
    describe,
    read: [list, { actions: ["s3:GetObjectVersion"], resources: objects }, key("kms:Decrypt")],
    write: [
      ...describe,
      // Without ListBucket a missing object answers 403 instead of 404. HeadObject has no prefix to compare.
      { actions: ["s3:ListBucket"], resources: [bucket] },
      // If-Match needs GetObject as well as PutObject.
      { actions: ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"], resources: objects },
      key("kms:Decrypt", "kms:GenerateDataKey"),
    ],
    // No DeleteObjectVersion: what is deleted stays readable to an administrator until the bucket's lifecycle ends it.
    scheduleDeletion: [...describe, { actions: ["s3:DeleteObject"], resources: objects }],
  };
}
