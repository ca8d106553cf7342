import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "aws-cdk-lib";
import { Stack, Validations } from "aws-cdk-lib";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { AwsSolutionsChecks } from "cdk-nag";
import { beforeAll, describe, expect, it } from "vitest";
import { functionNames } from "../../cdk/functions.ts";
import type { CertwrightProps } from "../../cdk/props.ts";
import type { Synthesized } from "./synth.ts";
import { account, region, scratchFile, synthesize } from "./synth.ts";

/** Everything that can be switched on. */
const everything: CertwrightProps = {
  zones: ["Z0123456789ABC"],
  validationZones: ["Z0123456789DEF"],
  assumableRoles: ["arn:aws:iam::444455556666:role/certwright-dns"],
  dnsFunctions: [`arn:aws:lambda:${region}:${account}:function:own-dns`],
  namespaces: { web: { dnsNames: ["*.web.example.com"] }, shop: {} },
  defaultStore: "s3",
  alarmEmail: "oncall@example.com",
  logRetentionDays: 90,
  logSubscriptionArn: `arn:aws:lambda:${region}:${account}:function:log-lake`,
  allowedPrivateHosts: ["ca.corp.internal"],
  http01: { functionUrl: "public" },
  kubernetesNetwork: { subnetIds: ["subnet-0123456789abcdef0"], securityGroupIds: ["sg-0123456789abcdef0"] },
};
const cfnLint = ".local/venv/bin/cfn-lint";

describe("templates", () => {
  const apps: App[] = [];
  let plain: Synthesized;
  let full: Synthesized;

  beforeAll(() => {
    const validation = (app: App) => new AwsSolutionsChecks(apps[apps.push(app) - 1]);
    // Each throws with the findings when cdk-nag or the CDK's own rules have one that has no reason.
    plain = synthesize({}, { validation });
    full = synthesize(everything, { validation });
  });

  it("are clean for cdk-nag AwsSolutions and for validateAgainstDefaultRules", () => {
    // serve-challenge is there when somebody asks for http01; the state machine has a log, too.
    expect(plain.ofType("AWS::Lambda::Function")).toHaveLength(functionNames.length - 1);
    expect(full.ofType("AWS::Logs::SubscriptionFilter")).toHaveLength(functionNames.length + 1);
  });

  it("would not be, if they were careless", () => {
    const validation = (app: App) => {
      new Bucket(new Stack(app, "Careless"), "Bucket");
      return new AwsSolutionsChecks(app);
    };
    expect(() => synthesize({}, { validation })).toThrow("AwsSolutions-S10");
  });

  it("suppress these rules only, each with a reason", () => {
    const all = apps.flatMap((app) => app.node.findAll()).flatMap(({ node }) => node.metadata);
    const acknowledged = all.filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY);
    const reasons = acknowledged.flatMap(({ data }) => Object.entries(data as Record<string, string>));
    const rules = reasons.map(([rule]) => rule.replace(/^Annotation::|\[Resource::.*/g, ""));
    expect([...new Set(rules)].sort()).toEqual([
      "AwsSolutions-IAM5",
      "AwsSolutions-S1",
      "AwsSolutions-SF1",
      "AwsSolutions-SF2",
      "AwsSolutions-SQS3",
    ]);
    for (const [, reason] of reasons) expect(reason).toMatch(/^\S.{20,}\.$/);
  });

  it("are clean for cfn-lint", () => {
    if (!existsSync(cfnLint))
      throw new Error(`${cfnLint} is missing: npm test installs it, or run pip install cfn-lint there`);
    expect(lint([plain.file, full.file])).toBe("");
  });

  it("would not be, if they were wrong", () => {
    const template = JSON.parse(readFileSync(plain.file, "utf8"));
    template.Resources.Wrong = { Type: "AWS::SQS::Queue", Properties: { QueueNam: "x" } };
    expect(lint([scratchFile("wrong.template.json", JSON.stringify(template))])).toMatch(/E3002.*QueueNam/s);
  });
});

describe("state machines", () => {
  const files = globSync("state-machines/*.asl.json");

  it("are there", () => {
    expect(files).toContain(join("state-machines", "issue-certificates.asl.json"));
  });

  it.each(files)("%s passes asl-validator", (file) => {
    const answer = execFileSync("node_modules/.bin/asl-validator", ["--json-path", file], { encoding: "utf8" });
    expect(answer).toContain("is valid");
  });

  const original = readFileSync("state-machines/issue-certificates.asl.json", "utf8");
  it.each([
    [
      "names a function that is not there",
      original.replace("{CreateOrder}", "{CreateOrdr}"),
      /CreateOrdr.*no such function/,
    ],
    ["does not name one that is", original.replaceAll("{CreateOrder}", "{Prepare}"), /does not name CreateOrder/],
  ])("cannot be synthesized when the file %s", (_why, definition, fault) => {
    expect(() => synthesize({}, { definition: scratchFile("wrong.asl.json", definition) })).toThrow(fault);
  });
});

/** cfn-lint's findings; it ends with another code than 0 when it has some. */
function lint(templates: string[]): string {
  try {
    return execFileSync(cfnLint, ["--regions", region, "--", ...templates], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}${stderr}`;
  }
}
