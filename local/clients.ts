import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { Route53Client } from "@aws-sdk/client-route-53";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SFNClient } from "@aws-sdk/client-sfn";

/** SDK clients of one endpoint, with the `settings` to make more. */
export type Clients = ReturnType<typeof createClients>;

/** Clients of the emulator, at either of its endpoints. */
export function createClients(endpoint: string, region: string) {
  const settings = { endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  return {
    settings,
    dynamo: new DynamoDBClient(settings),
    lambda: new LambdaClient(settings),
    route53: new Route53Client(settings),
    secrets: new SecretsManagerClient(settings),
    steps: new SFNClient(settings),
  };
}
