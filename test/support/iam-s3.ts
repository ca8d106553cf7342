import type { Call } from "../../local/calls.ts";
import type { IamRequest } from "./iam-engine.ts";
import { encryptionContext, wasDone } from "./iam-stores.ts";
import type { Place } from "./iam-template.ts";

interface Asked {
  /** Of the object; empty for the bucket. */
  resource: string;
  bucket: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  done: boolean;
}

/** Right, resource and condition keys, without the service. */
type Needs = [verb: string, resource: string, context?: IamRequest["context"]][];

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
export function s3Requests(call: Call, place: Place, keyArn: string): IamRequest[] {
  const { path, headers } = call.parameters as { path: string; headers: Record<string, string> };
  const url = new URL(path, "https://s3");
  const [name = "", ...key] = decodeURIComponent(url.pathname).slice(1).split("/");
  const bucket = `arn:aws:s3:::${name}`;
  const asked = {
    bucket,
    resource: `${bucket}/${key.join("/")}`,
    query: url.searchParams,
    headers,
    done: wasDone(call),
  };
  const kind = url.searchParams.has("tagging") ? `${call.action}Tagging` : call.action;
  const needs = kinds[kind]?.(asked);
  if (!needs) throw new Error(`S3 ${kind} ${path} is not known here`);
  const uses = asked.done ? (usesOfKey[kind] ?? []) : [];
  return [
    ...needs.map(([verb, resource, context = {}]) => ({ action: `s3:${verb}`, resource, context })),
    ...uses.map((verb) => ({ action: `kms:${verb}`, resource: keyArn, context: throughS3(place, bucket) })),
  ];
}

/** What S3 tells KMS when it uses the key of a bucket with a bucket key for somebody. */
export function throughS3({ region, account }: Place, bucketArn: string): IamRequest["context"] {
  return {
    "kms:CallerAccount": account,
    "kms:ViaService": `s3.${region}.amazonaws.com`,
    ...encryptionContext({ "aws:s3:arn": bucketArn }),
  };
}

const usesOfKey: Record<string, string[]> = {
  GetObject: ["Decrypt"],
  HeadObject: ["Decrypt"],
  // With a bucket key S3 may have to decrypt that one.
  PutObject: ["GenerateDataKey", "Decrypt"],
};

const kinds: Record<string, (asked: Asked) => Needs> = {
  ListObjects: ({ bucket, query }) => [["ListBucketVersions", bucket, { "s3:prefix": query.get("prefix") ?? "" }]],
  GetObject: (asked) => [ofVersion("GetObject", asked)],
  GetObjectTagging: (asked) => [ofVersion("GetObjectTagging", asked)],
  // Who may not list is told 403 instead of 404.
  HeadObject: ({ resource, bucket, done }) => [["GetObject", resource], ...(done ? [] : [listing(bucket)])],
  PutObject: ({ resource, headers }) => [
    ["PutObject", resource],
    ...(headers["x-amz-tagging"] ? [["PutObjectTagging", resource] satisfies Needs[number]] : []),
    ...(headers["if-match"] ? [["GetObject", resource] satisfies Needs[number]] : []),
  ],
  DeleteObject: ({ resource }) => [["DeleteObject", resource]],
};

function ofVersion(verb: string, { resource, query }: Asked): Needs[number] {
  const version = query.get("versionId");
  if (!version) return [verb, resource];
  return [verb.replace("GetObject", "GetObjectVersion"), resource, { "s3:VersionId": version }];
}

function listing(bucket: string): Needs[number] {
  return ["ListBucket", bucket];
}
