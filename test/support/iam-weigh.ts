import { globSync } from "node:fs";
import { join } from "node:path";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import type { Call } from "../../local/calls.ts";
import type { Asked, Reviewed } from "./iam-review.ts";
import { askedOf, review } from "./iam-review.ts";
import { secretsMet } from "./iam-secrets.ts";
import type { Installed } from "./iam-template.ts";
import { readInstalled } from "./iam-template.ts";
import type { TestStack } from "./integration-bed.ts";

/** All that the functions of a stack asked of AWS, and what their roles say to it. */
export interface Weighed {
  deployed: Installed;
  /** By function. */
  asked: Map<string, Asked>;
  reviewed: Map<string, Reviewed>;
  /** With the roles of tenants, which are not the installation's to grant. */
  byTenantRole: Call[];
  /** Calls that a fault hit. */
  disturbed: number;
  /** Id of the first call that is known: above 1 when the recorder had to forget some. */
  firstId: number;
}

/** Weighs every call that the proxy recorded since the stack started, by the roles in the deployed template. */
export async function weighCalls(stack: TestStack): Promise<Weighed> {
  const { account, region, folder } = stack.facts;
  const keyMaterial = await keyMaterialArn(stack);
  const [file = ""] = globSync(join(folder, "cdk.out", "*.template.json"));
  const deployed = readInstalled(file, { account, region, keys: { KeyMaterial: keyMaterial } });
  const recorded = await stack.calls();
  const calls = recorded.filter((call) => call.function !== undefined && call.service !== "acme");
  const records = deployed.arn("AWS::KMS::Key", "Records");
  const around = { place: deployed.place, keyMaterial, records, ...(await secretsMet(stack.clients.secrets)) };
  const byRole = calls.filter((call) => call.signedBy === account);
  const asked = askedOf(byRole, around);
  const reviewed = new Map<string, Reviewed>();
  for (const [name, one] of asked) reviewed.set(name, await review(deployed, name, one));
  const byTenantRole = calls.filter((call) => call.signedBy !== account);
  const disturbed = calls.filter(({ fault }) => fault !== undefined).length;
  return { deployed, asked, reviewed, byTenantRole, disturbed, firstId: recorded[0]?.id ?? 0 };
}

/** Throws the first calls that a function's role does not allow, for a stack that a test has to itself. */
export async function expectCallsAllowed(stack: TestStack): Promise<void> {
  const { reviewed, asked } = await weighCalls(stack);
  const denied = [...reviewed.values()].flatMap((one) => one.denied);
  if (asked.size === 0 || denied.length > 0) throw new Error(`denied: ${JSON.stringify(denied.slice(0, 5))}`);
}

/** ARN of the deployed key for key material. */
export async function keyMaterialArn({ clients, facts }: TestStack): Promise<string> {
  const asks = new GetFunctionConfigurationCommand({ FunctionName: `${facts.instance}-prepare` });
  const { Environment } = await clients.lambda.send(asks);
  const arn = Environment?.Variables?.KEY_MATERIAL_KEY_ARN;
  if (!arn) throw new Error("prepare knows no key for key material");
  return arn;
}
