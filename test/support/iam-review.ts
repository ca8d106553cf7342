import type { Call } from "../../local/calls.ts";
import type { IamRequest } from "./iam-engine.ts";
import { judgeRole } from "./iam-engine.ts";
import type { Surroundings } from "./iam-requests.ts";
import { iamRequestsOf } from "./iam-requests.ts";
import type { Installed, Statement } from "./iam-template.ts";

/** What one function's calls ask of IAM; equal requests once. */
export interface Asked {
  calls: number;
  requests: Map<string, { request: IamRequest; times: number }>;
}

/** What the role of one function says to them. */
export interface Reviewed {
  /** `kms:Decrypt @ key through s3`: what each statement grants, and whether a call would have been denied without it. */
  grants: { grant: string; used: boolean }[];
  /** What it does not grant, with how often it was asked. */
  denied: { request: IamRequest; times: number }[];
}

/** The calls of each function as requests to IAM; calls in their order. */
export function askedOf(calls: Call[], around: Surroundings & { note(call: Call): void }): Map<string, Asked> {
  const all = new Map<string, Asked>();
  for (const call of calls) {
    const name = call.function ?? "";
    const asked = all.get(name) ?? { calls: 0, requests: new Map() };
    all.set(name, asked);
    asked.calls += 1;
    for (const request of iamRequestsOf(call, around)) {
      const id = JSON.stringify(request);
      const known = asked.requests.get(id) ?? { request, times: 0 };
      asked.requests.set(id, { request, times: known.times + 1 });
    }
    around.note(call);
  }
  return all;
}

/** Weighs every request by the function's role, and by the policy of what it asks for. */
export async function review(installed: Installed, name: string, { requests }: Asked): Promise<Reviewed> {
  const used = new Map<Statement, Set<string>>();
  const denied: Reviewed["denied"] = [];
  for (const one of requests.values()) {
    const verdict = await judgeRole(installed, name, one.request);
    if (!verdict.allowed) denied.push(one);
    const [only, ...others] = verdict.by;
    if (only && others.length === 0) used.set(only, (used.get(only) ?? new Set()).add(one.request.action));
  }
  const { Statement: statements } = installed.role(name);
  const grants = statements.flatMap((statement) =>
    [statement.Action].flat().map((action) => ({
      grant: grantName(action, statement),
      used: used.get(statement)?.has(action) ?? false,
    })),
  );
  return { grants, denied };
}

function grantName(action: string, { Resource: resource = [], Condition: condition = {} }: Statement): string {
  const on = [resource].flat().map((arn) => arn.split(":").slice(5).join(":") || arn);
  const through = condition.StringEquals?.["kms:ViaService"];
  const sealed = condition.StringEquals?.["kms:EncryptionContext:instance"];
  const how = through ? ` through ${String(through).split(".")[0]}` : "";
  return `${action} @ ${on.map(withoutIds).join(" ")}${how}${sealed ? " of an attempt" : ""}`;
}

/** A key's id differs from deployment to deployment. */
function withoutIds(resource: string): string {
  return resource.replace(/^key\/.*/, "key").replace(/\/stream\/.*/, "/stream");
}
