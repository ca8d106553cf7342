import type { S3Client } from "@aws-sdk/client-s3";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type AwsWorld, awsError, type Command, sender } from "./aws.ts";
import { type Throttle, throttle, unlimited } from "./throttle.ts";

type Input = Command["input"];

/** Secrets Manager as one account sees it. */
export interface FleetSecrets {
  secrets: Map<string, FleetSecret>;
  writes: Throttle;
}

interface FleetSecret {
  tags: { Key: string; Value: string }[];
  current: string;
  /** Written, not yet promoted. */
  pending?: string;
  value: string | undefined;
}

/** 50 a second for everything that changes a secret (performance.md 1.4). */
export function fleetSecrets({ clock }: Pick<AwsWorld, "clock">, lenient: boolean): FleetSecrets {
  return { secrets: new Map(), writes: throttle(clock, lenient ? unlimited : { burst: 50, perSecond: 50 }) };
}

/** Only what the pipeline reads again is kept: an account's key, not a hundred thousand values. */
const kept = (name: string) => name.includes("/_cluster/");

/** A Secrets Manager client; each call that touches a value also costs a call of KMS. */
export function secretsClient(world: AwsWorld, { secrets, writes }: FleetSecrets): SecretsManagerClient {
  const kms = (action: string) => world.used.add(`kms ${action} by a service`);
  return sender<SecretsManagerClient>(world, {
    name: "secretsmanager",
    ms: (action) => (action.startsWith("Get") || action.startsWith("Describe") ? 15 : 50),
    limit: (action) => (action.startsWith("Get") || action.startsWith("Describe") ? undefined : writes),
    run: (action, input: Input) => {
      if (action === "CreateSecret" || action === "PutSecretValue") kms("GenerateDataKey");
      if (action === "GetSecretValue") kms("Decrypt");
      return secretAnswer(secrets, action, input);
    },
  });
}

function secretAnswer(secrets: Map<string, FleetSecret>, action: string, input: Input): object {
  if (action === "CreateSecret") return createSecret(secrets, input);
  const secret = secrets.get(input.SecretId);
  if (!secret) throw awsError("ResourceNotFoundException", 400, "Secrets Manager can't find the specified secret.");
  const ARN = arnOf(input.SecretId);
  switch (action) {
    case "GetSecretValue":
      return { ARN, VersionId: secret.current, SecretString: secret.value };
    case "DescribeSecret":
      return { ARN, Tags: secret.tags, VersionIdsToStages: { [secret.current]: ["AWSCURRENT"] } };
    case "PutSecretValue":
      secret.pending = input.ClientRequestToken;
      return { ARN, VersionId: input.ClientRequestToken };
    case "UpdateSecretVersionStage":
      if (input.RemoveFromVersionId !== secret.current || input.MoveToVersionId !== secret.pending)
        throw awsError("InvalidParameterException", 400);
      secret.current = input.MoveToVersionId;
      return { ARN };
    default:
      throw new Error(`the fleet's Secrets Manager does not know ${action}`);
  }
}

function createSecret(secrets: Map<string, FleetSecret>, input: Input): object {
  if (secrets.has(input.Name)) throw awsError("ResourceExistsException", 400);
  const value = kept(input.Name) ? input.SecretString : undefined;
  secrets.set(input.Name, { tags: input.Tags, current: input.ClientRequestToken, value });
  return { ARN: arnOf(input.Name), VersionId: input.ClientRequestToken };
}

function arnOf(name: string): string {
  return `arn:aws:secretsmanager:us-east-1:111122223333:secret:${name}-a1B2c3`;
}

/** One object of the secrets bucket. */
export interface FleetObject {
  versionId: string;
  token: string;
  tags: string;
  bytes: number;
}

/** How long one bucket key of KMS serves all objects of a bucket. */
const bucketKeyMs = 5 * 60_000;

/** An S3 client; its bucket key makes the calls of KMS few. */
export function s3Client(world: AwsWorld, objects: Map<string, FleetObject>): S3Client {
  let keyUntil = 0;
  return sender<S3Client>(world, {
    name: "s3",
    ms: (action) => (action === "PutObject" ? 45 : 20),
    run: (action, input: Input) => {
      if (action === "PutObject" && keyUntil < world.clock.at()) {
        keyUntil = world.clock.at() + bucketKeyMs;
        world.used.add("kms GenerateDataKey by a service");
      }
      return objectAnswer(objects, action, input);
    },
  });
}

function objectAnswer(objects: Map<string, FleetObject>, action: string, input: Input): object {
  if (action === "PutObject") return putObject(objects, input);
  const object = objects.get(input.Key);
  if (!object) throw awsError("NotFound", 404);
  switch (action) {
    case "HeadObject":
      return { VersionId: object.versionId, ETag: object.versionId, Metadata: { "certwright-token": object.token } };
    case "GetObjectTagging":
      return { TagSet: [...new URLSearchParams(object.tags)].map(([Key, Value]) => ({ Key, Value })) };
    default:
      throw new Error(`the fleet's S3 does not know ${action}`);
  }
}

function putObject(objects: Map<string, FleetObject>, input: Input): object {
  const there = objects.get(input.Key);
  const refused = there ? input.IfNoneMatch === "*" || input.IfMatch !== there.versionId : input.IfMatch !== undefined;
  if (refused) throw awsError("PreconditionFailed", 412);
  const token = input.Metadata["certwright-token"];
  const versionId = `v-${token}`.slice(-32);
  objects.set(input.Key, { versionId, token, tags: input.Tagging, bytes: Buffer.byteLength(input.Body) });
  return { VersionId: versionId, ETag: versionId };
}
