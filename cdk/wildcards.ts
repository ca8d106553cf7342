import { Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";
import type { Permission } from "../core/permission.ts";

/** Why a resource of a role may hold a `*`; one that is not listed fails cdk-nag. */
const reasons: [part: string, reason: string][] = [
  [":secret:", "Secrets are named when Certificates come; the prefix is the installation's own."],
  [":s3:::", "Objects are named when Certificates come; the prefix is the installation's own."],
  [":log-group:", "Lambda names the streams of the function's own log group."],
  [":route53:::change/", "Route 53 names a change when it makes it, and offers no ARN below that."],
  [":hostedzone/*", "The operator declared every zone of the account; the record names and types are fenced."],
  [
    ":function:",
    "Users make functions that answer for DNS later; the prefix is for them, and the operator lists others.",
  ],
  [":role/", "Tenants make their roles later; the role's own trust policy and the ExternalId decide as well."],
];
/** Why actions may be granted on `*`. */
const everywhere: [action: RegExp, reason: string][] = [
  [/^route53:ListHostedZones$/, "AWS offers no ARN for this action."],
  [/^ec2:/, "Lambda names the network interfaces when it makes them; no code that runs in the function may."],
];

/** Tells cdk-nag, per finding, why each wildcard of these permissions is needed. */
export function acknowledgeWildcards(role: IConstruct, permissions: Permission[]): void {
  const resources = new Map<string, string>();
  for (const { actions, resources: arns } of permissions) {
    for (const arn of arns.map((one) => flat(Stack.of(role).resolve(one)))) {
      const reason = reasonFor(arn, actions);
      if (reason) resources.set(arn, reason);
    }
  }
  for (const [arn, reason] of resources) {
    Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${arn}]`, reason });
  }
}

function reasonFor(arn: string, actions: string[]): string | undefined {
  if (!arn.includes("*")) return undefined;
  if (arn !== "*") return reasons.find(([part]) => arn.includes(part))?.[1];
  return everywhere.find(([pattern]) => actions.every((action) => pattern.test(action)))?.[1];
}

/** The way cdk-nag writes an ARN that holds references: `arn:<AWS::Partition>:s3:::...`. */
function flat(value: unknown): string {
  if (typeof value === "string") return value;
  const { Ref: ref, "Fn::Join": join } = value as { Ref?: string; "Fn::Join"?: [string, unknown[]] };
  return join ? join[1].map(flat).join(join[0]) : `<${ref ?? "?"}>`;
}
