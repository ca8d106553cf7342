import { Token } from "aws-cdk-lib";
import * as z from "zod/mini";
import type { CertwrightProps, Settings } from "./props.ts";

/** A prop or context key that cannot be used; the message names the key and the fix, for each key that is wrong. */
export class SettingsError extends Error {
  constructor(faults: string[]) {
    super(`certwright cannot be deployed like this:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
    this.name = "SettingsError";
  }
}

const zoneFault =
  "is no hosted zone id: take the one that `aws route53 list-hosted-zones` prints after /hostedzone/, like Z0123456789ABC";
const zone = text(/^(Z[A-Z0-9]{1,31}|\*)$/, zoneFault);
const validationZone = text(/^Z[A-Z0-9]{1,31}$/, zoneFault);
const instanceFault =
  "must be 2 to 20 of a-z, 0-9 and hyphens, a letter first, no hyphen last, and not begin with certwright-dns: so the functions of dns01.lambda are called";
const role = text(
  /^arn:aws[a-z-]*:iam::(\d{12}|\*):role\/[\w+=,.@/*-]+$/,
  "is no role ARN: write it like arn:aws:iam::*:role/certwright-*",
);
const dnsFunction = text(
  /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+$/,
  "is no function's ARN: write it like arn:aws:lambda:eu-central-1:123456789012:function:my-dns, without an alias",
);
const target = text(
  /^arn:aws[a-z-]*:(lambda:[a-z0-9-]+:\d{12}:function:[\w-]+|logs:[a-z0-9-]+:\d{12}:destination:.+)$/,
  "is neither a Lambda function's ARN nor that of a CloudWatch Logs destination: put a destination in front of Kinesis or Firehose",
);
const dnsName = text(
  /^(\*\.)?([a-z0-9_-]+\.)*[a-z0-9-]+$/,
  "is no DNS name: write it like www.example.com or *.example.com",
);
const host = text(/^[A-Za-z0-9.:[\]-]+$/, "is no host name: write it without scheme and path, like ca.corp.internal");
/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
const namespaceName = text(
  /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  "is no namespace: use a-z, 0-9 and hyphens, at most 63",
);
const namespace = z.strictObject(
  { dnsNames: z.optional(z.array(dnsName)) },
  { error: "may hold `dnsNames` and nothing else" },
);
const subnet = text(/^subnet-[0-9a-f]{8,17}$/, "is no subnet id: write it like subnet-0123456789abcdef0");
const securityGroup = text(/^sg-[0-9a-f]{8,17}$/, "is no security group id: write it like sg-0123456789abcdef0");
/** https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html */
const network = z.strictObject(
  { subnetIds: someOf(subnet, 16), securityGroupIds: someOf(securityGroup, 5) },
  { error: "must hold `subnetIds` and `securityGroupIds`, and nothing else" },
);

const http01 = z.strictObject(
  {
    functionUrl: z.exactOptional(z.enum(["public", "iam"], { error: "must be public or iam" })),
    concurrency: z._default(
      z.custom<number | "unreserved">(
        (value) => value === "unreserved" || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1_000),
        { error: "must be a whole number from 1 to 1000, or unreserved" },
      ),
      10,
    ),
  },
  { error: "may hold `functionUrl` and `concurrency`, and nothing else" },
);

const schema = z.strictObject(
  {
    // Names are made from it: it must be known now.
    instance: z._default(
      z
        .string({ error: "must be a text" })
        .check(z.regex(/^(?!certwright-dns)[a-z][a-z0-9-]{0,18}[a-z0-9]$/, { error: instanceFault })),
      "certwright",
    ),
    zones: z._default(z.array(zone), []),
    validationZones: z._default(z.array(validationZone), []),
    dnsPersist: z._default(z.boolean({ error: "must be true or false" }), false),
    assumableRoles: z._default(z.array(role), ["arn:aws:iam::*:role/certwright-*"]),
    dnsFunctions: z._default(z.array(dnsFunction), []),
    namespaces: z.optional(z.record(namespaceName, namespace)),
    defaultStore: z._default(
      z.enum(["secretsManager", "s3"], { error: "must be secretsManager or s3" }),
      "secretsManager",
    ),
    clusterResourceNamespace: z._default(namespaceName, "cert-manager"),
    alarmEmail: z.optional(text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "is no e-mail address")),
    logRetentionDays: z._default(z.literal(retentionDays, { error: `must be one of ${retentionDays.join(", ")}` }), 30),
    logSubscriptionArn: z.optional(target),
    removalPolicy: z._default(z.enum(["retain", "destroy"], { error: "must be retain or destroy" }), "retain"),
    allowedPrivateHosts: z._default(z.array(host), []),
    http01: z.optional(http01),
    kubernetesNetwork: z.optional(network),
  },
  { error: "is no prop of certwright: see cdk/props.ts" },
);

/** The props checked and completed. Throws SettingsError. */
export function settingsOf(props: CertwrightProps): Settings {
  const parsed = schema.safeParse(props, { reportInput: true });
  if (!parsed.success) throw new SettingsError(parsed.error.issues.map(faultOf));
  const { removalPolicy, namespaces, ...rest } = parsed.data;
  if (JSON.stringify(namespaces ?? {}).length > 2500) {
    throw new SettingsError([
      "namespaces is over 2,500 characters, more than a Lambda's environment holds: use wider patterns",
    ]);
  }
  return {
    ...rest,
    namespaces: namespaces as Settings["namespaces"],
    alarmEmail: rest.alarmEmail,
    logSubscriptionArn: rest.logSubscriptionArn,
    http01: rest.http01,
    kubernetesNetwork: rest.kubernetesNetwork,
    retain: removalPolicy === "retain",
  };
}

function faultOf(issue: z.core.$ZodIssue): string {
  const keys = issue.code === "unrecognized_keys" ? [...issue.path, ...issue.keys] : issue.path;
  const given = typeof issue.input === "string" ? ` "${issue.input}"` : "";
  const message = issue.code === "invalid_key" ? issue.issues[0]?.message : issue.message;
  return `${keys.map(String).join(".")}${given} ${message}`;
}

function someOf<Item extends z.ZodMiniType>(item: Item, most: number) {
  const error = `must be a list of 1 to ${most}`;
  return z.array(item, { error }).check(z.minLength(1, { error }), z.maxLength(most, { error }));
}

/** What another construct of the same app will make known only when it is deployed passes. */
function text(pattern: RegExp, fault: string) {
  const fits = (value: string) => Token.isUnresolved(value) || pattern.test(value);
  return z.string({ error: "must be a text" }).check(z.refine(fits, { error: fault }));
}
