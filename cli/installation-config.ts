import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import * as z from "zod/mini";
import { awsErrorName } from "../core/aws-fault.ts";
import { Failure } from "./failure.ts";
import type { Place } from "./place.ts";

/** What every SDK client of the command line is made with; nothing means the usual AWS environment. */
export interface AwsSettings {
  endpoint?: string;
  region?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
  requestHandler?: { connectionTimeout: number; requestTimeout: number; throwOnRequestTimeout: boolean };
}

/** The part of `/certwright/<instance>/config` that the command line needs. */
export type InstallationConfig = z.infer<typeof configSchema>;

const configSchema = z.object({
  instance: z.string(),
  stateMachineArn: z.string(),
  requestsTable: z.string(),
  stateTable: z.string(),
  secretsBucket: z.string(),
});

/** Reads the installation's SSM parameter. Throws Failure that says which is missing: credentials, region, right or installation. */
export async function readConfig(place: Place, aws: AwsSettings): Promise<InstallationConfig> {
  const name = `/certwright/${place.instance}/config`;
  const text = await readParameter(name, place, aws);
  try {
    return configSchema.parse(JSON.parse(text));
  } catch {
    throw new Failure(`the SSM parameter ${name} is not the config of an installation`, "Deploy again: npx cdk deploy");
  }
}

async function readParameter(name: string, place: Place, aws: AwsSettings): Promise<string> {
  try {
    const { Parameter } = await new SSMClient(aws).send(new GetParameterCommand({ Name: name }));
    return Parameter?.Value ?? "";
  } catch (error) {
    throw explained(error, name, place);
  }
}

function explained(error: unknown, name: string, place: Place): unknown {
  const message = error instanceof Error ? error.message : String(error);
  switch (reasonOf(awsErrorName(error), message)) {
    case "absent":
      return place.where === "local"
        ? new Failure("the local stack is not deployed yet", "Wait until `npm start` says that it is ready.")
        : new Failure(
            `no installation "${place.instance}" here: there is no SSM parameter ${name} in this account and region`,
            "Deploy one with `npx cdk deploy`, or name another account, region or --instance.",
          );
    case "credentials":
      return new Failure(`no usable AWS credentials: ${message}`, "Sign in, or set AWS_PROFILE; locally: `npm start`.");
    case "region":
      return new Failure("no AWS region is set", "Set AWS_REGION, or `region` in the profile.");
    case "denied":
      return new Failure(`not allowed to find the installation: ${message}`, `Allow ssm:GetParameter on ${name}.`);
    case "network":
      return new Failure(
        `${place.where === "local" ? place.endpoint : "AWS"} cannot be reached: ${message}`,
        networkFix(place),
      );
    default:
      return error;
  }
}

function reasonOf(
  name: string,
  message: string,
): "absent" | "credentials" | "region" | "denied" | "network" | undefined {
  if (name === "ParameterNotFound") return "absent";
  if (
    /^(CredentialsProvider|TokenProvider|ExpiredToken|UnrecognizedClient|InvalidSignature|InvalidClientTokenId|InvalidIdentityToken)/.test(
      name,
    )
  )
    return "credentials";
  if (/Region is missing/i.test(message)) return "region";
  if (/AccessDenied/.test(name)) return "denied";
  return /ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|TimeoutError/.test(`${name} ${message}`)
    ? "network"
    : undefined;
}

function networkFix(place: Place): string {
  return place.where === "local"
    ? "Start the local stack again: npm start"
    : "Check the network, the region and AWS_ENDPOINT_URL.";
}
