import type { FunctionName } from "../../cdk/functions.ts";
import { asksAt } from "./iam-asks.ts";
import type { IamRequest } from "./iam-engine.ts";
import { recordChange } from "./iam-requests.ts";
import { throughS3 } from "./iam-s3.ts";
import { encryptionContext, throughSecretsManager } from "./iam-stores.ts";
import type { Installed } from "./iam-template.ts";

/** A right of some functions, and what lies just outside: a denial beside it cannot come from a wrong question. */
export interface Fence {
  title: string;
  functions: FunctionName[];
  allowed: IamRequest;
  denied: IamRequest[];
}

const tags = { "aws:ResourceTag/certwright:owner": "web/Certificate/www" };
const ofIssuer = { "aws:ResourceTag/certwright:owner": "_cluster/ClusterIssuer/letsencrypt" };
const giving = (owner: string) => ({
  "aws:RequestTag/certwright:owner": owner,
  "aws:TagKeys": ["certwright:owner", "certwright:namespace", "certwright:issuer"],
});
const given = giving("web/Certificate/www");
const forIssuer = giving("_cluster/ClusterIssuer/letsencrypt");
const window = { "secretsmanager:RecoveryWindowInDays": "7" };
/** An encryption context of ours. */
export const inOurs = { instance: "certwright", namespace: "web", attempt: "3f1c" };
const changers: FunctionName[] = ["publish-challenge", "clean-up-challenge"];
const deciders: FunctionName[] = ["dispatch", "sweep"];
/** The functions that use account keys. */
export const ofTheCa: FunctionName[] = ["create-order", "validate-challenge", "finalize-order", "check-issuer"];
/** Of these, check-issuer looks at the pairs of CAs, which are secrets of Certificates. */
const ofAccountsOnly = ofTheCa.filter((name) => name !== "check-issuer");

/** In zones: ZONE1 is listed, ZVAL1 is a validation zone. */
export function recordFences(): Fence[] {
  const read = (zone: string) => ({
    action: "route53:ListResourceRecordSets",
    resource: `arn:aws:route53:::hostedzone/${zone}`,
    context: {},
  });
  const unsaid = (zone: string, name: string, ...keys: string[]) =>
    keys.map((suffix) => {
      const { context, ...asked } = recordChange(zone, [`CREATE TXT ${name}`]);
      const { [`route53:ChangeResourceRecordSets${suffix}`]: _, ...rest } = context;
      return { ...asked, context: rest };
    });
  return [
    {
      title: "records in a listed zone: TXT at _acme-challenge, by CREATE and DELETE",
      functions: changers,
      allowed: recordChange("ZONE1", ["DELETE TXT _acme-challenge.a.test.", "CREATE TXT _acme-challenge.a.test."]),
      denied: [
        recordChange("ZONE2", ["CREATE TXT _acme-challenge.a.test"]),
        recordChange("ZONE1", ["CREATE CNAME _acme-challenge.a.test"]),
        recordChange("ZONE1", ["CREATE TXT a.test"]),
        recordChange("ZONE1", ["CREATE TXT www._acme-challenge.a.test"]),
        recordChange("ZONE1", ["UPSERT TXT _acme-challenge.a.test"]),
        recordChange("ZONE1", ["CREATE TXT _acme-challenge.a.test", "CREATE TXT a.test"]),
        recordChange("ZONE1", ["CREATE TXT _acme-challenge.a.test", "DELETE A _acme-challenge.a.test"]),
        ...unsaid("ZONE1", "_acme-challenge.a.test", "NormalizedRecordNames", "RecordTypes", "Actions"),
        { ...recordChange("ZONE1", []), context: {} },
      ],
    },
    {
      title: "records in a validation zone: any TXT",
      functions: changers,
      allowed: recordChange("ZVAL1", ["CREATE TXT web.validation.test"]),
      denied: [
        recordChange("ZVAL1", ["CREATE A web.validation.test"]),
        recordChange("ZVAL1", ["UPSERT TXT web.validation.test"]),
        ...unsaid("ZVAL1", "web.validation.test", "RecordTypes", "Actions"),
        { ...recordChange("ZVAL1", []), context: {} },
      ],
    },
    {
      title: "records read where they may be written",
      functions: changers,
      allowed: read("ZVAL1"),
      denied: [read("ZONE2")],
    },
  ];
}

/** In Secrets Manager and S3. */
export function secretFences({ place }: Installed, keyMaterial: string): Fence[] {
  const { secret, object, key, plain, secretArn, bucket } = asksAt(place, keyMaterial);
  const mine = "certwright/web/www-tls";
  const account = "certwright/_cluster/letsencrypt-account";
  return [
    {
      title: "writes to secrets of its own instance that a Certificate owns by our tag",
      functions: ["write-secret", "rewrite-secret"],
      allowed: secret("PutSecretValue", mine, tags),
      denied: [
        secret("PutSecretValue", mine),
        secret("PutSecretValue", mine, ofIssuer),
        secret("PutSecretValue", "other/web/www-tls", tags),
        secret("PutSecretValue", "certwright-2/web/www-tls", tags),
        secret("UpdateSecretVersionStage", mine, { "secretsmanager:VersionStage": "AWSCURRENT" }),
        secret("RestoreSecret", mine),
        secret("TagResource", account, { ...ofIssuer, ...given }),
        secret("TagResource", mine, { ...tags, ...giving("_cluster/ClusterIssuer/mine") }),
        secret("GetSecretValue", account, ofIssuer),
        secret("DeleteSecret", mine, { ...tags, ...window }),
        secret("PutResourcePolicy", mine, tags),
      ],
    },
    {
      title: "new secrets with the tags of a Certificate and no other",
      functions: ["write-secret", "rewrite-secret"],
      allowed: secret("CreateSecret", mine, given),
      denied: [
        secret("CreateSecret", mine),
        secret("CreateSecret", mine, giving("_cluster/ClusterIssuer/letsencrypt")),
        secret("CreateSecret", "other/web/www-tls", given),
        secret("CreateSecret", mine, { ...given, "aws:TagKeys": ["certwright:owner", "cost-center"] }),
      ],
    },
    {
      title: "account keys written, and no secret of a Certificate",
      functions: ["check-issuer"],
      allowed: secret("CreateSecret", account, forIssuer),
      denied: [
        secret("CreateSecret", mine, given),
        secret("CreateSecret", account, { ...forIssuer, "aws:TagKeys": ["certwright:owner", "cost-center"] }),
        secret("PutSecretValue", mine, tags),
        secret("PutSecretValue", account),
        secret("TagResource", mine, { ...tags, ...giving("_cluster/ClusterIssuer/letsencrypt") }),
        secret("DeleteSecret", account, { ...ofIssuer, ...window }),
      ],
    },
    {
      title: "deletion with a recovery window, of secrets that have our tag",
      functions: deciders,
      allowed: secret("DeleteSecret", mine, { ...tags, ...window }),
      denied: [
        secret("DeleteSecret", mine, tags),
        secret("DeleteSecret", mine, { ...tags, "secretsmanager:ForceDeleteWithoutRecovery": "true" }),
        secret("DeleteSecret", mine, window),
        secret("DeleteSecret", account, { ...ofIssuer, ...window }),
        secret("DeleteSecret", "other/web/www-tls", { ...tags, ...window }),
      ],
    },
    {
      title: "a look at secrets, and none at their values",
      functions: deciders,
      allowed: secret("DescribeSecret", mine, tags),
      denied: [
        secret("GetSecretValue", mine, tags),
        secret("GetSecretValue", account, ofIssuer),
        object("GetObject", mine),
        object("GetObjectVersion", mine),
        key("Decrypt", throughSecretsManager(place, secretArn(mine))),
        key("Decrypt", throughS3(place, bucket)),
        key("Decrypt", encryptionContext(inOurs)),
      ],
    },
    {
      title: "the key of a Certificate read, and no account key",
      functions: ["prepare", "write-secret", "rewrite-secret", "sync-kubernetes"],
      allowed: secret("GetSecretValue", mine, tags),
      denied: [
        secret("GetSecretValue", account, ofIssuer),
        secret("PutSecretValue", "certwright/web/by-hand"),
        secret("GetSecretValue", "other/web/www-tls", tags),
      ],
    },
    {
      title: "the pair of a CA read, which is a Certificate's, and written by neither",
      functions: ["sign", "check-issuer"],
      allowed: secret("GetSecretValue", "certwright/web/root-ca", tags),
      denied: [
        secret("GetSecretValue", "other/web/root-ca", tags),
        secret("PutSecretValue", "certwright/web/root-ca", tags),
        secret("UpdateSecretVersionStage", "certwright/web/root-ca", tags),
        secret("DeleteSecret", "certwright/web/root-ca", { ...tags, ...window }),
        object("PutObject", "certwright/web/root-ca"),
      ],
    },
    {
      title: "the pair of a CA read that a person stored, and no account key",
      functions: ["sign"],
      allowed: secret("GetSecretValue", "certwright/cert-manager/root-ca"),
      denied: [
        secret("GetSecretValue", "other/cert-manager/root-ca"),
        secret("GetSecretValue", account, ofIssuer),
        secret("PutSecretValue", "certwright/cert-manager/root-ca"),
        secret("TagResource", account, { ...ofIssuer, ...given }),
      ],
    },
    {
      title: "account keys and what a person stored read, and no key of a Certificate",
      functions: ofAccountsOnly,
      allowed: secret("GetSecretValue", account, ofIssuer),
      denied: [
        secret("GetSecretValue", mine, tags),
        secret("GetSecretValue", "other/_cluster/letsencrypt-account", ofIssuer),
        secret("GetSecretValue", "certwright"),
      ],
    },
    {
      title: "a secret that a person stored read, such as the HMAC key of an external account",
      functions: ofTheCa,
      allowed: secret("GetSecretValue", "certwright/_cluster/binding"),
      denied: [secret("PutSecretValue", "certwright/_cluster/binding")],
    },
    {
      title: "the credential of a DNS provider that a person stored read, and no account key or key of a Certificate",
      functions: [...changers, "check-propagation"],
      allowed: secret("GetSecretValue", "certwright/web/dns-token"),
      denied: [
        secret("GetSecretValue", account, ofIssuer),
        secret("GetSecretValue", mine, tags),
        secret("GetSecretValue", "other/web/dns-token"),
        secret("PutSecretValue", "certwright/web/dns-token"),
      ],
    },
    {
      title: "versions of objects found under the name of its own instance",
      functions: [
        ...(["prepare", "write-secret", "rewrite-secret", "sync-kubernetes", "revoke-certificate"] as const),
        ...(["sign", "check-issuer"] as const),
        ...deciders,
      ],
      allowed: plain("s3:ListBucketVersions", bucket, { "s3:prefix": mine }),
      denied: [
        plain("s3:ListBucketVersions", bucket, { "s3:prefix": "other/web/www-tls" }),
        plain("s3:ListBucketVersions", bucket, { "s3:prefix": "" }),
        plain("s3:ListBucketVersions", bucket),
      ],
    },
    {
      title: "objects of its own instance, over TLS, and none deleted",
      functions: ["write-secret", "rewrite-secret"],
      allowed: object("PutObject", mine),
      denied: [
        object("PutObject", "other/web/www-tls"),
        object("PutObject", mine, { "aws:SecureTransport": "false" }),
        object("DeleteObject", mine),
        object("DeleteObjectVersion", mine),
        object("GetObjectVersion", "other/web/www-tls"),
        plain("s3:PutObject", `arn:aws:s3:::somebody-elses/${mine}`),
      ],
    },
  ];
}
