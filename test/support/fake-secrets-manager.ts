import { Buffer } from "node:buffer";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Around } from "./faults.ts";
import { clientAround } from "./faults.ts";

interface Version {
  value: string;
  stages: Set<string>;
}

/** One secret as AWS keeps it. */
export interface FakeSecret {
  arn: string;
  kmsKeyId: string | undefined;
  tags: Map<string, string>;
  versions: Map<string, Version>;
  deletedAt?: Date;
}

type Input = Record<string, unknown> & {
  Name: string;
  SecretId: string;
  SecretString: string;
  ClientRequestToken: string;
  KmsKeyId?: string;
  Tags?: { Key: string; Value: string }[];
  VersionStages?: string[];
  VersionStage: string;
  MoveToVersionId?: string;
  RemoveFromVersionId?: string;
  RecoveryWindowInDays?: number;
};

/**
 * AWS Secrets Manager with the rules that the emulator does not hold: the token is the version id, the first version is
 * AWSCURRENT whatever is asked, a version is immutable per token, a label lies on one version only, moving one needs
 * RemoveFromVersionId, 65,536 bytes. (API reference of 2017-10-17.)
 */
export function fakeSecretsManager(around: Around = async (_call, effect) => effect()) {
  const secrets = new Map<string, FakeSecret>();
  const service = {
    send: async (command: { constructor: { name: string }; input: object }) => {
      const operation = operations[command.constructor.name];
      if (!operation) throw new Error(`the fake does not know ${command.constructor.name}`);
      return operation(secrets, command.input as Input);
    },
  };
  return { secrets, client: clientAround(service as unknown as SecretsManagerClient, around) };
}

type Secrets = Map<string, FakeSecret>;

const operations: Record<string, (secrets: Secrets, input: Input) => object> = {
  CreateSecretCommand: createSecret,
  PutSecretValueCommand: putSecretValue,
  UpdateSecretVersionStageCommand: updateSecretVersionStage,
  DescribeSecretCommand: (secrets, input) => {
    const secret = find(secrets, input);
    const labelled = [...secret.versions].filter(([, { stages }]) => stages.size > 0);
    return {
      ARN: secret.arn,
      Tags: [...secret.tags].map(([Key, Value]) => ({ Key, Value })),
      VersionIdsToStages: Object.fromEntries(labelled.map(([id, { stages }]) => [id, [...stages]])),
      ...(secret.deletedAt && { DeletedDate: secret.deletedAt }),
    };
  },
  GetSecretValueCommand: (secrets, input) => {
    const secret = usable(secrets, input);
    const stage = input.VersionStage ?? "AWSCURRENT";
    const [id, version] = holder(secret, stage) ?? [];
    if (!version) throw refusal("ResourceNotFoundException", `can't find the staging label ${stage}`);
    return { ARN: secret.arn, VersionId: id, SecretString: version.value };
  },
  TagResourceCommand: (secrets, input) => {
    setTags(usable(secrets, input), input.Tags);
    return {};
  },
  DeleteSecretCommand: (secrets, input) => {
    const secret = usable(secrets, input);
    const days = input.RecoveryWindowInDays ?? 30;
    if (days < 7 || days > 30) throw refusal("InvalidParameterException", "RecoveryWindowInDays is 7 to 30.");
    secret.deletedAt = new Date(days * 86_400_000);
    return { ARN: secret.arn };
  },
  RestoreSecretCommand: (secrets, input) => {
    const secret = find(secrets, input);
    if (!secret.deletedAt) throw refusal("InvalidRequestException", "Secret is not scheduled for deletion.");
    delete secret.deletedAt;
    return { ARN: secret.arn };
  },
};

function createSecret(secrets: Secrets, input: Input) {
  if (!/^[\w/+=.@-]{1,512}$/.test(input.Name)) throw refusal("ValidationException", "Invalid name.");
  checkValue(input);
  const known = secrets.get(input.Name);
  if (known?.deletedAt) {
    throw refusal("InvalidRequestException", "A secret with this name is already scheduled for deletion.");
  }
  const same = known?.versions.get(input.ClientRequestToken);
  if (known && same?.value !== input.SecretString) {
    throw refusal("ResourceExistsException", `The operation failed because the secret ${input.Name} already exists.`);
  }
  if (known) return { ARN: known.arn, VersionId: input.ClientRequestToken };
  const arn = `arn:aws:secretsmanager:eu-west-1:111122223333:secret:${input.Name}-a1B2c3`;
  const secret: FakeSecret = { arn, kmsKeyId: input.KmsKeyId, tags: new Map(), versions: new Map() };
  setTags(secret, input.Tags);
  secrets.set(input.Name, secret);
  addVersion(secret, input, ["AWSCURRENT"]);
  return { ARN: arn, VersionId: input.ClientRequestToken };
}

function putSecretValue(secrets: Secrets, input: Input) {
  const secret = usable(secrets, input);
  checkValue(input);
  const same = secret.versions.get(input.ClientRequestToken);
  if (same && same.value !== input.SecretString) {
    throw refusal("ResourceExistsException", "A version with this token has other content.");
  }
  if (!same) addVersion(secret, input, input.VersionStages ?? ["AWSCURRENT"]);
  const stages = secret.versions.get(input.ClientRequestToken)?.stages ?? new Set();
  return { ARN: secret.arn, VersionId: input.ClientRequestToken, VersionStages: [...stages] };
}

function updateSecretVersionStage(secrets: Secrets, input: Input) {
  const secret = usable(secrets, input);
  const { VersionStage: stage, MoveToVersionId: to, RemoveFromVersionId: from } = input;
  for (const id of [to, from]) {
    if (id && !secret.versions.has(id)) throw refusal("ResourceNotFoundException", `can't find the version ${id}`);
  }
  const attached = holder(secret, stage)?.[0];
  if (from && from !== attached) {
    throw refusal("InvalidParameterException", `RemoveFromVersionId must be the version that has ${stage}.`);
  }
  if (attached && attached !== to && !from) {
    throw refusal("InvalidParameterException", "The parameter RemoveFromVersionId can't be empty.");
  }
  if (!to) throw refusal("InvalidParameterException", "The fake only moves labels.");
  moveStage(secret, stage, to);
  return { ARN: secret.arn };
}

function addVersion(secret: FakeSecret, input: Input, stages: string[]) {
  const first = secret.versions.size === 0;
  secret.versions.set(input.ClientRequestToken, { value: input.SecretString, stages: new Set() });
  const labels = first ? new Set([...stages, "AWSCURRENT"]) : stages;
  for (const stage of labels) moveStage(secret, stage, input.ClientRequestToken);
}

function moveStage(secret: FakeSecret, stage: string, to: string) {
  const [from, holding] = holder(secret, stage) ?? [];
  if (from === to) return;
  holding?.stages.delete(stage);
  secret.versions.get(to)?.stages.add(stage);
  if (stage === "AWSCURRENT" && from) moveStage(secret, "AWSPREVIOUS", from);
}

function holder(secret: FakeSecret, stage: string): [string, Version] | undefined {
  return [...secret.versions].find(([, { stages }]) => stages.has(stage));
}

function checkValue(input: Input) {
  if (Buffer.byteLength(input.SecretString) > 65_536) throw refusal("ValidationException", "SecretString is too long.");
  if (!/^.{32,64}$/.test(input.ClientRequestToken))
    throw refusal("ValidationException", "A token has 32 to 64 letters.");
}

function setTags(secret: FakeSecret, tags: Input["Tags"] = []) {
  for (const { Key, Value } of tags) {
    if (Value.length > 256) throw refusal("InvalidParameterException", "A tag has at most 256 characters.");
    secret.tags.set(Key, Value);
  }
}

function find(secrets: Secrets, { SecretId }: Input): FakeSecret {
  const secret = secrets.get(SecretId);
  if (!secret) throw refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
  return secret;
}

function usable(secrets: Secrets, input: Input): FakeSecret {
  const secret = find(secrets, input);
  if (secret.deletedAt) throw refusal("InvalidRequestException", "The secret was marked for deletion.");
  return secret;
}

function refusal(name: string, message: string): Error {
  return Object.assign(new Error(message), { name, $fault: "client", $metadata: { httpStatusCode: 400 } });
}
