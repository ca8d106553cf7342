import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { propsFromContext } from "../../cdk/context.ts";
import { functionNames } from "../../cdk/functions.ts";
import type { CertwrightProps } from "../../cdk/props.ts";
import { settingsOf } from "../../cdk/settings.ts";
import type { Synthesized } from "./synth.ts";
import { account, region, synthesize } from "./synth.ts";

const network = { subnetIds: ["subnet-0a1b2c3d", "subnet-4e5f6071"], securityGroupIds: ["sg-0a1b2c3d"] };
const lambda = `arn:aws:lambda:${region}:${account}:function:log-lake`;

describe("context keys", () => {
  it.each<[context: Record<string, unknown>, props: CertwrightProps]>([
    [{}, {}],
    [{ instance: "prod" }, { instance: "prod" }],
    [{ zones: "Z1,Z2, Z3" }, { zones: ["Z1", "Z2", "Z3"] }],
    [{ zones: ["Z1"] }, { zones: ["Z1"] }],
    [{ zones: "*" }, { zones: ["*"] }],
    [{ zones: "" }, { zones: [] }],
    [{ logRetentionDays: "90" }, { logRetentionDays: 90 }],
    [{ namespaces: '{"web":{"dnsNames":["*.a.example"]}}' }, { namespaces: { web: { dnsNames: ["*.a.example"] } } }],
    [{ namespaces: { web: {} } }, { namespaces: { web: {} } }],
    [{ kubernetesNetwork: JSON.stringify(network) }, { kubernetesNetwork: network }],
    [{ http01: '{"functionUrl":"public"}' }, { http01: { functionUrl: "public" } }],
    [{ http01: "{}" }, { http01: {} }],
    [{ alarmEmail: "" }, {}],
    [{ "@aws-cdk/core:checkSecretUsage": true, somebodyElses: "x" }, {}],
  ])("%j are the props %j", (context, props) => {
    expect(propsFromContext((key) => context[key])).toEqual(props);
  });
});

describe("a wrong context key is refused with its name and the fix", () => {
  it.each<[key: string, value: unknown, fault: RegExp]>([
    ["instance", "Prod", /instance "Prod" must be 2 to 20 of a-z, 0-9 and hyphens/],
    ["instance", "a-name-that-is-far-too-long", /instance ".*" must be 2 to 20/],
    ["instance", "certwright-dns", /instance ".*" must be .* and not begin with certwright-dns/],
    ["zones", "example.com", /zones\.0 "example\.com" is no hosted zone id: take the one that `aws route53/],
    ["validationZones", "*", /validationZones\.0 "\*" is no hosted zone id/],
    [
      "assumableRoles",
      "certwright-dns",
      /assumableRoles\.0 "certwright-dns" is no role ARN: write it like arn:aws:iam::/,
    ],
    ["namespaces", "web", /namespaces is no JSON: write it like -c namespaces='\{/],
    ["namespaces", '{"Web":{}}', /namespaces.Web "Web" is no namespace: use a-z/],
    ["namespaces", '{"web":{"names":[]}}', /namespaces\.web.* may hold `dnsNames` and nothing else/],
    [
      "namespaces",
      '{"web":{"dnsNames":["*.*.example.com"]}}',
      /namespaces\.web\.dnsNames\.0 "\*\.\*\.example\.com" is no DNS name/,
    ],
    ["namespaces", { web: { dnsNames: Array(200).fill("a.long.example.com") } }, /namespaces is over 2,500 characters/],
    ["defaultStore", "vault", /defaultStore "vault" must be secretsManager or s3/],
    ["alarmEmail", "oncall", /alarmEmail "oncall" is no e-mail address/],
    ["logRetentionDays", "31", /logRetentionDays must be one of 1, 3, 5, 7, 14, 30, 60/],
    ["logRetentionDays", "a month", /logRetentionDays "a month" must be one of 1, 3/],
    [
      "logSubscriptionArn",
      "arn:aws:kinesis:eu-west-1:111122223333:stream/x",
      /logSubscriptionArn ".*" is neither.*put a destination in front of Kinesis/,
    ],
    ["removalPolicy", "snapshot", /removalPolicy "snapshot" must be retain or destroy/],
    [
      "allowedPrivateHosts",
      "https://ca.corp/acme",
      /allowedPrivateHosts\.0 ".*" is no host name: write it without scheme/,
    ],
    ["http01", "yes", /http01 is no JSON: write it like .*"functionUrl"/],
    ["http01", { functionUrl: true }, /http01\.functionUrl must be public or iam/],
    ["http01", { url: "public" }, /http01\.url may hold `functionUrl` and `concurrency`/],
    ["http01", { concurrency: 0 }, /http01\.concurrency must be a whole number from 1 to 1000, or unreserved/],
    ["kubernetesNetwork", "subnet-0a1b2c3d", /kubernetesNetwork is no JSON: write it like .*"subnetIds"/],
    ["kubernetesNetwork", { ...network, subnetIds: [] }, /kubernetesNetwork\.subnetIds must be a list of 1 to 16/],
    ["kubernetesNetwork", { subnetIds: network.subnetIds }, /kubernetesNetwork\.securityGroupIds must be a list/],
    ["kubernetesNetwork", { ...network, subnetIds: ["eu-west-1a"] }, /subnetIds\.0 "eu-west-1a" is no subnet id/],
    ["kubernetesNetwork", { ...network, securityGroupIds: ["default"] }, /"default" is no security group id/],
    ["kubernetesNetwork", { ...network, vpcId: "vpc-0a1b2c3d" }, /kubernetesNetwork\.vpcId must hold/],
  ])("%s = %j", (key, value, fault) => {
    const deploy = () => settingsOf(propsFromContext((name) => (name === key ? value : undefined)));
    expect(deploy).toThrow(fault);
    expect(deploy).toThrow(expect.objectContaining({ name: "SettingsError" }));
  });

  it("names every key that is wrong, at once, and a prop that does not exist", () => {
    const wrong = { instance: "X", alarmEmail: "y", zone: ["Z1"] } as CertwrightProps;
    expect(() => settingsOf(wrong)).toThrow(
      /- instance "X".*\n.*- alarmEmail "y".*\n.*- zone is no prop of certwright/s,
    );
  });

  it("ends `cdk synth` with the message alone", () => {
    const env = { ...process.env, CDK_CONTEXT_JSON: JSON.stringify({ removalPolicy: "keep" }) };
    const { status, stderr } = spawnSync("node_modules/.bin/tsx", ["cdk/app.ts"], { env, encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain('removalPolicy "keep" must be retain or destroy');
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe("each prop", () => {
  it.each<[props: CertwrightProps, type: string, name: string | undefined, seen: object]>([
    [{ instance: "prod" }, "AWS::DynamoDB::GlobalTable", "prod-requests", {}],
    [{ instance: "prod" }, "AWS::StepFunctions::StateMachine", "prod-issue-certificates", {}],
    [{ instance: "prod" }, "AWS::SSM::Parameter", "/certwright/prod/config", {}],
    [
      { defaultStore: "s3" },
      "AWS::Lambda::Function",
      "certwright-write-secret",
      { Environment: { Variables: { DEFAULT_STORE: "s3" } } },
    ],
    [
      { allowedPrivateHosts: ["ca.corp", "10.0.0.1"] },
      "AWS::Lambda::Function",
      "certwright-create-order",
      { Environment: { Variables: { ALLOWED_PRIVATE_HOSTS: "ca.corp,10.0.0.1" } } },
    ],
    [{ logRetentionDays: 365 }, "AWS::Logs::LogGroup", "/aws/lambda/certwright-sweep", { RetentionInDays: 365 }],
    [{ alarmEmail: "a@example.com" }, "AWS::SNS::Subscription", undefined, { Endpoint: "a@example.com" }],
  ])("%j shows in %s %s", (props, type, name, seen) => {
    expect(synthesize(props).one(type, name).Properties).toMatchObject(seen);
  });

  it("assumableRoles: exactly the given ones, and none for an empty list", () => {
    const rolesOf = (props: CertwrightProps) =>
      synthesize(props)
        .one("AWS::IAM::Role", "certwright-publish-challenge")
        .Properties.Policies[0].PolicyDocument.Statement.filter(
          ({ Action }: { Action: unknown }) => Action === "sts:AssumeRole",
        )
        .flatMap(({ Resource }: { Resource: unknown }) => Resource);
    expect(rolesOf({ assumableRoles: ["arn:aws:iam::444455556666:role/dns"] })).toEqual([
      "arn:aws:iam::444455556666:role/dns",
    ]);
    expect(rolesOf({ assumableRoles: [] })).toEqual([]);
  });

  it("kubernetesNetwork: sync-kubernetes runs there and no other function, and Lambda alone may use the role for it", () => {
    const stack = synthesize({ kubernetesNetwork: network });
    const inside = stack.ofType("AWS::Lambda::Function").filter(({ Properties }) => "VpcConfig" in Properties);
    expect(inside.map(({ Properties }) => [Properties.FunctionName, Properties.VpcConfig])).toEqual([
      ["certwright-sync-kubernetes", { SubnetIds: network.subnetIds, SecurityGroupIds: network.securityGroupIds }],
    ]);
    const holders = stack.ofType("AWS::IAM::Role").filter(({ Properties }) => /"ec2:/.test(JSON.stringify(Properties)));
    expect(holders.map(({ Properties }) => Properties.RoleName)).toEqual(["certwright-sync-kubernetes"]);
    const statements: { Action: string | string[] }[] = holders[0]?.Properties.Policies[0].PolicyDocument.Statement;
    expect(statements.filter(({ Action }) => [Action].flat().some((action) => action.startsWith("ec2:")))).toEqual([
      {
        Effect: "Allow",
        Action: [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ],
        Resource: "*",
        Condition: { Null: { "lambda:SourceFunctionArn": "true" } },
      },
    ]);
  });

  it("zones: none may be written without being named", () => {
    const zonesOf = (props: CertwrightProps) =>
      synthesize(props)
        .one("AWS::IAM::Role", "certwright-publish-challenge")
        .Properties.Policies[0].PolicyDocument.Statement.filter(
          ({ Action }: { Action: unknown }) => Action === "route53:ChangeResourceRecordSets",
        )
        .flatMap(({ Resource }: { Resource: unknown }) => Resource);
    expect(zonesOf({})).toEqual([]);
    expect(zonesOf({ zones: ["Z1", "Z2"] })).toEqual(
      ["Z1", "Z2"].map((zone) => `arn:aws:route53:::hostedzone/${zone}`),
    );
  });

  it("logSubscriptionArn: every log group is sent there, and a Lambda function lets CloudWatch Logs in", () => {
    const stack = synthesize({ logSubscriptionArn: lambda, http01: {} });
    const filters = stack.ofType("AWS::Logs::SubscriptionFilter").map(({ Properties }) => Properties);
    expect(filters.map(({ DestinationArn }) => DestinationArn)).toEqual(Array(functionNames.length + 1).fill(lambda));
    expect(new Set(filters.map(({ LogGroupName }) => stack.named(LogGroupName))).size).toBe(functionNames.length + 1);
    const permissions = stack.ofType("AWS::Lambda::Permission").map(({ Properties }) => Properties);
    expect(permissions).toContainEqual(
      expect.objectContaining({ FunctionName: lambda, Principal: "logs.amazonaws.com", SourceAccount: account }),
    );
    const destination = `arn:aws:logs:${region}:999988887777:destination:lake`;
    expect(synthesize({ logSubscriptionArn: destination }).ofType("AWS::Lambda::Permission")).toHaveLength(5);
  });

  it("http01: the function that answers is deployed, and every function knows; nobody is let in before somebody asks for a URL", () => {
    const stack = synthesize({ http01: {} });
    const { Environment } = stack.one("AWS::Lambda::Function", "certwright-publish-challenge").Properties;
    expect(Environment.Variables).toMatchObject({ SERVES_HTTP01: "true" });
    expect(stack.one("AWS::Lambda::Function", "certwright-serve-challenge").Properties).toMatchObject({
      MemorySize: 128,
    });
    expect(stack.named((stack.outputs.ServeChallenge as { Value: unknown }).Value)).toBe("certwright-serve-challenge");
    expect([stack.ofType("AWS::Lambda::Url"), urlPermissions(stack)]).toEqual([[], []]);
    const without = synthesize();
    expect(without.outputs).not.toHaveProperty("ServeChallenge");
    expect(JSON.stringify(without.resources)).not.toContain("serve-challenge");
    expect(JSON.stringify(without.resources)).not.toContain("SERVES_HTTP01");
  });

  it("http01.functionUrl: public lets everybody in by the URL alone, iam nobody", () => {
    const open = synthesize({ http01: { functionUrl: "public" } });
    expect(open.one("AWS::Lambda::Url").Properties).toMatchObject({ AuthType: "NONE" });
    expect(urlPermissions(open)).toEqual([
      { Action: "lambda:InvokeFunctionUrl", Principal: "*", FunctionUrlAuthType: "NONE" },
      { Action: "lambda:InvokeFunction", Principal: "*", InvokedViaFunctionUrl: true },
    ]);
    expect(open.outputs).toHaveProperty("ChallengeUrl");
    const closed = synthesize({ http01: { functionUrl: "iam" } });
    expect(closed.one("AWS::Lambda::Url").Properties).toMatchObject({ AuthType: "AWS_IAM" });
    expect(urlPermissions(closed)).toEqual([]);
  });

  it.each<[NonNullable<CertwrightProps["http01"]>, number | undefined]>([
    [{}, 10],
    [{ concurrency: 3 }, 3],
    [{ concurrency: "unreserved" }, undefined],
  ])("http01 %j: so many calls at once", (http01, expected) => {
    const { Properties } = synthesize({ http01 }).one("AWS::Lambda::Function", "certwright-serve-challenge");
    expect(Properties.ReservedConcurrentExecutions).toBe(expected);
  });
});

/** Who may call serve-challenge, without whom rules and other functions call. */
function urlPermissions(stack: Synthesized) {
  const all = stack.ofType("AWS::Lambda::Permission").map(({ Properties }) => Properties);
  return all
    .filter(({ FunctionName }) => stack.named(FunctionName) === "certwright-serve-challenge")
    .map(({ FunctionName, ...rest }) => rest);
}

describe("cdk destroy", () => {
  const kept = ["AWS::DynamoDB::GlobalTable", "AWS::KMS::Key", "AWS::S3::Bucket"];
  const policies = (props: CertwrightProps) => {
    const stack = synthesize(props);
    return kept
      .flatMap((type) => stack.ofType(type))
      .map(({ DeletionPolicy, UpdateReplacePolicy }) => [DeletionPolicy, UpdateReplacePolicy]);
  };

  it("keeps tables, keys and the secrets bucket", () => {
    expect(policies({})).toEqual(Array(5).fill(["Retain", "Retain"]));
  });

  it("takes them along when asked", () => {
    expect(policies({ removalPolicy: "destroy" })).toEqual(Array(5).fill(["Delete", "Delete"]));
    const [table] = synthesize({ removalPolicy: "destroy" }).ofType("AWS::DynamoDB::GlobalTable");
    expect(table?.Properties.Replicas[0].DeletionProtectionEnabled).toBe(false);
  });

  it("leaves nothing else behind that would be in the way of the next deployment", () => {
    const others = Object.values(synthesize().resources).filter(({ Type }) => !kept.includes(Type));
    expect(others.filter(({ DeletionPolicy }) => DeletionPolicy === "Retain")).toEqual([]);
  });
});
