/**
 * What the emulator does not tell its policies as AWS does, under AUTH=true (ministack 1.5.33, core/iam_evaluator.py and
 * core/iam_actions.py): a grant that asks for one of these keys is refused always. auth.test.ts shows it for each of them.
 */
export const unfilledKeys: [key: RegExp, instead: string][] = [
  [/^dynamodb:LeadingKeys$/, "nothing: of DynamoDB's keys only Attributes, Select and EnclosingOperation are filled"],
  [/^kms:/, "nothing: neither the encryption context nor the service that asks"],
  [/^events:source$/, "nothing"],
  [/^route53:/, "nothing"],
  [/^secretsmanager:/, "nothing"],
  [/^sts:ExternalId$/, "nothing for the caller's own policy; the trust policy of the role is told"],
  [/^aws:PrincipalArn$/, "the ARN of the session, where AWS says that of the role"],
  [/^aws:SecureTransport$/, "false: the local endpoint is plain HTTP, which our buckets and queues refuse"],
];

/** GetChange is weighed against `*`, where AWS names the change. */
export const namelessResource = "arn:aws:route53:::change/*";

interface Statement {
  Effect: "Allow" | "Deny";
  Resource?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

/** A template whose policies ask only for what the emulator says. */
export function forEmulator(template: unknown): unknown {
  if (Array.isArray(template)) return template.map(forEmulator).filter((each) => each !== undefined);
  if (typeof template !== "object" || template === null) return template;
  if ("Effect" in template) return statementForEmulator(template as Statement);
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, forEmulator(value)]));
}

/** Every condition key in the policies of a template. */
export function conditionKeysIn(template: unknown): Set<string> {
  if (typeof template !== "object" || template === null) return new Set();
  const { Condition: condition } = template as Statement;
  const own = "Effect" in template ? Object.values(condition ?? {}).flatMap((keys) => Object.keys(keys)) : [];
  return new Set([...own, ...Object.values(template).flatMap((each) => [...conditionKeysIn(each)])]);
}

export function isUnfilled(key: string): boolean {
  return unfilledKeys.some(([pattern]) => pattern.test(key));
}

/** Undefined for a Deny that needs an unfilled key: without the condition it would deny everything. */
function statementForEmulator({ Condition: condition = {}, ...rest }: Statement): Statement | undefined {
  const all = Object.entries(condition);
  if (rest.Effect === "Deny" && all.some(([, keys]) => Object.keys(keys).some(isUnfilled))) return undefined;
  const kept = all
    .map(([operator, keys]) => [operator, Object.entries(keys).filter(([key]) => !isUnfilled(key))] as const)
    .filter(([, keys]) => keys.length > 0)
    .map(([operator, keys]) => [operator, Object.fromEntries(keys)]);
  return {
    ...rest,
    ...(rest.Resource === namelessResource && { Resource: "*" }),
    ...(kept.length > 0 && { Condition: Object.fromEntries(kept) }),
  };
}
