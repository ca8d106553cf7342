import { readFileSync } from "node:fs";

/** A statement of a policy, with every reference resolved. */
export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Principal?: unknown;
  Action: string | string[];
  /** Absent in a trust policy only. */
  Resource?: string | string[];
  Condition?: Record<string, Record<string, unknown>>;
}

export interface Policy {
  Version: string;
  Statement: Statement[];
}

/** Where a template is deployed. */
export interface Place {
  account: string;
  region: string;
  /** ARNs of KMS keys by a part of their logical id: `{ KeyMaterial: "arn:aws:kms:..." }`; others are made up. */
  keys?: Record<string, string>;
}

/** The policies of a synthesized installation, as IAM would read them. */
export interface Installed {
  place: Place;
  /** The role of a function by its folder, or `issue-certificates`. */
  role(name: string): Policy;
  roles: string[];
  /** The policy of a resource that has one: a key, the bucket, the queue. */
  resourcePolicy(arn: string): Policy | undefined;
  /** ARN of a resource by its name or a part of its logical id. */
  arn(type: string, name?: string): string;
}

interface Resource {
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation's own shapes.
  Properties: any;
}
type Resources = Record<string, Resource>;

/** Reads a template file with concrete account and region, as the CDK synthesizes it for a known environment. */
export function readInstalled(file: string, place: Place, instance = "certwright"): Installed {
  const resources: Resources = JSON.parse(readFileSync(file, "utf8")).Resources;
  const resolved = resolver(resources, place);
  const all = Object.entries(resources);
  const roles = new Map(
    all
      .filter(([, { Type }]) => Type === "AWS::IAM::Role")
      .map(([id, { Properties }]) => [roleName(Properties, instance), resolved(rolePolicy(id, all)) as Policy]),
  );
  const policies = new Map(attachedPolicies(all, resolved));
  return {
    place,
    roles: [...roles.keys()],
    role: (name) => roles.get(name) ?? missing(`role ${name}`),
    // The policy of a bucket speaks for its objects.
    resourcePolicy: (arn) => policies.get(arn) ?? policies.get(arn.split("/")[0] ?? ""),
    arn: (type, name = "") => {
      const found = all.filter(([id, one]) => one.Type === type && (id.includes(name) || nameOf(one) === name));
      if (found.length !== 1 || !found[0]) throw new Error(`${found.length} of ${type} ${name}, not one`);
      return arnOf(found[0], place);
    },
  };
}

function roleName({ RoleName }: Resource["Properties"], instance: string): string {
  return String(RoleName).replace(`${instance}-`, "");
}

/** Its own policies and those that are attached to it. */
function rolePolicy(id: string, all: [string, Resource][]): Policy {
  const documents = all.flatMap(([each, { Type, Properties }]): { PolicyDocument: Policy }[] => {
    if (each === id) return Properties.Policies ?? [];
    const roles: { Ref?: string }[] = Type === "AWS::IAM::Policy" ? (Properties.Roles ?? []) : [];
    return roles.some(({ Ref: ref }) => ref === id) ? [Properties] : [];
  });
  return { Version: "2012-10-17", Statement: documents.flatMap(({ PolicyDocument: document }) => document.Statement) };
}

const attached: Record<string, string> = {
  "AWS::S3::BucketPolicy": "Bucket",
  "AWS::SQS::QueuePolicy": "Queues",
};

/** By the ARN of the resource that has it. */
function attachedPolicies(all: [string, Resource][], resolved: (value: unknown) => unknown): [string, Policy][] {
  const arn = (id: string) => resolved({ "Fn::GetAtt": [id, "Arn"] }) as string;
  return all.flatMap(([id, { Type, Properties }]): [string, Policy][] => {
    if (Type === "AWS::KMS::Key") return [[arn(id), resolved(Properties.KeyPolicy) as Policy]];
    const owner = [Properties?.[attached[Type] ?? ""]].flat()[0]?.Ref;
    return owner ? [[arn(owner), resolved(Properties.PolicyDocument) as Policy]] : [];
  });
}

/** Replaces Ref, Fn::GetAtt and Fn::Join by what they stand for; anything else it does not know it refuses. */
function resolver(resources: Resources, place: Place) {
  const resource = (id: string): [string, Resource] => [id, resources[id] ?? missing(id)];
  const resolved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolved);
    if (typeof value !== "object" || value === null) return value;
    const { Ref: ref, "Fn::GetAtt": attribute, "Fn::Join": join } = value as Record<string, [string, unknown]>;
    if (join) return (resolved(join[1]) as string[]).join(join[0]);
    if (attribute) return attributeOf(resource(attribute[0]), String(attribute[1]), place);
    if (ref) return pseudo(String(ref), place) ?? nameOf(resource(String(ref))[1]);
    const unknown = Object.keys(value).find((key) => key.startsWith("Fn::"));
    if (unknown) throw new Error(`${unknown} cannot be resolved`);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolved(each)]));
  };
  return resolved;
}

function pseudo(ref: string, { account, region }: Place): string | undefined {
  return { "AWS::Partition": "aws", "AWS::AccountId": account, "AWS::Region": region }[ref];
}

function attributeOf(resource: [string, Resource], attribute: string, place: Place): string {
  if (attribute === "StreamArn") return `${arnOf(resource, place)}/stream/2026-01-01T00:00:00.000`;
  return attribute === "Arn" ? arnOf(resource, place) : missing(`${resource[0]}.${attribute}`);
}

const arnParts: Record<string, string> = {
  "AWS::DynamoDB::GlobalTable": "dynamodb:R:A:table/",
  "AWS::Events::EventBus": "events:R:A:event-bus/",
  "AWS::Events::Rule": "events:R:A:rule/",
  "AWS::IAM::Role": "iam::A:role/",
  "AWS::Lambda::Function": "lambda:R:A:function:",
  "AWS::Logs::LogGroup": "logs:R:A:log-group:",
  "AWS::S3::Bucket": "s3:::",
  "AWS::SQS::Queue": "sqs:R:A:",
  "AWS::StepFunctions::StateMachine": "states:R:A:stateMachine:",
};

function arnOf([id, resource]: [string, Resource], { account, region, keys = {} }: Place): string {
  if (resource.Type === "AWS::KMS::Key") {
    const known = Object.entries(keys).find(([part]) => id.includes(part))?.[1];
    return known ?? `arn:aws:kms:${region}:${account}:key/${id}`;
  }
  const parts = arnParts[resource.Type];
  return parts
    ? `arn:aws:${parts.replace(":R:", `:${region}:`).replace(":A:", `:${account}:`)}${nameOf(resource)}`
    : id;
}

function nameOf({ Properties }: Resource): string | undefined {
  const entry = Object.entries(Properties ?? {}).find(([key]) => /^(\w+)?Name$/.test(key));
  return typeof entry?.[1] === "string" ? entry[1] : undefined;
}

function missing(what: string): never {
  throw new Error(`the template has no ${what}`);
}
