import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { dynamoRequests } from "../adapters/aws/requests.ts";
import { dynamoState } from "../adapters/aws/state.ts";
import { stores } from "../adapters/stores/index.ts";
import type { StoreName } from "../core/rows.ts";
import { annotator } from "./annotate.ts";
import { Failure } from "./failure.ts";
import { type AwsSettings, type InstallationConfig, readConfig } from "./installation-config.ts";
import { type Environment, findPlace, type Place } from "./place.ts";
import type { Installation } from "./verb.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));

/** Finds the installation (cli/place.ts), reads its config and opens its tables. Throws Failure. */
export async function connect(env: Environment, asked: string | undefined): Promise<Installation> {
  const place = findPlace(env, asked, checkout);
  const aws = settingsOf(place);
  const config = await readConfig(place, aws);
  const client = new DynamoDBClient(aws);
  const clock = { now: () => new Date() };
  return {
    instance: config.instance,
    roleArn: (folder) => roleArn(config, folder),
    requests: dynamoRequests({ client, table: config.requestsTable }),
    state: dynamoState({ client, table: config.stateTable, clock }),
    clock,
    annotate: annotator({ client, table: config.requestsTable }),
    readSecret: async (store, name) =>
      (await openStore(store, aws, config.secretsBucket)).read(name).then((it) => it?.value),
    describeSecret: async (store, name) => (await openStore(store, aws, config.secretsBucket)).describe(name),
    sleep: async (ms, signal) => {
      await sleep(ms, undefined, signal && { signal }).catch(() => undefined);
    },
  };
}

/** As cdk/names.ts has it. */
function roleArn({ instance, stateMachineArn }: InstallationConfig, folder: string): string {
  const [arn, partition, , , account] = stateMachineArn.split(":");
  return `${arn}:${partition}:iam::${account}:role/${instance}-${folder}`;
}

/** The emulator takes any credentials; the real ones of this machine, if there are any, stay where they are. */
function settingsOf(place: Place): AwsSettings {
  if (place.where === "aws") return { requestHandler };
  const { endpoint, region } = place;
  return { requestHandler, endpoint, region, credentials: { accessKeyId: "local", secretAccessKey: "local" } };
}

/** A request that nobody answers ends, so that a watch goes on. */
const requestHandler = { connectionTimeout: 10_000, requestTimeout: 30_000, throwOnRequestTimeout: true };

async function openStore(name: StoreName, aws: AwsSettings, bucket: string) {
  const connectors = {
    secretsManager: async () => (await stores.secretsManager()).connect(aws, {}),
    s3: async () => (await stores.s3()).connect(aws, { bucket }),
  };
  if (!Object.hasOwn(connectors, name)) throw new Failure(`there is no store "${name}" in this version of certwright`);
  return connectors[name]();
}
