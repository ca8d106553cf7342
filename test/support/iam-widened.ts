import type { IamRequest } from "./iam-engine.ts";
import { judge } from "./iam-engine.ts";
import type { Policy, Statement } from "./iam-template.ts";

type Conditions = NonNullable<Statement["Condition"]>;

/** Every policy that asks for a little less than this one: without one of its condition keys. */
export function widened(policy: Policy): { title: string; policy: Policy }[] {
  return policy.Statement.flatMap((statement, index) => {
    const { Action: action, Resource: resource = [], Condition: condition = {} } = statement;
    const on = [resource].flat().map((arn) => arn.split(":").slice(5).join(":") || arn);
    return deciding(condition).map(([operator, key]) => ({
      title: `${[action].flat().join(",")} @ ${on.join(" ")} without ${operator} ${key} of ${JSON.stringify(condition)}`,
      policy: {
        ...policy,
        Statement: policy.Statement.with(index, { ...statement, Condition: without(condition, operator, key) }),
      },
    }));
  });
}

/** Every policy that grants one of its statements on any resource. */
export function everywhere(policy: Policy): { title: string; policy: Policy }[] {
  return policy.Statement.map((statement, index) => ({
    title: `${[statement.Action].flat().join(",")} @ * for ${[statement.Resource].flat().join(" ")}`,
    policy: { ...policy, Statement: policy.Statement.with(index, { ...statement, Resource: "*" }) },
  }));
}

/** The first request that only the wider policy allows, whatever the policies of keys and roles say besides. */
export async function onlyIn(wider: Policy, policy: Policy, requests: IamRequest[]): Promise<IamRequest | undefined> {
  for (const request of requests) {
    if ((await allowedAlone(wider, request)) && !(await allowedAlone(policy, request))) return request;
  }
  return undefined;
}

async function allowedAlone(policy: Policy, request: IamRequest): Promise<boolean> {
  const arn = `arn:aws:iam::${caller}:role/somebody`;
  return (await judge({ arn, policy }, request, leavesItToTheCaller(request.action))).allowed;
}

const caller = "111122223333";

function leavesItToTheCaller(action: string): Policy | undefined {
  const statement = { Effect: "Allow" as const, Action: action };
  const trust = { ...statement, Principal: { AWS: "*" } };
  if (action === "sts:AssumeRole") return { Version: "2012-10-17", Statement: [trust] };
  if (!action.startsWith("kms:")) return undefined;
  const keyPolicy = { ...statement, Principal: { AWS: `arn:aws:iam::${caller}:root` }, Resource: "*" };
  return { Version: "2012-10-17", Statement: [keyPolicy] };
}

/** That a key must be there is said already by what asks for its one value. */
function deciding(condition: Conditions): [operator: string, key: string][] {
  const asksForOne = (key: string) =>
    Object.entries(condition).some(([operator, keys]) => /^(String|Arn)(Equals|Like)$/.test(operator) && key in keys);
  return Object.entries(condition).flatMap(([operator, keys]) =>
    Object.keys(keys)
      .filter((key) => operator !== "Null" || !asksForOne(key))
      .map((key): [string, string] => [operator, key]),
  );
}

function without(condition: Conditions, operator: string, key: string): Conditions {
  const { [operator]: keys = {}, ...others } = condition;
  const { [key]: _, ...rest } = keys;
  return Object.keys(rest).length === 0 ? others : { ...others, [operator]: rest };
}
