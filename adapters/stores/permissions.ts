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

const ownerTag = "aws:ResourceTag/certwright:owner";
/** Owners of secrets, as patterns of our tag `<namespace>/<Kind>/<name>`. */
const certificates = ["*/Certificate/*"];
const issuers = ["*/ClusterIssuer/*", "*/Issuer/*"];
const bundles = ["_cluster/Bundle/*"];

/**
 * The secrets of Certificates: one without our tag, or an issuer's, no role can read, write, restore or delete by these.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
 */
export function secretsManagerPermissions(scope: StoreScope): StorePermissions {
  const { secrets, decrypt, use } = groundsOf(scope);
  const describe: Permission[] = [{ actions: ["secretsmanager:DescribeSecret"], resources: secrets }];
  const owned = { StringLike: { [ownerTag]: certificates } };
  return {
    describe,
    read: [{ actions: ["secretsmanager:GetSecretValue"], resources: secrets, conditions: owned }, decrypt],
    write: [...describe, ...writeSecretsOf(secrets, certificates), use],
    scheduleDeletion: [
      ...describe,
      {
        actions: ["secretsmanager:DeleteSecret"],
        resources: secrets,
        // No deletion without a recovery window.
        conditions: { ...owned, NumericGreaterThanEquals: { "secretsmanager:RecoveryWindowInDays": "7" } },
      },
    ],
  };
}

/** Account keys of issuers, and secrets that a person stored, which have no tag; never the secret of a Certificate. */
export function accountKeyPermissions(scope: StoreScope): Pick<StorePermissions, "read" | "write"> {
  const { secrets, decrypt, use } = groundsOf(scope);
  const conditions = { StringNotLike: { [ownerTag]: certificates } };
  return {
    read: [{ actions: ["secretsmanager:GetSecretValue"], resources: secrets, conditions }, decrypt],
    write: [
      { actions: ["secretsmanager:DescribeSecret"], resources: secrets },
      ...writeSecretsOf(secrets, issuers),
      use,
    ],
  };
}

/**
 * What a person stored, in a namespace or in all: secrets without our tag. Never an account key or the secret of a Certificate.
 * Clusters log in with such, and DNS providers.
 */
export function credentialPermissions(scope: StoreScope, namespace: "_cluster" | "*"): Permission[] {
  const { secrets } = groundsOf(scope, namespace === "*" ? "*" : `${namespace}/*`);
  const conditions = { Null: { [ownerTag]: "true" } };
  return [{ actions: ["secretsmanager:GetSecretValue"], resources: secrets, conditions }, groundsOf(scope).decrypt];
}

/** Bundles as stored secrets. Their reader may use the key to decrypt by another right already. */
export function bundlePermissions(scope: StoreScope): Permission[] {
  const { secrets, seal } = groundsOf(scope, "_cluster/bundle-*");
  const describe: Permission = { actions: ["secretsmanager:DescribeSecret"], resources: secrets };
  return [describe, ...writeSecretsOf(secrets, bundles), seal];
}

function writeSecretsOf(secrets: string[], owners: string[]): Permission[] {
  return [
    {
      actions: ["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
      resources: secrets,
      conditions: {
        StringLike: { "aws:RequestTag/certwright:owner": owners },
        // A secret that is being created has no tag yet: so TagResource reaches untagged ones, too.
        StringLikeIfExists: { [ownerTag]: owners },
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
      resources: secrets,
      conditions: { StringLike: { [ownerTag]: owners } },
    },
  ];
}

function groundsOf({ partition, region, account, instance, keyArn }: StoreScope, names = "*") {
  // AWS adds a hyphen and six characters to the name; the wildcard covers them.
  const secrets = [`arn:${partition}:secretsmanager:${region}:${account}:secret:${instance}/${names}`];
  const key = (...actions: string[]): Permission => ({
    actions,
    resources: [keyArn],
    conditions: {
      StringEquals: { "kms:ViaService": `secretsmanager.${region}.amazonaws.com` },
      StringLike: { "kms:EncryptionContext:SecretARN": secrets },
    },
  });
  return {
    secrets,
    decrypt: key("kms:Decrypt"),
    seal: key("kms:GenerateDataKey"),
    // Decrypt too: AWS checks the caller's access to the key, and compares a value put again under the same token.
    use: key("kms:Decrypt", "kms:GenerateDataKey"),
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
