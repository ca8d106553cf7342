import { describe, expect, it } from "vitest";
import { rights } from "./rights-table.ts";
import { synthesize } from "./synth.ts";

const stack = synthesize({ zones: ["ZONE1"], validationZones: ["ZVAL1"], http01: {} });

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

describe("the role of each function", () => {
  it("exists once, and for nobody else", () => {
    const functions = stack.ofType("AWS::Lambda::Function").map(({ Properties }) => Properties);
    const roles = stack.ofType("AWS::IAM::Role").map(({ Properties }) => Properties.RoleName);
    expect(functions.map(({ Role }) => stack.named(Role))).toEqual(functions.map(({ FunctionName }) => FunctionName));
    expect(roles.sort()).toEqual(
      [...Object.keys(rights), "issue-certificates"].map((name) => `certwright-${name}`).sort(),
    );
    expect(stack.ofType("AWS::IAM::Policy").concat(stack.ofType("AWS::IAM::ManagedPolicy"))).toEqual([]);
  });

  it.each(Object.entries(rights))("%s may do exactly this", (name, expected) => {
    const log = `logs:CreateLogStream,PutLogEvents @ log of ${name}`;
    expect(statementsOf(name).map(line)).toEqual([...expected, log]);
  });

  it.each(["dispatch", "sweep", "resync", "accept-request"])("%s can read no secret and use no key", (name) => {
    const reading = /GetSecretValue|BatchGetSecretValue|s3:GetObject(Version)?$|^kms:/;
    expect(actionsOf(name).filter((action) => reading.test(action))).toEqual([]);
  });

  it("lets only prepare seal and only sign and write-secret open a key, each in our context alone", () => {
    const inContext = (name: string) =>
      statementsOf(name).filter(
        ({ Condition }) => "kms:EncryptionContextKeys" in (Condition?.["ForAllValues:StringEquals"] ?? {}),
      );
    const holders = Object.keys(rights).filter((name) => inContext(name).length > 0);
    expect(holders).toEqual(["prepare", "sign", "write-secret"]);
    expect(inContext("prepare").map(({ Action }) => Action)).toEqual(["kms:GenerateDataKey"]);
    for (const name of ["sign", "write-secret"])
      expect(inContext(name).map(({ Action }) => Action)).toEqual(["kms:Decrypt"]);
  });

  it("fences every other use of the key by service and by what is encrypted", () => {
    for (const { Action, Condition, Resource } of Object.keys(rights).flatMap(statementsOf)) {
      if (![Action].flat().some((action) => action.startsWith("kms:"))) continue;
      expect(stack.named(Resource)).toBe("KeysKeyMaterial");
      const keys = Object.values(Condition ?? {}).flatMap((operator) => Object.keys(operator));
      const fences = [
        "kms:EncryptionContext:instance",
        "kms:EncryptionContext:SecretARN",
        "kms:EncryptionContext:aws:s3:arn",
      ];
      expect(keys.some((key) => fences.includes(key))).toBe(true);
    }
  });

  it("writes only TXT at _acme-challenge.*, by CREATE and DELETE, and any TXT name in validation zones", () => {
    const changes = statementsOf("publish-challenge").filter(
      ({ Action }) => Action === "route53:ChangeResourceRecordSets",
    );
    const [names, types, verbs] = ["NormalizedRecordNames", "RecordTypes", "Actions"].map(
      (suffix) => `route53:ChangeResourceRecordSets${suffix}`,
    ) as [string, string, string];
    const ours = { [types]: ["TXT"], [verbs]: ["CREATE", "DELETE"] };
    expect(changes.map(({ Condition }) => Condition)).toEqual([
      {
        "ForAllValues:StringLike": { [names]: ["_acme-challenge.*"] },
        "ForAllValues:StringEquals": ours,
        Null: { [names]: "false", [types]: "false", [verbs]: "false" },
      },
      { "ForAllValues:StringEquals": ours, Null: { [types]: "false", [verbs]: "false" } },
    ]);
  });

  it("assumes tenants' roles only with the ExternalId of this installation", () => {
    const [statement] = statementsOf("publish-challenge").filter(({ Action }) => Action === "sts:AssumeRole");
    expect(statement).toMatchObject({
      Resource: "arn:aws:iam::*:role/certwright-*",
      Condition: { StringLike: { "sts:ExternalId": "certwright/*" } },
    });
  });

  it("assumes the roles of Clusters with another ExternalId than any tenant's", () => {
    const [statement] = statementsOf("sync-kubernetes").filter(({ Action }) => Action === "sts:AssumeRole");
    expect(statement?.Condition).toEqual({ StringEquals: { "sts:ExternalId": "certwright/_cluster" } });
  });

  it("lets only these functions read both the secrets of Certificates and what others stored, and an account key only two of them", () => {
    const reading = (name: string) =>
      statementsOf(name).filter(({ Action }) => Action === "secretsmanager:GetSecretValue");
    const readers = Object.keys(rights).filter((name) => reading(name).length > 0);
    const both = readers.filter((name) => reading(name).length > 1);
    expect(both.sort()).toEqual([
      ...["check-issuer", "prepare", "revoke-certificate", "rewrite-secret", "sign", "sync-kubernetes", "write-secret"],
    ]);
    const ofAccounts = ["check-issuer", "revoke-certificate"];
    for (const name of both.filter((one) => !ofAccounts.includes(one))) {
      expect(reading(name).map(({ Condition }) => Condition)).toEqual([
        { StringLike: { "aws:ResourceTag/certwright:owner": ["*/Certificate/*"] } },
        { Null: { "aws:ResourceTag/certwright:owner": "true" } },
      ]);
    }
  });

  it("publishes facts only, never orders: ForAllValues paired with Null", () => {
    const [statement] = statementsOf("write-secret").filter(({ Action }) => Action === "events:PutEvents");
    expect(statement?.Condition).toEqual({
      "ForAllValues:StringEquals": { "events:source": ["certwright"] },
      Null: { "events:source": "false" },
    });
  });
});

/** A list is not empty when one of its members must be there. */
const impliedBy: [present: string, list: string][] = [
  ["kms:EncryptionContext:", "kms:EncryptionContextKeys"],
  ["aws:RequestTag/", "aws:TagKeys"],
];

describe("every policy of the template", () => {
  const all = Object.values(stack.resources).flatMap(({ Properties: { Policies, PolicyDocument, KeyPolicy } }) =>
    [...(Policies ?? []).map((policy: { PolicyDocument: unknown }) => policy.PolicyDocument), PolicyDocument, KeyPolicy]
      .filter((document) => document !== undefined)
      .flatMap((document): Statement[] => (document as { Statement: Statement[] }).Statement),
  );
  const allowing = all.filter(({ Effect }) => Effect === "Allow");

  it("allows no wildcard action", () => {
    expect(allowing.flatMap(({ Action }) => Action).filter((action) => action.includes("*"))).toEqual([]);
  });

  it("names `*` as resource only where AWS offers no ARN", () => {
    const roles = stack
      .ofType("AWS::IAM::Role")
      .flatMap(({ Properties }) => Properties.Policies[0].PolicyDocument.Statement);
    const everywhere = roles.filter(({ Resource }: Statement) => [Resource].flat().includes("*"));
    expect([...new Set(everywhere.flatMap(({ Action }: Statement) => Action))].sort()).toEqual([
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
      "route53:ListHostedZones",
    ]);
  });

  it("pairs every ForAllValues with a Null on one of its keys: it holds for a request without the key, too", () => {
    for (const { Condition = {} } of allowing) {
      const open = Object.entries(Condition).filter(([operator]) => operator.startsWith("ForAllValues:"));
      const present = Object.keys(Condition.Null ?? {});
      const implied = present.flatMap((key) => impliedBy.find(([part]) => key.startsWith(part))?.[1] ?? []);
      const keys = open.flatMap(([, restricted]) => Object.keys(restricted));
      expect([...present, ...implied]).toEqual(expect.arrayContaining(keys));
    }
  });

  it("lets the state machine invoke exactly the functions that its file names", () => {
    const { Policies } = stack.one("AWS::IAM::Role", "certwright-issue-certificates").Properties;
    const [invoke] = Policies[0].PolicyDocument.Statement;
    const named = Object.values(stack.one("AWS::StepFunctions::StateMachine").Properties.DefinitionSubstitutions);
    expect(invoke.Action).toBe("lambda:InvokeFunction");
    expect(invoke.Resource.map(stack.named).sort()).toEqual(named.map(stack.named).sort());
  });
});

function statementsOf(name: string): Statement[] {
  return stack.one("AWS::IAM::Role", `certwright-${name}`).Properties.Policies[0].PolicyDocument.Statement;
}

function actionsOf(name: string): string[] {
  return statementsOf(name).flatMap(({ Action }) => Action);
}

function line({ Action, Resource }: Statement): string {
  const [first = "", ...more] = [Action].flat();
  const actions = [first, ...more.map((action) => action.split(":")[1])].join(",");
  return `${actions} @ ${[Resource].flat().map(place).join(" ")}`;
}

/** The installation's own things by their short names. */
function place(resource: unknown): string {
  return stack
    .named(resource)
    .replace("arn:aws:secretsmanager::secret:certwright/*", "secrets")
    .replace("arn:aws:secretsmanager::secret:certwright/_cluster/bundle-*", "bundles")
    .replace("arn:aws:secretsmanager::secret:certwright/_cluster/*", "secrets of _cluster")
    .replace("arn:aws:s3:::certwright-secrets/certwright/*", "objects")
    .replace("arn:aws:s3:::certwright-secrets", "bucket")
    .replace("arn:aws:route53:::hostedzone/", "")
    .replace("arn:aws:route53:::change/*", "changes")
    .replace("arn:aws:iam::*:role/certwright-*", "tenants' roles")
    .replace("arn:aws:events::event-bus/certwright", "bus")
    .replace(/^arn:aws:logs::log-group:\/aws\/lambda\/certwright-(.*):\*$/, "log of $1")
    .replace(/^arn:aws:(states::stateMachine|lambda::function):/, "")
    .replace("KeysKeyMaterial", "key-material")
    .replace(/^certwright-/, "");
}
