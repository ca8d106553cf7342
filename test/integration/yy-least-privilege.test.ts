import { globSync } from "node:fs";
import { join } from "node:path";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { ListHostedZonesCommand } from "@aws-sdk/client-route-53";
import { beforeAll, describe, expect, it } from "vitest";
import { functionNames } from "../../cdk/functions.ts";
import type { Call } from "../../local/calls.ts";
import { synthesize } from "../infra/synth.ts";
import type { Asked, Reviewed } from "../support/iam-review.ts";
import { askedOf, review } from "../support/iam-review.ts";
import { secretsMet } from "../support/iam-secrets.ts";
import type { Installed } from "../support/iam-template.ts";
import { readInstalled } from "../support/iam-template.ts";
import { connectStack } from "../support/stack.ts";

/** What no recorded call needs and yet is granted, and why. `*` is every function. */
const unused: [functions: string[], grant: RegExp, reason: string][] = [];

const stack = connectStack();
const { account, region, folder, instance } = stack.facts;
let deployed: Installed;
let byRole: Call[] = [];
let byTenantRole: Call[] = [];
const asked = new Map<string, Asked>();
const reviewed = new Map<string, Reviewed>();

beforeAll(async () => {
  const keyMaterial = await keyMaterialArn();
  const [file = ""] = globSync(join(folder, "cdk.out", "*.template.json"));
  deployed = readInstalled(file, { account, region, keys: { KeyMaterial: keyMaterial } });
  const calls = (await stack.calls()).filter((call) => call.function !== undefined && call.service !== "acme");
  byRole = calls.filter((call) => call.signedBy === account);
  byTenantRole = calls.filter((call) => call.signedBy !== account);
  const records = deployed.arn("AWS::KMS::Key", "Records");
  const around = { place: deployed.place, keyMaterial, records, ...(await secretsMet(stack.clients.secrets)) };
  for (const [name, one] of askedOf(byRole, around)) {
    asked.set(name, one);
    reviewed.set(name, await review(deployed, name, one));
  }
  process.stdout.write(`${table().join("\n")}\n`);
});

describe("the calls of all integration tests so far", () => {
  it("were made by every function; this file alone shows nothing: run the whole project", () => {
    expect([...asked.keys()].sort()).toEqual([...functionNames].sort());
  });

  it("with a tenant's role are to Route 53 only", () => {
    expect(byTenantRole.length).toBeGreaterThan(0);
    expect([...new Set(byTenantRole.map(({ service }) => service))]).toEqual(["route53"]);
  });

  it.each(functionNames)("of %s are all allowed by its role", (name) => {
    expect(reviewed.get(name)?.denied).toEqual([]);
  });

  it("to Route 53 are allowed as well when the zones are listed, instead of `*`", async () => {
    const { HostedZones = [] } = await stack.clients.route53.send(new ListHostedZonesCommand({}));
    const zones = HostedZones.filter(({ Config }) => !Config?.PrivateZone).map(
      ({ Id = "" }) => Id.split("/").at(-1) ?? "",
    );
    const listed = readInstalled(synthesize({ zones }).file, deployed.place);
    for (const name of ["publish-challenge", "check-propagation", "clean-up-challenge"]) {
      const { requests, calls } = asked.get(name) ?? expect.unreachable();
      const toRoute53 = [...requests].filter(([, { request }]) => request.action.startsWith("route53:"));
      expect(toRoute53.length).toBeGreaterThan(0);
      expect((await review(listed, name, { calls, requests: new Map(toRoute53) })).denied).toEqual([]);
    }
  });
});

describe("what a role grants", () => {
  it.each(functionNames)("to %s was used, or stands in the table above with its reason", (name) => {
    const idle = reviewed.get(name)?.grants.filter(({ used }) => !used) ?? [];
    const explained = (grant: string) =>
      unused.some(
        ([functions, pattern]) => (functions.includes(name) || functions.includes("*")) && pattern.test(grant),
      );
    expect(idle.map(({ grant }) => grant).filter((grant) => !explained(grant))).toEqual([]);
  });

  it("is what the table above speaks of", () => {
    const grants = [...reviewed].flatMap(([name, one]) => one.grants.map(({ grant }) => ({ name, grant })));
    const stale = unused.flatMap(([functions, pattern]) =>
      functions.filter((of) => !grants.some(({ name, grant }) => (of === "*" || of === name) && pattern.test(grant))),
    );
    expect(stale).toEqual([]);
  });
});

async function keyMaterialArn(): Promise<string> {
  const asks = new GetFunctionConfigurationCommand({ FunctionName: `${instance}-prepare` });
  const { Environment } = await stack.clients.lambda.send(asks);
  return Environment?.Variables?.KEY_MATERIAL_KEY_ARN ?? expect.unreachable();
}

/** One line for each function. */
function table(): string[] {
  return functionNames.map((name) => {
    const { calls, requests } = asked.get(name) ?? { calls: 0, requests: new Map() };
    const actions = new Set([...requests.values()].map(({ request }) => request.action));
    const grants = reviewed.get(name)?.grants ?? [];
    const used = grants.filter((grant) => grant.used).length;
    return `${name.padEnd(20)}${calls} calls, ${actions.size} actions, ${used} of ${grants.length} grants used`;
  });
}
