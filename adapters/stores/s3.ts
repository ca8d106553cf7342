import type { S3ClientConfig } from "@aws-sdk/client-s3";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { awsErrorName, awsFault, awsStatus } from "../../core/aws-fault.ts";
import type { SecretStore, SecretWrite, StoredSecret } from "../../core/ports.ts";
import { s3Permissions } from "./permissions.ts";
import type { Tags } from "./rules.ts";
import { changing, foreign, refuseForeign, refuseUnfit, stale, tagsOf } from "./rules.ts";

export interface S3Deps {
  client: Pick<S3Client, "send">;
  /** A versioned bucket. */
  bucket: string;
  /** The key for key material; the bucket's default encryption when absent. */
  kmsKeyId?: string;
  /** Of the ARNs it answers; `aws` when absent. */
  partition?: string;
}

/**
 * A versioned S3 bucket as the store of record, for large fleets (https://docs.aws.amazon.com/AmazonS3/latest/API/).
 * The key is the secret's full name; the compare-and-swap is If-None-Match and If-Match. Deletion is a delete marker: its
 * recovery window is the bucket's lifecycle rule for noncurrent versions, the same for all, not the days of one call.
 */
export const s3 = {
  permissions: s3Permissions,
  connect: (config: S3ClientConfig, deps: Omit<S3Deps, "client">): SecretStore =>
    s3.create({ ...deps, client: new S3Client(config) }),
  create: (deps: S3Deps): SecretStore => ({
    describe: (name) => describe(deps, name),
    read: (name) => read(deps, name),
    write: (write) => writeValue(deps, write),
    scheduleDeletion: (name) => markDeleted(deps, name),
  }),
};

type Written = Awaited<ReturnType<SecretStore["write"]>>;

/** The user metadata that names the attempt which wrote a version. */
const tokenKey = "certwright-token";

const lostRace = [404, 409, 412];

async function writeValue(deps: S3Deps, write: SecretWrite): Promise<Written> {
  refuseUnfit(write);
  const condition = write.replaces === undefined ? { IfNoneMatch: "*" } : await conditionOn(deps, write);
  if ("versionId" in condition) return condition;
  const command = new PutObjectCommand({
    Bucket: deps.bucket,
    Key: write.name,
    Body: write.value,
    ContentType: "application/json",
    Metadata: { [tokenKey]: write.token },
    Tagging: new URLSearchParams(tagsOf(write)).toString(),
    ...(deps.kmsKeyId && { ServerSideEncryption: "aws:kms", SSEKMSKeyId: deps.kmsKeyId, BucketKeyEnabled: true }),
    ...condition,
  });
  const answer = await ask(deps, "PutObject", write.name, deps.client.send(command), lostRace);
  return answer ? written(deps, write, answer.VersionId) : decide(deps, write);
}

/** What must still be true when the value is put, or the answer when this attempt has put it before. */
async function conditionOn(
  deps: S3Deps,
  write: SecretWrite,
): Promise<Written | { IfMatch: string } | { IfNoneMatch: string }> {
  const current = await head(deps, write.name);
  if (current?.token === write.token) return written(deps, write, current.versionId);
  if (!current) {
    // A delete marker hides the version it replaces: to restore is to write on top of it.
    const listed = await list(deps, write.name);
    if (listed?.versionId !== write.replaces) throw stale(write, undefined);
    return { IfNoneMatch: "*" };
  }
  await refuseForeignVersion(deps, write, current.versionId);
  if (current.versionId !== write.replaces) throw stale(write, current.versionId);
  return { IfMatch: current.etag };
}

/** After a refused put what is current decides: ours is done, another is for the caller. */
async function decide(deps: S3Deps, write: SecretWrite): Promise<Written> {
  const current = await head(deps, write.name);
  if (current?.token === write.token) return written(deps, write, current.versionId);
  // 409 ConditionalRequestConflict: S3 met another request and decided nothing.
  if (current?.versionId === write.replaces) throw changing(write.name, "PutObject");
  if (current) await refuseForeignVersion(deps, write, current.versionId);
  throw stale(write, current?.versionId);
}

async function refuseForeignVersion(deps: S3Deps, write: SecretWrite, versionId: string): Promise<void> {
  refuseForeign({ tags: await tagsAt(deps, write.name, versionId), versionId, deleted: false }, write);
}

async function describe(deps: S3Deps, name: string): Promise<StoredSecret | undefined> {
  const listed = await list(deps, name);
  if (!listed) return undefined;
  const tags = await tagsAt(deps, name, listed.versionId);
  const { versionId, deletedAt } = listed;
  return { arn: arnOf(deps, name), versionId, owner: tags["certwright:owner"], ...(deletedAt && { deletedAt }) };
}

async function read(deps: S3Deps, name: string): ReturnType<SecretStore["read"]> {
  const listed = await list(deps, name);
  if (!listed || listed.deletedAt) return undefined;
  const { versionId } = listed;
  const command = new GetObjectCommand({ Bucket: deps.bucket, Key: name, VersionId: versionId });
  const answer = await ask(deps, "GetObjectVersion", name, deps.client.send(command), [404]);
  return answer && { value: (await answer.Body?.transformToString()) ?? "", versionId };
}

async function markDeleted(deps: S3Deps, name: string): Promise<void> {
  const listed = await list(deps, name);
  if (!listed || listed.deletedAt) return;
  const tags = await tagsAt(deps, name, listed.versionId);
  if (tags["certwright:owner"] === undefined) throw foreign(name, undefined, "a Certificate");
  const command = new DeleteObjectCommand({ Bucket: deps.bucket, Key: name });
  await ask(deps, "DeleteObject", name, deps.client.send(command));
}

/** The newest version by listing alone, which needs no right to read values; strongly consistent. */
async function list(deps: S3Deps, name: string): Promise<{ versionId: string; deletedAt?: Date } | undefined> {
  // Of all keys with this prefix the key itself comes first, its versions newest first.
  const command = new ListObjectVersionsCommand({ Bucket: deps.bucket, Prefix: name, MaxKeys: 10 });
  const answer = await ask(deps, "ListBucketVersions", name, deps.client.send(command));
  const newest = answer?.Versions?.find(({ Key }) => Key === name);
  if (newest?.VersionId === undefined) return undefined;
  const marker = answer?.DeleteMarkers?.find(({ Key, IsLatest }) => Key === name && IsLatest);
  return { versionId: newest.VersionId, ...(marker?.LastModified && { deletedAt: marker.LastModified }) };
}

async function head(deps: S3Deps, name: string) {
  const command = new HeadObjectCommand({ Bucket: deps.bucket, Key: name });
  const answer = await ask(deps, "GetObject", name, deps.client.send(command), [404]);
  return answer && { versionId: answer.VersionId ?? "", etag: answer.ETag ?? "", token: answer.Metadata?.[tokenKey] };
}

async function tagsAt(deps: S3Deps, name: string, versionId: string): Promise<Tags> {
  const command = new GetObjectTaggingCommand({ Bucket: deps.bucket, Key: name, VersionId: versionId });
  // 404: gone since, or (in the emulator only) hidden by a delete marker.
  const answer = await ask(deps, "GetObjectVersionTagging", name, deps.client.send(command), [404]);
  return Object.fromEntries((answer?.TagSet ?? []).map(({ Key, Value }) => [Key, Value]));
}

function written(deps: S3Deps, write: SecretWrite, versionId: string | undefined): Written {
  return { arn: arnOf(deps, write.name), versionId: versionId ?? "" };
}

function arnOf(deps: S3Deps, name: string): string {
  return `arn:${deps.partition ?? "aws"}:s3:::${deps.bucket}/${name}`;
}

/** The answer, or undefined when S3 refused with one of these statuses. */
async function ask<Answer>(
  deps: S3Deps,
  action: string,
  name: string,
  answer: Promise<Answer>,
  refusals: number[] = [],
): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    const missingBucket = awsErrorName(error) === "NoSuchBucket";
    if (!missingBucket && refusals.includes(awsStatus(error) ?? 0)) return undefined;
    throw awsFault(error, { service: "S3", action: `s3:${action}`, resource: arnOf(deps, name), subject: "Secret" });
  }
}
