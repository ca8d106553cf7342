import type { Call } from "../../local/calls.ts";
import { dynamoRequests } from "./iam-dynamodb.ts";
import type { IamRequest } from "./iam-engine.ts";
import { s3Requests } from "./iam-s3.ts";
import type { KnownSecret } from "./iam-stores.ts";
import { kmsRequests, secretRequests } from "./iam-stores.ts";
import type { Place } from "./iam-template.ts";

/** What AWS knows besides the call. */
export interface Surroundings {
  place: Place;
  /** A secret by name, as it was at a call; undefined when there was none. */
  secret(name: string, call: Call): KnownSecret | undefined;
  /** ARN of the key for key material. */
  keyMaterial: string;
  /** ARN of the key of everything else. */
  records: string;
}

/** What IAM would have been asked for a recorded call, and for what AWS does on the caller's behalf. */
export function iamRequestsOf(call: Call, around: Surroundings): IamRequest[] {
  const { place, secret, keyMaterial, records } = around;
  if (call.parameters && "cut" in (call.parameters as object))
    throw new Error(`${call.action} was recorded in part only`);
  switch (call.service) {
    case "dynamodb":
      return [...dynamoRequests(call, place), throughDynamo(place, records)];
    case "secretsmanager":
      return secretRequests(call, place, secret);
    case "kms":
      return kmsRequests(call, place);
    case "s3":
      return s3Requests(call, place, keyMaterial);
    default:
      return [plainRequest(call, place)];
  }
}

function plainRequest(call: Call, place: Place): IamRequest {
  const make = plain[`${call.service}:${call.action}`];
  if (!make) throw new Error(`${call.service}:${call.action} is not known here`);
  return make(call.parameters as Asked, place);
}

interface Asked {
  path: string;
  changes: string[];
  Entries: { Source: string; DetailType: string; EventBusName: string }[];
  stateMachineArn: string;
  RoleArn: string;
  ExternalId?: string;
  RoleSessionName: string;
}

const plain: Record<string, (asked: Asked, place: Place) => IamRequest> = {
  "route53:ListHostedZones": () => ({ action: "route53:ListHostedZones", resource: "*", context: {} }),
  "route53:ListResourceRecordSets": ({ path }) => ({
    action: "route53:ListResourceRecordSets",
    resource: `arn:aws:route53:::hostedzone/${inPath(path, "hostedzone")}`,
    context: {},
  }),
  "route53:GetChange": ({ path }) => ({
    action: "route53:GetChange",
    resource: `arn:aws:route53:::change/${inPath(path, "change")}`,
    context: {},
  }),
  "route53:ChangeResourceRecordSets": ({ path, changes }) => recordChange(inPath(path, "hostedzone"), changes),
  "lambda:Invoke": ({ path }, { region, account }) => ({
    action: "lambda:InvokeFunction",
    resource: `arn:aws:lambda:${region}:${account}:function:${inPath(path, "functions")}`,
    context: {},
  }),
  "states:StartExecution": ({ stateMachineArn }) => ({
    action: "states:StartExecution",
    resource: stateMachineArn,
    context: {},
  }),
  "events:PutEvents": ({ Entries }, { region, account }) => ({
    action: "events:PutEvents",
    resource: `arn:aws:events:${region}:${account}:event-bus/${only(Entries.map(({ EventBusName }) => EventBusName))}`,
    context: { "events:source": each(Entries.map(({ Source }) => Source)) },
  }),
  "sts:AssumeRole": ({ RoleArn, ExternalId, RoleSessionName }) => ({
    action: "sts:AssumeRole",
    resource: RoleArn,
    context: { "sts:RoleSessionName": RoleSessionName, ...(ExternalId && { "sts:ExternalId": ExternalId }) },
  }),
};

/**
 * A change of records, each as `CREATE TXT _acme-challenge.example.com`
 * (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html).
 */
export function recordChange(zone: string, changes: string[]): IamRequest {
  const parts = changes.map((change) => change.split(" ") as [string, string, string]);
  const condition = (suffix: string, values: string[]) => [`route53:ChangeResourceRecordSets${suffix}`, each(values)];
  return {
    action: "route53:ChangeResourceRecordSets",
    resource: `arn:aws:route53:::hostedzone/${zone}`,
    context: Object.fromEntries([
      condition(
        "NormalizedRecordNames",
        parts.map(([, , name]) => normalized(name)),
      ),
      condition(
        "RecordTypes",
        parts.map(([, type]) => type),
      ),
      condition(
        "Actions",
        parts.map(([verb]) => verb),
      ),
    ]),
  };
}

/** Lower case, no dot at the end, other characters than a-z, 0-9, `-`, `_` and `.` in octal. */
function normalized(name: string): string {
  const bare = name.toLowerCase().replace(/\.$/, "");
  return bare.replace(/[^a-z0-9._\\-]/g, (other) => `\\${other.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

/** A table under a key of ours: DynamoDB uses the key for whoever uses the table. */
function throughDynamo({ region, account }: Place, key: string): IamRequest {
  const context = { "kms:CallerAccount": account, "kms:ViaService": `dynamodb.${region}.amazonaws.com` };
  return { action: "kms:Decrypt", resource: key, context };
}

function inPath(path: string, before: string): string {
  return new RegExp(`/${before}/([^/?]+)`).exec(path)?.[1] ?? "";
}

function each(values: string[]): string[] {
  return [...new Set(values)].sort();
}

function only(values: string[]): string {
  const [value = "", ...others] = each(values);
  if (others.length > 0) throw new Error(`one call to ${value} and ${others.join(", ")}`);
  return value;
}
