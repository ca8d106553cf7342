import { allowedContextKeysForRequest, runSimulation } from "@cloud-copilot/iam-simulate";
import type { Installed, Policy, Statement } from "./iam-template.ts";

/** What AWS asks IAM for a call: one action on one resource, with the condition keys that AWS fills. */
export interface IamRequest {
  action: string;
  /** `*` for actions without resources. */
  resource: string;
  context: Record<string, string | string[]>;
}

/** Who asks. */
export interface Principal {
  /** ARN of a role. */
  arn: string;
  policy: Policy;
}

export interface Verdict {
  allowed: boolean;
  /** Statements of the principal's own policy that allow it. */
  by: Statement[];
}

/**
 * Asks the policy engine, a library that nothing but this file uses. It knows AWS's service authorization reference: an
 * unknown action, a resource that the action does not take, a condition key that AWS does not fill for it, and a policy that
 * is not valid, are errors here and not denials.
 */
export async function judge(principal: Principal, request: IamRequest, resourcePolicy?: Policy): Promise<Verdict> {
  const [, , , , account = ""] = principal.arn.split(":");
  const policy = concerning(principal.policy, request.action);
  const answer = await runSimulation(
    {
      request: {
        principal: principal.arn,
        action: request.action,
        resource: { resource: request.resource, accountId: request.resource.split(":")[4] || account },
        contextVariables: { ...callerContext(principal.arn, account), ...aliased(request.context) },
      },
      identityPolicies: [{ name: "own", policy: aliased(policy) }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resourcePolicy && { resourcePolicy: aliased(resourcePolicy) }),
    },
    {},
  );
  if (answer.resultType !== "single") {
    throw new Error(`${request.action} on ${request.resource}: ${JSON.stringify(answer).slice(0, 500)}`);
  }
  const { analysis, ignoredContextKeys = [] } = answer.result;
  await refuseUnfit(request, ignoredContextKeys);
  const statements = (analysis.identityAnalysis?.allowStatements ?? []).map(
    ({ statement }) => policy.Statement[statement.index() - 1],
  );
  return { allowed: answer.overallResult === "Allowed", by: statements.filter((one) => one !== undefined) };
}

const seen = new WeakMap<Policy, Map<string, Policy>>();

/**
 * The statements that may speak of an action, which is far quicker for a role with many; the whole policy the first time it
 * is asked, since the engine looks at that for errors.
 */
function concerning(policy: Policy, action: string): Policy {
  const known = seen.get(policy);
  if (!known) {
    seen.set(policy, new Map());
    return policy;
  }
  const part = known.get(action) ?? { ...policy, Statement: policy.Statement.filter((one) => mayConcern(one, action)) };
  known.set(action, part);
  return part.Statement.length > 0 ? part : policy;
}

function mayConcern({ Action: actions = "*" }: Partial<Statement>, action: string): boolean {
  return [actions].flat().some((one) => /[*?]/.test(one) || one.toLowerCase() === action.toLowerCase());
}

/** The role of a function by its folder, or of the state machine. */
export function rolePrincipal({ place, role }: Installed, name: string): Principal {
  return { arn: `arn:aws:iam::${place.account}:role/certwright-${name}`, policy: role(name) };
}

/** Weighs a role's request together with the policy of the resource, if that has one. */
export function judgeRole(installed: Installed, name: string, request: IamRequest): Promise<Verdict> {
  const attached = request.action === "sts:AssumeRole" ? openTrust : installed.resourcePolicy(request.resource);
  return judge(rolePrincipal(installed, name), request, attached);
}

// Whom a role trusts is for its owner to say. Here it trusts everybody, so that our own rights alone decide.
const openTrust: Policy = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }],
};

function callerContext(arn: string, account: string) {
  return {
    "aws:PrincipalArn": arn,
    "aws:PrincipalAccount": account,
    "aws:SecureTransport": "true",
    "s3:TlsVersion": "1.3",
  };
}

/** A family of keys that KMS fills. The engine knows it, but drops its members; it keeps those of `aws:RequestTag`. */
const family = "kms:EncryptionContext:";
const alias = `aws:RequestTag/${family}`;
const aliases = new WeakMap<object, unknown>();

/** The same policy or context with another name for that family; the same object for the same policy. */
function aliased<Value extends object>(value: Value): Value {
  const known = aliases.get(value);
  if (known) return known as Value;
  const renamed = JSON.parse(JSON.stringify(value).replaceAll(`"${family}`, `"${alias}`)) as Value;
  aliases.set(value, renamed);
  return renamed;
}

async function refuseUnfit({ action, resource, context }: IamRequest, ignored: string[]): Promise<void> {
  const unfit = Object.keys(context).filter((key) => ignored.includes(key));
  const [service = "", verb = ""] = action.split(":");
  const members = Object.keys(context).filter((key) => key.startsWith(family));
  if (members.length > 0) {
    const keys = await allowedContextKeysForRequest(service, verb, resource, false, undefined);
    if (!keys.some((key) => key.startsWith(family.toLowerCase()))) unfit.push(...members);
  }
  if (unfit.length > 0) throw new Error(`AWS fills no ${unfit.join(", ")} for ${action}`);
}
