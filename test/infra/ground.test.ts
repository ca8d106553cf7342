import { describe, expect, it } from "vitest";
import { dueIndex, issuerIndex } from "../../core/tables.ts";
import type { Resource } from "./synth.ts";
import { account, region, synthesize } from "./synth.ts";

const stack = synthesize();

describe("tables", () => {
  const [requests, state] = ["certwright-requests", "certwright-state"].map((name) =>
    stack.one("AWS::DynamoDB::GlobalTable", name),
  ) as [Resource, Resource];

  it("have namespace and resource as their keys, so that one LeadingKeys condition fences a tenant in both", () => {
    for (const { Properties } of [requests, state]) {
      expect(Properties.KeySchema).toEqual([
        { AttributeName: "namespace", KeyType: "HASH" },
        { AttributeName: "resource", KeyType: "RANGE" },
      ]);
    }
  });

  it("are encrypted with our key, can be restored to any second and are protected from deletion", () => {
    for (const { Properties } of [requests, state]) {
      const [replica] = Properties.Replicas;
      expect(Properties.SSESpecification).toEqual({ SSEEnabled: true, SSEType: "KMS" });
      expect(stack.named(replica.SSESpecification.KMSMasterKeyId)).toBe("KeysRecords");
      expect(replica.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
      expect(replica.DeletionProtectionEnabled).toBe(true);
    }
  });

  it("stream the keys of Requests only, and let rows of State expire", () => {
    expect(requests.Properties.StreamSpecification).toEqual({ StreamViewType: "KEYS_ONLY" });
    expect(state.Properties.StreamSpecification).toBeUndefined();
    expect(state.Properties.TimeToLiveSpecification).toEqual({ AttributeName: "expiresAt", Enabled: true });
  });

  it("have the indexes of core/tables.ts", () => {
    const indexes = state.Properties.GlobalSecondaryIndexes as { IndexName: string; Projection: object }[];
    expect(indexes.map(({ IndexName, Projection }) => [IndexName, Projection])).toEqual([
      [dueIndex.name, { ProjectionType: "INCLUDE", NonKeyAttributes: dueIndex.include }],
      [issuerIndex.name, { ProjectionType: "KEYS_ONLY" }],
    ]);
  });
});

describe("keys", () => {
  interface KeyStatement {
    Sid: string;
    Action: string | string[];
    Principal: object;
    Condition?: Record<string, Record<string, unknown>>;
  }
  const policyOf = (part: string): KeyStatement[] =>
    Object.entries(stack.resources).find(([id]) => id.includes(part))?.[1].Properties.KeyPolicy.Statement;
  const uses = ({ Action }: KeyStatement) =>
    [Action].flat().some((action) => /Decrypt|Encrypt|GenerateDataKey|CreateGrant/.test(action));

  it("are two, and rotate", () => {
    expect(stack.ofType("AWS::KMS::Key").map(({ Properties }) => Properties.EnableKeyRotation)).toEqual([true, true]);
  });

  it.each(["KeysKeyMaterial", "KeysRecords"])(
    "%s: nobody uses it without a condition, administrators not at all",
    (key) => {
      const open = policyOf(key).filter((statement) => uses(statement) && !statement.Condition);
      // CloudWatch Logs' delivery sends nothing that could be compared; it can only decrypt what Step Functions made.
      const delivery = { Action: "kms:Decrypt", Principal: { Service: "delivery.logs.amazonaws.com" } };
      expect(open).toEqual(key === "KeysRecords" ? [expect.objectContaining(delivery)] : []);
      const [administration] = policyOf(key);
      expect(administration).toMatchObject({ Sid: "Administration" });
      expect(administration && uses(administration)).toBe(false);
    },
  );

  it("gives readers of secrets Decrypt only through Secrets Manager and only for this installation's secrets", () => {
    const through = policyOf("KeysKeyMaterial").find(({ Sid }) => Sid === "ThroughSecretsManager");
    expect(through?.Condition).toEqual({
      StringEquals: { "kms:CallerAccount": account, "kms:ViaService": `secretsmanager.${region}.amazonaws.com` },
      StringLike: {
        "kms:EncryptionContext:SecretARN": [`arn:aws:secretsmanager:${region}:${account}:secret:certwright/*`],
      },
    });
  });

  it("lets only the roles of prepare, write-secret and sign use it directly", () => {
    const direct = policyOf("KeysKeyMaterial").filter(({ Condition = {} }) => "ArnEquals" in Condition);
    expect(direct.map(({ Action, Condition }) => [Action, Condition?.ArnEquals])).toEqual([
      ["kms:GenerateDataKey", { "aws:PrincipalArn": `arn:aws:iam::${account}:role/certwright-prepare` }],
      ["kms:Decrypt", { "aws:PrincipalArn": `arn:aws:iam::${account}:role/certwright-write-secret` }],
      ["kms:Decrypt", { "aws:PrincipalArn": `arn:aws:iam::${account}:role/certwright-sign` }],
    ]);
  });
});

describe("secrets bucket", () => {
  const { Properties } = stack.one("AWS::S3::Bucket");

  it("is versioned, private and encrypted with the key of key material", () => {
    expect(Properties).toMatchObject({
      BucketName: `certwright-secrets-${account}-${region}`,
      VersioningConfiguration: { Status: "Enabled" },
      OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    const [rule] = Properties.BucketEncryption.ServerSideEncryptionConfiguration;
    expect(rule).toMatchObject({ BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" } });
    expect(stack.named(rule.ServerSideEncryptionByDefault.KMSMasterKeyID)).toBe("KeysKeyMaterial");
  });

  it("refuses whoever comes without TLS", () => {
    const { Statement } = stack.one("AWS::S3::BucketPolicy").Properties.PolicyDocument;
    const refusal = { Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } };
    expect(Statement).toContainEqual(expect.objectContaining(refusal));
  });

  it("keeps the last versions and drops older ones after 90 days", () => {
    const [rule] = Properties.LifecycleConfiguration.Rules;
    expect(rule.NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 90, NewerNoncurrentVersions: 5 });
  });
});

describe("directory", () => {
  it("tells the command line where everything is", () => {
    const { Name, Value } = stack.one("AWS::SSM::Parameter").Properties;
    const [before, keyArn, after] = Value["Fn::Join"][1];
    expect([Name, stack.named(keyArn)]).toEqual(["/certwright/certwright/config", "KeysKeyMaterial"]);
    expect(JSON.parse(`${before}KEY${after}`)).toEqual({
      instance: "certwright",
      account,
      region,
      requestsTable: "certwright-requests",
      stateTable: "certwright-state",
      bus: "certwright",
      stateMachineArn: `arn:aws:states:${region}:${account}:stateMachine:certwright-issue-certificates`,
      secretsBucket: `certwright-secrets-${account}-${region}`,
      defaultStore: "secretsManager",
      keyMaterialKeyArn: "KEY",
    });
  });

  it("prints what people look for", () => {
    expect(Object.keys(stack.outputs).sort()).toEqual([
      "AlarmTopic",
      "Bus",
      "KeyMaterialKey",
      "RequestsTable",
      "SecretsBucket",
      "StateTable",
    ]);
  });
});
