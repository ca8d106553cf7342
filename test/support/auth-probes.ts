import type { FunctionName } from "../../cdk/functions.ts";
import type { AuthCall } from "./auth-calls.ts";
import { ours, parts, records, rows, sealing, secret } from "./auth-calls.ts";
import { namelessResource } from "./auth-conditions.ts";
import { things } from "./auth-refusals.ts";
import type { Policy } from "./iam-template.ts";

/**
 * Calls that AWS allows by the policy as it is written, and the emulator refuses, because it does not say what the policy asks
 * for. The day it does, the probe fails, and what it stands for leaves auth-conditions.ts.
 */
export const probes: { unsaid: string; by: FunctionName | Policy; call: AuthCall }[] = [
  { unsaid: "dynamodb:LeadingKeys", by: "accept-request", call: rows.put("requests", "web") },
  { unsaid: "kms:EncryptionContext:instance", by: "prepare", call: sealing.seal() },
  { unsaid: "events:source", by: "write-secret", call: parts.tell("certwright") },
  { unsaid: "route53:ChangeResourceRecordSetsActions", by: "publish-challenge", call: records.change(ours) },
  { unsaid: "secretsmanager:RecoveryWindowInDays", by: "dispatch", call: secret.remove(things.mine) },
  { unsaid: "sts:ExternalId", by: "publish-challenge", call: parts.assume("certwright-shop-dns", "certwright/shop") },
  {
    unsaid: "aws:PrincipalArn",
    by: lookingAtState({ ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/*" } }),
    call: rows.get("state"),
  },
  {
    unsaid: "aws:SecureTransport",
    by: lookingAtState({ Bool: { "aws:SecureTransport": "true" } }),
    call: rows.get("state"),
  },
  { unsaid: namelessResource, by: "check-propagation", call: records.askForChange() },
];

/** Beside them, so that a probe is not refused for another reason: no condition, and one that the emulator does fill. */
export const controls: { title: string; by: Policy; call: AuthCall }[] = [
  { title: "no condition", by: lookingAtState({}), call: rows.get("state") },
  {
    title: "a condition on who calls",
    by: lookingAtState({ StringEquals: { "aws:PrincipalAccount": "000000000000" } }),
    call: rows.get("state"),
  },
];

function lookingAtState(condition: Record<string, Record<string, unknown>>): Policy {
  const Resource = "arn:aws:dynamodb:*:*:table/certwright-state";
  return {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "dynamodb:GetItem", Resource, Condition: condition }],
  };
}
