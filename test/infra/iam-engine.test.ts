import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { IamRequest } from "../support/iam-engine.ts";
import { judge } from "../support/iam-engine.ts";
import { recordChange } from "../support/iam-requests.ts";
import type { Statement } from "../support/iam-template.ts";

/** What AWS says in its IAM user guide, asked of the engine: a wrong engine proves nothing. */

type Condition = NonNullable<Statement["Condition"]>;

const table = "arn:aws:dynamodb:eu-west-1:111122223333:table/t";
const who = (...statements: Statement[]) => ({
  arn: "arn:aws:iam::111122223333:role/somebody",
  policy: { Version: "2012-10-17", Statement: statements },
});
const put = (context: IamRequest["context"]): IamRequest => ({ action: "dynamodb:PutItem", resource: table, context });
const rows = (...leading: string[]) => put({ "dynamodb:LeadingKeys": leading });
const granted = async (condition: Condition, request: IamRequest) => {
  const statement = { Effect: "Allow" as const, Action: request.action, Resource: "*", Condition: condition };
  return (await judge(who(statement), request)).allowed;
};

const leading = "dynamodb:LeadingKeys";
const source = "aws:SourceAccount";
const all = { "ForAllValues:StringEquals": { [leading]: ["web", "shop"] } };
const any = { "ForAnyValue:StringEquals": { [leading]: ["web"] } };

const conditions: [title: string, condition: Condition, request: IamRequest, holds: boolean][] = [
  ["ForAllValues holds when each value is listed", all, rows("web", "shop"), true],
  ["ForAllValues does not when one is not", all, rows("web", "other"), false],
  ["ForAllValues holds without the key", all, put({}), true],
  ["Null false beside it does not", { ...all, Null: { [leading]: "false" } }, put({}), false],
  ["ForAnyValue holds when one value is listed", any, rows("web", "other"), true],
  ["ForAnyValue does not without the key", any, put({}), false],
  ["values keep their case", all, rows("WEB"), false],
  ["names of keys do not", { "ForAllValues:StringEquals": { "DynamoDB:leadingkeys": ["web"] } }, rows("shop"), false],
  ["a key that is missing equals nothing", { StringEquals: { [source]: "1" } }, put({}), false],
  ["a key that is missing differs from everything", { StringNotEquals: { [source]: "1" } }, put({}), true],
  ["one value of several is enough", { StringEquals: { [source]: ["1", "2"] } }, put({ [source]: "2" }), true],
  [
    "all keys of an operator must hold",
    { StringEquals: { [source]: "1", "aws:PrincipalAccount": "2" } },
    put({ [source]: "1" }),
    false,
  ],
  ["StringEquals knows no wildcard", { StringEquals: { [source]: "1*" } }, put({ [source]: "12" }), false],
  ["StringLike does", { StringLike: { [source]: "1*" } }, put({ [source]: "12" }), true],
  ["its ? is one character", { StringLike: { [source]: "1?" } }, put({ [source]: "123" }), false],
];

describe("the policy engine", () => {
  it.each(conditions)("%s", async (_title, condition, request, holds) => {
    expect(await granted(condition, request)).toBe(holds);
  });

  it("compares numbers as numbers", async () => {
    const condition = { NumericGreaterThanEquals: { "secretsmanager:RecoveryWindowInDays": "7" } };
    const days = (number: string) => ({
      action: "secretsmanager:DeleteSecret",
      resource: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-a1B2c3",
      context: { "secretsmanager:RecoveryWindowInDays": number },
    });
    expect(await granted(condition, days("30"))).toBe(true);
    expect(await granted(condition, days("6"))).toBe(false);
  });

  it("lets a Deny win, and nothing through without an Allow", async () => {
    const allow: Statement = { Effect: "Allow", Action: "dynamodb:*", Resource: "*" };
    const deny: Statement = { Effect: "Deny", Action: "dynamodb:PutItem", Resource: `${table}*` };
    expect((await judge(who(allow), put({}))).allowed).toBe(true);
    expect((await judge(who(allow, deny), put({}))).allowed).toBe(false);
    expect((await judge(who(deny), { ...put({}), action: "dynamodb:GetItem" })).allowed).toBe(false);
  });

  it("says which statement allowed", async () => {
    const other: Statement = { Effect: "Allow", Action: "dynamodb:GetItem", Resource: table };
    const mine: Statement = { Effect: "Allow", Action: "dynamodb:PutItem", Resource: table };
    expect((await judge(who(other, mine), put({}))).by).toEqual([mine]);
  });

  it("gives a key to nobody whom its key policy does not name", async () => {
    const action = "kms:Decrypt";
    const resource = "arn:aws:kms:eu-west-1:111122223333:key/1";
    const principal = who({ Effect: "Allow", Action: action, Resource: "*" });
    const keyPolicy = (Principal: unknown) => ({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow" as const, Principal, Action: action, Resource: "*" }],
    });
    const asked = { action, resource, context: {} };
    const root = keyPolicy({ AWS: "arn:aws:iam::111122223333:root" });
    expect((await judge(principal, asked, root)).allowed).toBe(true);
    expect((await judge(principal, asked, keyPolicy({ AWS: "arn:aws:iam::111122223333:role/other" }))).allowed).toBe(
      false,
    );
    expect((await judge(who(), asked, root)).allowed).toBe(false);
  });

  it.each([
    ["an action that there is not", { ...put({}), action: "dynamodb:PutItems" }, /invalid\.action/],
    [
      "a resource that the action does not take",
      { ...put({}), resource: "arn:aws:s3:::bucket" },
      /no\.resource\.types/,
    ],
    [
      "a condition key that AWS does not fill for it",
      put({ "route53:ChangeResourceRecordSetsActions": ["CREATE"] }),
      /fills no route53/,
    ],
    ["an encryption context outside KMS", put({ "kms:EncryptionContext:instance": "certwright" }), /fills no kms/],
  ])("takes no question with %s", async (_title, request, message) => {
    await expect(granted({}, request)).rejects.toThrow(message);
  });

  it("is asked for records by the names that Route 53 compares: lower case, no dot at the end, others in octal", () => {
    const { context } = recordChange("Z", ["CREATE TXT _acme-challenge.A.Example.COM.", "DELETE TXT *.b.test"]);
    expect(context["route53:ChangeResourceRecordSetsNormalizedRecordNames"]).toEqual([
      "\\052.b.test",
      "_acme-challenge.a.example.com",
    ]);
  });

  it("is a library of the tests: nothing that is shipped loads it", () => {
    const sources = globSync("{adapters,cdk,cli,core,functions,local,test}/**/*.{ts,mjs}");
    const users = sources.filter((file) => /^import .* from "@cloud-copilot/m.test(readFileSync(file, "utf8")));
    expect(users).toEqual(["test/support/iam-engine.ts"]);
    const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(Object.keys(dependencies).filter((name) => name.startsWith("@cloud-copilot"))).toEqual([]);
    expect(Object.keys(devDependencies)).toContain("@cloud-copilot/iam-simulate");
  });
});
