import { describe, expect, it } from "vitest";
import { functionNames } from "../../cdk/functions.ts";
import { asksAt } from "../support/iam-asks.ts";
import type { IamRequest } from "../support/iam-engine.ts";
import { judge, judgeRole, rolePrincipal } from "../support/iam-engine.ts";
import { fencesOf } from "../support/iam-fences.ts";
import { encryptionContext, throughSecretsManager } from "../support/iam-stores.ts";
import { readInstalled } from "../support/iam-template.ts";
import { account, region, synthesize } from "./synth.ts";

const place = { account, region };
const installed = readInstalled(synthesize({ zones: ["ZONE1"], validationZones: ["ZVAL1"], http01: {} }).file, place);
const keyMaterial = installed.arn("AWS::KMS::Key", "KeyMaterial");
const records = installed.arn("AWS::KMS::Key", "Records");
const { key, plain, secretArn, bucket, parameter, row, secret } = asksAt(place, keyMaterial);
const fences = fencesOf(installed).flatMap((fence) => fence.functions.map((name) => ({ name, ...fence })));

const allowed = async (name: string, request: IamRequest) => (await judgeRole(installed, name, request)).allowed;

describe("a role grants", () => {
  it.each(fences)("$name: $title", async ({ name, allowed: inside, denied }) => {
    expect(await allowed(name, inside)).toBe(true);
    for (const request of denied) expect([request, await allowed(name, request)]).toEqual([request, false]);
  });

  it.each(functionNames)("%s nothing that changes a role, a key or the installation", async (name) => {
    const role = `arn:aws:iam::${account}:role/certwright-${name}`;
    const outside = [
      plain("iam:PutRolePolicy", role),
      plain("iam:PassRole", role),
      plain("kms:PutKeyPolicy", keyMaterial),
      plain("kms:ScheduleKeyDeletion", keyMaterial),
      plain("dynamodb:DeleteTable", row("GetItem", "state").resource),
      plain("s3:DeleteBucket", bucket),
      parameter("/certwright/certwright/config"),
    ];
    for (const request of outside) expect([request, await allowed(name, request)]).toEqual([request, false]);
  });

  // AWS weighs the same right when a secret is created with tags, and then too there is no tag yet: no condition can tell.
  it("write-secret the tagging of a secret without our tag: what IAM cannot fence, and docs/security.md says so", async () => {
    const context = {
      "aws:RequestTag/certwright:owner": "web/Certificate/www",
      "aws:TagKeys": ["certwright:owner"],
    };
    expect(await allowed("write-secret", secret("TagResource", "certwright/web/www-tls", context))).toBe(true);
    expect(await allowed("write-secret", secret("TagResource", "other/web/www-tls", context))).toBe(false);
  });
});

describe("a function in a VPC", () => {
  const kubernetesNetwork = { subnetIds: ["subnet-0a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] };
  const inNetwork = readInstalled(synthesize({ kubernetesNetwork }).file, place);
  const within = {
    "lambda:SourceFunctionArn": `arn:aws:lambda:${region}:${account}:function:certwright-sync-kubernetes`,
  };

  it.each([
    ["CreateNetworkInterface", "network-interface/eni-0a1b2c3d"],
    ["DeleteNetworkInterface", "network-interface/eni-0a1b2c3d"],
    ["DescribeSubnets", "*"],
  ])("lets Lambda call %s with its role, and no code that runs in it", async (verb, resource) => {
    const on = resource === "*" ? "*" : `arn:aws:ec2:${region}:${account}:${resource}`;
    const asks = async (context: IamRequest["context"]) =>
      (await judgeRole(inNetwork, "sync-kubernetes", plain(`ec2:${verb}`, on, context))).allowed;
    expect([await asks({}), await asks(within)]).toEqual([true, false]);
  });
});

describe("a key policy", () => {
  const sealed = encryptionContext({ instance: "certwright", namespace: "web", attempt: "3f1c" });
  const somebody = (...actions: string[]) => ({
    arn: `arn:aws:iam::${account}:role/somebody`,
    policy: { Version: "2012-10-17", Statement: [{ Effect: "Allow" as const, Action: actions, Resource: "*" }] },
  });
  const asks = async (who: ReturnType<typeof somebody>, request: IamRequest) =>
    (await judge(who, request, installed.resourcePolicy(request.resource))).allowed;

  it.each([keyMaterial, records])("lets an administrator change %s, and not use it", async (arn) => {
    const administrator = somebody("*");
    expect(await asks(administrator, key("PutKeyPolicy", {}, arn))).toBe(true);
    for (const verb of ["Decrypt", "GenerateDataKey", "CreateGrant"]) {
      expect(await asks(administrator, key(verb, sealed, arn))).toBe(false);
    }
  });

  it("lets somebody whose own policy allows it open a secret of ours, through Secrets Manager, and nothing else", async () => {
    const reader = somebody("kms:Decrypt");
    const through = (name: string) => key("Decrypt", throughSecretsManager(place, secretArn(name)));
    expect(await asks(reader, through("certwright/web/www-tls"))).toBe(true);
    expect(await asks(reader, through("elsewhere"))).toBe(false);
    expect(await asks(reader, key("Decrypt", sealed))).toBe(false);
  });

  it("gives the key of the tables to whoever may use a table, through DynamoDB alone", async () => {
    const { arn, policy } = rolePrincipal(installed, "accept-request");
    const through = (service: string) =>
      key("Decrypt", { "kms:ViaService": `${service}.${region}.amazonaws.com` }, records);
    const ask = (request: IamRequest) => asks({ arn, policy } as ReturnType<typeof somebody>, request);
    expect(await ask(through("dynamodb"))).toBe(true);
    expect(await ask(through("s3"))).toBe(false);
    expect(await ask(key("Decrypt", {}, records))).toBe(false);
  });
});
