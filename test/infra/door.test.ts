import { execFileSync } from "node:child_process";
import { existsSync, globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { AccountRootPrincipal, Role } from "aws-cdk-lib/aws-iam";
import { PublicHostedZone } from "aws-cdk-lib/aws-route53";
import { afterAll, describe, expect, it } from "vitest";
import { bundleFunctions } from "../../cdk/bundle.ts";
import { functionNames } from "../../cdk/functions.ts";
import { Certwright, grantNamespace, grantReadSecret } from "../../cdk/index.ts";
import { account, emptyFunctions, region } from "./synth.ts";

describe("the published construct", () => {
  const app = new App({ context: { "@aws-cdk/core:enablePartitionLiterals": true } });
  const stack = new Stack(app, "Platform", { env: { account, region } });
  const zone = new PublicHostedZone(stack, "Zone", { zoneName: "example.com" });
  const certwright = new Certwright(
    stack,
    "Certwright",
    { zones: [zone.hostedZoneId] },
    { functions: emptyFunctions() },
  );
  const tenant = new Role(stack, "Tenant", { assumedBy: new AccountRootPrincipal() });
  const reader = new Role(stack, "Reader", { assumedBy: new AccountRootPrincipal() });
  grantNamespace(certwright, tenant, "web");
  grantReadSecret(certwright, reader, "web", "www-tls");
  const template = Template.fromStack(stack);
  const statements = (role: string) => {
    const policies = Object.entries(template.findResources("AWS::IAM::Policy")).filter(([id]) => id.startsWith(role));
    return policies.flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
  };

  it("lives in a stack of somebody else's, with a zone that does not exist yet", () => {
    const [statement] = Object.values(
      template.findResources("AWS::IAM::Role", { Properties: { RoleName: "certwright-publish-challenge" } }),
    )
      .flatMap(({ Properties }) => Properties.Policies[0].PolicyDocument.Statement)
      .filter(({ Action }) => Action === "route53:ChangeResourceRecordSets");
    expect(JSON.stringify(statement.Resource)).toContain("Zone");
  });

  it("gives a tenant its namespace in both tables and on the bus, and nothing of another's", () => {
    const [requests, state, orders, config] = statements("Tenant");
    const rows = {
      "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["web"] },
      Null: { "dynamodb:LeadingKeys": "false" },
    };
    const source = ["certwright.namespace.web"];
    expect(requests).toMatchObject({
      Condition: rows,
      Action: expect.arrayContaining(["dynamodb:PutItem", "dynamodb:DeleteItem"]),
    });
    expect(state).toMatchObject({
      Condition: rows,
      Action: ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"],
    });
    expect(orders.Condition).toEqual({
      "ForAllValues:StringEquals": { "events:source": source },
      Null: { "events:source": "false" },
    });
    expect(config.Resource).toBe(`arn:aws:ssm:${region}:${account}:parameter/certwright/certwright/config`);
    expect(statements("Tenant")).toHaveLength(4);
  });

  it("gives a reader one secret, and the key for that one only", () => {
    const arn = `arn:aws:secretsmanager:${region}:${account}:secret:certwright/web/www-tls-??????`;
    const [, value, key] = statements("Reader");
    expect(value).toMatchObject({ Action: "secretsmanager:GetSecretValue", Resource: arn });
    expect(key).toMatchObject({
      Action: "kms:Decrypt",
      Condition: {
        StringEquals: { "kms:ViaService": `secretsmanager.${region}.amazonaws.com` },
        StringLike: { "kms:EncryptionContext:SecretARN": arn },
      },
    });
  });
});

describe("the bundles", () => {
  const { folder, metafile } = bundleFunctions();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("are one for each function of the table, and the table has each folder of functions/", () => {
    const folders = globSync("functions/*/index.ts").map((file) => file.split("/")[1]);
    expect(folders.sort()).toEqual([...functionNames].sort());
    for (const name of functionNames) expect(existsSync(join(folder, name, "index.mjs"))).toBe(true);
  });

  it("hold no CDK, no test and no package that acme-client only drags in", () => {
    const inputs = Object.keys(metafile.inputs);
    expect(
      inputs.filter((file) => /aws-cdk|^test\/|node_modules\/(axios|node-forge|cdk-nag|vitest)\//.test(file)),
    ).toEqual([]);
    expect(inputs).toContain("adapters/issuers/acme/axios-stub.cjs");
  });

  it("load what speaks to clusters when one is opened: no function when it starts, sync-kubernetes alone later", () => {
    const starting = (name: string) => reached(name, ({ kind }) => kind !== "dynamic-import");
    const speaking =
      /^adapters\/(kubernetes|trust)\/(?!index)|^core\/kubernetes\/(sync|work|bundles\/content|reload\/)/;
    const heavy = functionNames.filter((name) => starting(name).some((file) => speaking.test(file)));
    expect(heavy).toEqual(["sync-kubernetes"]);
    expect(starting("sync-kubernetes").filter((file) => /^adapters\/(kubernetes|trust)\/(?!index)/.test(file))).toEqual(
      [],
    );
    expect(reached("sync-kubernetes", () => true)).toContain("adapters/kubernetes/client.ts");
  });

  /** The sources that a function's bundle holds, by the imports that count. */
  function reached(name: string, counts: (link: { kind: string }) => boolean): string[] {
    const outputs = Object.entries(metafile.outputs);
    const [entry = ""] = outputs.find(([, { entryPoint }]) => entryPoint === `functions/${name}/index.ts`) ?? [];
    const files = new Set([entry]);
    for (const file of files) {
      const links = metafile.outputs[file]?.imports.filter((link) => !link.external && counts(link)) ?? [];
      for (const { path } of links) files.add(path);
    }
    return [...files].flatMap((file) => Object.keys(metafile.outputs[file]?.inputs ?? {}));
  }

  it.each(functionNames)("%s loads and exports a handler", (name) => {
    const script = `const { handler } = await import(${JSON.stringify(join(folder, name, "index.mjs"))}); console.log(typeof handler);`;
    const answer = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      stdio: "pipe",
    });
    expect(answer.trim()).toBe("function");
  });
});
