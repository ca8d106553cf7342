import { readFileSync } from "node:fs";
import { App, Stack } from "aws-cdk-lib";
import { AccountRootPrincipal, Role } from "aws-cdk-lib/aws-iam";
import { describe, expect, it } from "vitest";
import { Certwright, grantNamespace, grantReadSecret } from "../../cdk/index.ts";
import { asksAt } from "../support/iam-asks.ts";
import type { IamRequest } from "../support/iam-engine.ts";
import { judge } from "../support/iam-engine.ts";
import { throughS3 } from "../support/iam-s3.ts";
import { encryptionContext, throughSecretsManager } from "../support/iam-stores.ts";
import type { Policy } from "../support/iam-template.ts";
import { readInstalled } from "../support/iam-template.ts";
import { everywhere, onlyIn, widened } from "../support/iam-widened.ts";
import { account, emptyFunctions, region, scratchFile } from "./synth.ts";

const place = { account, region };
const installed = readInstalled(templateWithGrants(), place);
const keyMaterial = installed.arn("AWS::KMS::Key", "KeyMaterial");
const { row, bus, parameter, secret, secretArn, key, object, bucket, start, invoke, assume } = asksAt(
  place,
  keyMaterial,
);

/** The same rights as CDK grants them and as the README prints them. */
const [tenantOfReadme, readerOfReadme] = policiesOfReadme();
const tenants: [source: string, policy: Policy][] = [
  ["grantNamespace", installed.role("tenant")],
  ["the README", tenantOfReadme],
];
const readers: [source: string, policy: Policy][] = [
  ["grantReadSecret", installed.role("reader")],
  ["the README", readerOfReadme],
];

const mine = "certwright/web/www-tls";
const otherKey = installed.arn("AWS::KMS::Key", "Records");
const elsewhere = (action: string, service: string, rest: string): IamRequest => ({
  action,
  resource: `arn:aws:${service}:${region}:${account}:${rest}`,
  context: { "dynamodb:LeadingKeys": ["web"] },
});
const current = { "secretsmanager:VersionStage": "AWSCURRENT" };

describe.each(tenants)("a tenant of the namespace web, by %s,", (_source, policy) => {
  const may: [title: string, request: IamRequest][] = [
    ...["PutItem", "UpdateItem", "DeleteItem", "GetItem", "BatchGetItem", "Query"].map((verb): [string, IamRequest] => [
      `${verb} its requests`,
      row(verb, "requests", "web"),
    ]),
    ...["GetItem", "BatchGetItem", "Query"].map((verb): [string, IamRequest] => [
      `${verb} its status`,
      row(verb, "state", "web"),
    ]),
    ["order over the bus in its own name", bus(["certwright.namespace.web"])],
    ["find the installation", parameter("/certwright/certwright/config")],
  ];
  const mayNot: [title: string, request: IamRequest][] = [
    ...["shop", "_cluster", "_system", "web2", "WEB", "we"].flatMap((namespace): [string, IamRequest][] => [
      [`write requests of ${namespace}`, row("PutItem", "requests", namespace)],
      [`delete requests of ${namespace}`, row("DeleteItem", "requests", namespace)],
      [`read requests of ${namespace}`, row("GetItem", "requests", namespace)],
      [`read the status of ${namespace}`, row("Query", "state", namespace)],
    ]),
    ["read its own and another's at once", row("BatchGetItem", "requests", "web", "shop")],
    ["read without naming a namespace", row("Query", "requests")],
    ["read status without naming a namespace", row("Query", "state")],
    ...["PutItem", "UpdateItem", "DeleteItem"].map((verb): [string, IamRequest] => [
      `${verb} in State, its own namespace even`,
      row(verb, "state", "web"),
    ]),
    ["write requests of another instance", elsewhere("dynamodb:PutItem", "dynamodb", "table/other-requests")],
    ["read the status of another instance", elsewhere("dynamodb:Query", "dynamodb", "table/other-state")],
    ["scan requests", row("Scan", "requests")],
    ["scan State", row("Scan", "state")],
    ["read what is due", row("Query", "state/index/due", "new#0")],
    ["find an issuer's certificates", row("Query", "state/index/byIssuer", "_cluster/ClusterIssuer/letsencrypt")],
    ["order in another's name", bus(["certwright.namespace.shop"])],
    ["order in its own and another's name", bus(["certwright.namespace.web", "certwright.namespace.shop"])],
    ["tell facts", bus(["certwright"])],
    ["send events without a source", bus([])],
    ["send events elsewhere", bus(["certwright.namespace.web"], "default")],
    ["read a secret, its own even", secret("GetSecretValue", mine, current)],
    ["use the key of its secrets", key("Decrypt", throughSecretsManager(place, secretArn(mine)))],
    [
      "open a sealed key",
      key("Decrypt", encryptionContext({ instance: "certwright", namespace: "web", attempt: "1" })),
    ],
    ["start an execution", start("certwright-issue-certificates")],
    ["invoke a function", invoke("certwright-dispatch")],
    ["assume an issuer's role", assume("certwright-shop-dns", "certwright/web")],
    ["read other parameters", parameter("/certwright/other/config")],
  ];

  it.each(may)("may %s", async (_title, request) => {
    expect(await allowed(policy, request)).toBe(true);
  });

  it.each(mayNot)("may not %s", async (_title, request) => {
    expect(await allowed(policy, request)).toBe(false);
  });

  it.each([...widened(policy), ...everywhere(policy)])("would be noticed with more: $title", async (wider) => {
    const denied = mayNot.map(([, request]) => request);
    expect(await onlyIn(wider.policy, policy, denied)).toBeDefined();
  });
});

describe.each(readers)("a reader of the secret www-tls of web, by %s,", (_source, policy) => {
  const through = (name: string) => key("Decrypt", throughSecretsManager(place, secretArn(name)));
  const may: [title: string, request: IamRequest][] = [
    ["read its current version", secret("GetSecretValue", mine, current)],
    [
      "read a version by its id, as AWS's caching clients do",
      secret("GetSecretValue", mine, { "secretsmanager:VersionId": "1" }),
    ],
    ["describe it", secret("DescribeSecret", mine)],
    ["have it decrypted", through(mine)],
  ];
  const others = [
    "certwright/web/www-tls-2",
    "certwright/web/www",
    "certwright/shop/www-tls",
    "certwright/_cluster/acme",
  ];
  const mayNot: [title: string, request: IamRequest][] = [
    [
      "read a version before the current",
      secret("GetSecretValue", mine, { "secretsmanager:VersionStage": "AWSPREVIOUS" }),
    ],
    [
      "read a version that is not current yet",
      secret("GetSecretValue", mine, { "secretsmanager:VersionStage": "AWSPENDING" }),
    ],
    ...others.flatMap((name): [string, IamRequest][] => [
      [`read ${name}`, secret("GetSecretValue", name, current)],
      [`describe ${name}`, secret("DescribeSecret", name)],
      [`have ${name} decrypted`, through(name)],
    ]),
    ...["PutSecretValue", "DeleteSecret", "TagResource", "UpdateSecretVersionStage", "PutResourcePolicy"].map(
      (verb): [string, IamRequest] => [`${verb} it`, secret(verb, mine)],
    ),
    [
      "use another key through Secrets Manager",
      key("Decrypt", throughSecretsManager(place, secretArn(mine)), otherKey),
    ],
    ["use the key by itself", key("Decrypt", encryptionContext({ SecretARN: secretArn(mine) }))],
    ["use the key through S3", key("Decrypt", throughS3(place, bucket))],
    ["encrypt with the key", key("GenerateDataKey", throughSecretsManager(place, secretArn(mine)))],
    [
      "open a sealed key",
      key("Decrypt", encryptionContext({ instance: "certwright", namespace: "web", attempt: "1" })),
    ],
    ["read an object of the bucket", object("GetObject", mine)],
    ["read requests", row("GetItem", "requests", "web")],
    ["read status", row("GetItem", "state", "web")],
  ];

  it.each(may)("may %s", async (_title, request) => {
    expect(await allowed(policy, request)).toBe(true);
  });

  it.each(mayNot)("may not %s", async (_title, request) => {
    expect(await allowed(policy, request)).toBe(false);
  });

  it.each([...widened(policy), ...everywhere(policy)])("would be noticed with more: $title", async (wider) => {
    const denied = mayNot.map(([, request]) => request);
    expect(await onlyIn(wider.policy, policy, denied)).toBeDefined();
  });
});

/** As AWS weighs it: with the policy of the key. A tenant's key through DynamoDB is the tables' own matter. */
async function allowed(policy: Policy, request: IamRequest): Promise<boolean> {
  const principal = { arn: `arn:aws:iam::${account}:role/somebody`, policy };
  return (await judge(principal, request, installed.resourcePolicy(request.resource))).allowed;
}

function templateWithGrants(): string {
  const app = new App({ context: { "@aws-cdk/core:enablePartitionLiterals": true } });
  const stack = new Stack(app, "Platform", { env: { account, region } });
  const certwright = new Certwright(stack, "Certwright", {}, { functions: emptyFunctions() });
  const role = (id: string) => new Role(stack, id, { roleName: id, assumedBy: new AccountRootPrincipal() });
  grantNamespace(certwright, role("tenant"), "web");
  grantReadSecret(certwright, role("reader"), "web", "www-tls");
  return scratchFile("grants.json", JSON.stringify(app.synth().getStackByName("Platform").template));
}

/** The JSON policies of the chapter "Rights", for this installation. */
function policiesOfReadme(): [tenant: Policy, reader: Policy] {
  const chapter = /^## Rights$(.*?)^## /ms.exec(readFileSync("README.md", "utf8"))?.[1] ?? "";
  const blocks = [...chapter.matchAll(/^```json\n(.*?)^```/gms)].map(([, json = ""]) =>
    json.replaceAll("KEY_MATERIAL_KEY_ARN", keyMaterial).replaceAll("REGION", region).replaceAll("ACCOUNT", account),
  );
  const [tenant, reader, ...more] = blocks.map((json): Policy => JSON.parse(json));
  if (!tenant || !reader || more.length > 0) throw new Error(`the README has ${blocks.length} policies, not two`);
  return [tenant, reader];
}
