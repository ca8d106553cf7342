import { createHash, randomUUID } from "node:crypto";
import type { S3Client } from "@aws-sdk/client-s3";
import type { Around } from "./faults.ts";
import { clientAround } from "./faults.ts";

/** One version of an object, or a delete marker, as S3 keeps it. */
export interface FakeVersion {
  id: string;
  at: Date;
  marker: boolean;
  body: string;
  etag: string;
  metadata: Record<string, string>;
  tags: Record<string, string>;
  input: Record<string, unknown>;
}

interface Input extends Record<string, unknown> {
  Key: string;
  VersionId?: string;
  Body: string;
  Metadata?: Record<string, string>;
  Tagging?: string;
  IfMatch?: string;
  IfNoneMatch?: string;
  Prefix: string;
  MaxKeys?: number;
}

/**
 * One versioned S3 bucket with AWS's rules for conditional writes: If-None-Match knows only `*` and lets a delete marker
 * pass, If-Match answers 412 for another ETag and 404 where nothing is current; ETags under SSE-KMS are no digest of the
 * content. (User guide, "Conditional writes".)
 */
export function fakeS3(around: Around = async (_call, effect) => effect()) {
  /** Newest first. */
  const objects = new Map<string, FakeVersion[]>();
  const service = {
    send: async (command: { constructor: { name: string }; input: object }) => {
      const operation = operations[command.constructor.name];
      if (!operation) throw new Error(`the fake does not know ${command.constructor.name}`);
      return operation(objects, command.input as Input);
    },
  };
  return { objects, client: clientAround(service as unknown as S3Client, around) };
}

type Objects = Map<string, FakeVersion[]>;

const operations: Record<string, (objects: Objects, input: Input) => object> = {
  PutObjectCommand: putObject,
  ListObjectVersionsCommand: listObjectVersions,
  HeadObjectCommand: (objects, input) => {
    const version = current(objects, input.Key);
    if (!version) throw refusal(404, "NotFound");
    return { VersionId: version.id, ETag: version.etag, Metadata: { ...version.metadata } };
  },
  GetObjectCommand: (objects, input) => {
    const version = exact(objects, input);
    return { VersionId: version.id, Body: { transformToString: async () => version.body } };
  },
  GetObjectTaggingCommand: (objects, input) => ({
    TagSet: Object.entries(exact(objects, input).tags).map(([Key, Value]) => ({ Key, Value })),
  }),
  DeleteObjectCommand: (objects, input) => ({ VersionId: add(objects, input, true).id, DeleteMarker: true }),
};

function putObject(objects: Objects, input: Input) {
  const here = current(objects, input.Key);
  if (input.IfNoneMatch !== undefined) {
    if (input.IfNoneMatch !== "*") throw refusal(501, "NotImplemented");
    if (here) throw refusal(412, "PreconditionFailed");
  }
  if (input.IfMatch !== undefined) {
    if (!here) throw refusal(404, "NoSuchKey");
    if (input.IfMatch !== here.etag) throw refusal(412, "PreconditionFailed");
  }
  const version = add(objects, input, false);
  return { VersionId: version.id, ETag: version.etag };
}

function listObjectVersions(objects: Objects, input: Input) {
  const keys = [...objects.keys()].filter((key) => key.startsWith(input.Prefix)).sort();
  const all = keys.flatMap((Key) =>
    (objects.get(Key) ?? []).map((version, index) => ({
      marker: version.marker,
      row: { Key, VersionId: version.id, IsLatest: index === 0, LastModified: version.at, ETag: version.etag },
    })),
  );
  const page = all.slice(0, input.MaxKeys ?? 1000);
  // As the SDK answers: an empty list is left out.
  const versions = page.filter(({ marker }) => !marker).map(({ row }) => row);
  const markers = page.filter(({ marker }) => marker).map(({ row }) => ({ ...row, ETag: undefined }));
  return { ...(versions.length && { Versions: versions }), ...(markers.length && { DeleteMarkers: markers }) };
}

function add(objects: Objects, input: Input, marker: boolean): FakeVersion {
  const tags = Object.fromEntries(new URLSearchParams(input.Tagging ?? ""));
  if (Object.values(tags).some((value) => value.length > 256)) throw refusal(400, "InvalidTag");
  const id = randomUUID();
  const etag = `"${createHash("md5").update(id).digest("hex")}"`;
  const at = new Date(1_700_000_000_000 + 1_000 * [...objects.values()].flat().length);
  const metadata = { ...input.Metadata };
  const version = { id, at, marker, body: input.Body ?? "", etag, metadata, tags, input };
  objects.set(input.Key, [version, ...(objects.get(input.Key) ?? [])]);
  return version;
}

function current(objects: Objects, key: string): FakeVersion | undefined {
  const newest = objects.get(key)?.[0];
  return newest?.marker ? undefined : newest;
}

function exact(objects: Objects, input: Input): FakeVersion {
  const version = input.VersionId
    ? objects.get(input.Key)?.find(({ id }) => id === input.VersionId)
    : current(objects, input.Key);
  if (!version) throw refusal(404, input.VersionId ? "NoSuchVersion" : "NoSuchKey");
  if (version.marker) throw refusal(405, "MethodNotAllowed");
  return version;
}

function refusal(httpStatusCode: number, name: string): Error {
  return Object.assign(new Error(name), { name, $fault: "client", $metadata: { httpStatusCode } });
}
