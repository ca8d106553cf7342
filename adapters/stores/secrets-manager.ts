import type { DescribeSecretResponse, SecretsManagerClientConfig, Tag } from "@aws-sdk/client-secrets-manager";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { awsErrorName, awsFault } from "../../core/aws-fault.ts";
import type { SecretStore, SecretWrite } from "../../core/ports.ts";
import { secretsManagerPermissions } from "./permissions.ts";
import type { Found } from "./rules.ts";
import { changing, foreign, needsTags, refuseForeign, refuseUnfit, stale, tagsOf } from "./rules.ts";

export interface SecretsManagerDeps {
  client: Pick<SecretsManagerClient, "send">;
  /** The key for key material; the account's own aws/secretsmanager when absent. */
  kmsKeyId?: string;
}

/**
 * AWS Secrets Manager as the store of record
 * (https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html).
 */
export const secretsManager = {
  permissions: secretsManagerPermissions,
  connect: (config: SecretsManagerClientConfig, deps: Omit<SecretsManagerDeps, "client">): SecretStore =>
    secretsManager.create({ ...deps, client: new SecretsManagerClient(config) }),
  create: (deps: SecretsManagerDeps): SecretStore => ({
    describe: async (name) => {
      const found = await look(deps, name);
      if (!found) return undefined;
      const { arn, versionId, tags, deletedAt } = found;
      return { arn, versionId, owner: tags["certwright:owner"], ...(deletedAt && { deletedAt }) };
    },
    read: (name) => read(deps, name),
    write: (write) => writeValue(deps, write),
    scheduleDeletion: (name, recoveryDays) => scheduleDeletion(deps, name, recoveryDays),
  }),
};

type Written = Awaited<ReturnType<SecretStore["write"]>>;

interface Secret extends Found {
  arn: string;
  deletedAt: Date | undefined;
}

async function writeValue(deps: SecretsManagerDeps, write: SecretWrite): Promise<Written> {
  refuseUnfit(write);
  const created = write.replaces === undefined ? await create(deps, write) : undefined;
  return created ?? (await addVersion(deps, write));
}

/** The first version; undefined when a secret of that name exists already, also in its recovery window. */
async function create({ client, kmsKeyId }: SecretsManagerDeps, write: SecretWrite): Promise<Written | undefined> {
  const command = new CreateSecretCommand({
    Name: write.name,
    SecretString: write.value,
    ClientRequestToken: write.token,
    Tags: tagList(write),
    ...(kmsKeyId && { KmsKeyId: kmsKeyId }),
  });
  const refusals = ["ResourceExistsException", "InvalidRequestException"];
  const answer = await ask("CreateSecret", write.name, client.send(command), refusals);
  return answer && { arn: answer.ARN ?? "", versionId: answer.VersionId ?? write.token };
}

async function addVersion(deps: SecretsManagerDeps, write: SecretWrite): Promise<Written> {
  const found = await look(deps, write.name);
  if (!found) throw write.replaces === undefined ? changing(write.name, "CreateSecret") : stale(write, undefined);
  refuseForeign(found, write);
  if (found.versionId === write.token) return { arn: found.arn, versionId: write.token };
  const expected = write.replaces ?? (found.deleted ? found.versionId : undefined);
  if (found.versionId !== expected) throw stale(write, found.versionId);

  if (found.deleted) await restore(deps, write.name);
  if (needsTags(found.tags, write)) await tag(deps, write);
  await put(deps, write);
  return promote(deps, write, found.arn, expected);
}

async function restore({ client }: SecretsManagerDeps, name: string): Promise<void> {
  // InvalidRequestException: another writer has restored it.
  await ask("RestoreSecret", name, client.send(new RestoreSecretCommand({ SecretId: name })), [
    "InvalidRequestException",
  ]);
}

async function tag({ client }: SecretsManagerDeps, write: SecretWrite): Promise<void> {
  const command = new TagResourceCommand({ SecretId: write.name, Tags: tagList(write) });
  await ask("TagResource", write.name, client.send(command));
}

async function put({ client }: SecretsManagerDeps, write: SecretWrite): Promise<void> {
  const command = new PutSecretValueCommand({
    SecretId: write.name,
    SecretString: write.value,
    ClientRequestToken: write.token,
    VersionStages: ["AWSPENDING"],
  });
  // A version is immutable per token and values with salt differ each time: what is there under our token is ours.
  await ask("PutSecretValue", write.name, client.send(command), ["ResourceExistsException"]);
}

/** The compare-and-swap; after a refusal what DescribeSecret says decides. */
async function promote(
  deps: SecretsManagerDeps,
  write: SecretWrite,
  arn: string,
  from: string | undefined,
): Promise<Written> {
  const command = new UpdateSecretVersionStageCommand({
    SecretId: write.name,
    VersionStage: "AWSCURRENT",
    MoveToVersionId: write.token,
    ...(from && { RemoveFromVersionId: from }),
  });
  const refusals = ["InvalidParameterException", "InvalidRequestException", "ResourceNotFoundException"];
  const moved = await ask("UpdateSecretVersionStage", write.name, deps.client.send(command), refusals);
  if (moved) return { arn, versionId: write.token };

  const current = (await look(deps, write.name))?.versionId;
  if (current === write.token) return { arn, versionId: write.token };
  // No version is current, so there is nothing to compare with. Not on AWS: the emulator takes the label from a version
  // that is put twice.
  if (current === undefined && from !== undefined) return promote(deps, write, arn, undefined);
  throw stale(write, current);
}

async function look({ client }: SecretsManagerDeps, name: string): Promise<Secret | undefined> {
  const command = new DescribeSecretCommand({ SecretId: name });
  const answer = await ask("DescribeSecret", name, client.send(command), ["ResourceNotFoundException"]);
  return (
    answer && {
      arn: answer.ARN ?? "",
      versionId: currentOf(answer),
      tags: Object.fromEntries((answer.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
      deleted: answer.DeletedDate !== undefined,
      deletedAt: answer.DeletedDate,
    }
  );
}

async function read({ client }: SecretsManagerDeps, name: string): ReturnType<SecretStore["read"]> {
  // InvalidRequestException: it is in its recovery window.
  const refusals = ["ResourceNotFoundException", "InvalidRequestException"];
  const answer = await ask(
    "GetSecretValue",
    name,
    client.send(new GetSecretValueCommand({ SecretId: name })),
    refusals,
  );
  return answer && { value: answer.SecretString ?? "", versionId: answer.VersionId ?? "" };
}

async function scheduleDeletion(deps: SecretsManagerDeps, name: string, recoveryDays: number): Promise<void> {
  const found = await look(deps, name);
  if (!found || found.deleted) return;
  if (found.tags["certwright:owner"] === undefined) throw foreign(name, undefined, "a Certificate");
  const command = new DeleteSecretCommand({ SecretId: name, RecoveryWindowInDays: recoveryDays });
  // Both: another one was faster.
  const refusals = ["ResourceNotFoundException", "InvalidRequestException"];
  await ask("DeleteSecret", name, deps.client.send(command), refusals);
}

function currentOf(answer: DescribeSecretResponse): string | undefined {
  const versions = Object.entries(answer.VersionIdsToStages ?? {});
  return versions.find(([, stages]) => stages.includes("AWSCURRENT"))?.[0];
}

function tagList(write: SecretWrite): Tag[] {
  return Object.entries(tagsOf(write)).map(([Key, Value]) => ({ Key, Value }));
}

/** The answer, or undefined when AWS refused with one of these names. */
async function ask<Answer>(
  operation: string,
  name: string,
  answer: Promise<Answer>,
  refusals: string[] = [],
): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    const refused = awsErrorName(error);
    if (refusals.includes(refused)) return undefined;
    // Deleted, or scheduled for it, between two calls.
    if (["InvalidRequestException", "ResourceNotFoundException"].includes(refused))
      throw changing(name, operation, error);
    const call = { service: "Secrets Manager", action: `secretsmanager:${operation}`, resource: name };
    throw awsFault(error, { ...call, subject: "Secret" });
  }
}
