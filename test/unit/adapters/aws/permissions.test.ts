import { describe, expect, it } from "vitest";
import { eventsPermissions, sealerPermissions, starterPermissions } from "../../../../adapters/aws/index.ts";

describe("sealerPermissions", () => {
  const { seal, open } = sealerPermissions({ keyArn: "arn:key", instance: "certwright" });

  it("lets one function seal and another open", () => {
    expect([seal, open].map((permissions) => permissions.flatMap(({ actions }) => actions))).toEqual([
      ["kms:GenerateDataKey"],
      ["kms:Decrypt"],
    ]);
  });

  it.each([
    ["seal", seal],
    ["open", open],
  ])("fences %s to the three keys of our context", (_verb, [permission]) => {
    expect(permission).toMatchObject({
      resources: ["arn:key"],
      conditions: {
        StringEquals: { "kms:EncryptionContext:instance": "certwright" },
        "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["instance", "namespace", "attempt"] },
        Null: { "kms:EncryptionContext:namespace": "false", "kms:EncryptionContext:attempt": "false" },
      },
    });
  });
});

describe("eventsPermissions", () => {
  it("lets nobody speak under another source, nor without one", () => {
    expect(eventsPermissions({ busArn: "arn:bus" })).toEqual([
      {
        actions: ["events:PutEvents"],
        resources: ["arn:bus"],
        conditions: {
          "ForAllValues:StringEquals": { "events:source": ["certwright"] },
          Null: { "events:source": "false" },
        },
      },
    ]);
  });
});

describe("starterPermissions", () => {
  it("gives each verb its one function or machine", () => {
    const permissions = starterPermissions({
      stateMachineArn: "arn:machine",
      functionArn: (folder) => `arn:${folder}`,
    });
    const resources = Object.entries(permissions).map(([verb, [permission]]) => [verb, permission?.resources]);
    expect(Object.fromEntries(resources)).toEqual({
      startIssuance: ["arn:machine"],
      dispatch: ["arn:dispatch"],
      sweep: ["arn:sweep"],
      checkIssuer: ["arn:check-issuer"],
      checkCertificates: ["arn:check-certificates"],
      cleanUp: ["arn:clean-up-challenge"],
      syncKubernetes: ["arn:sync-kubernetes"],
      revoke: ["arn:revoke-certificate"],
      rewriteSecrets: ["arn:rewrite-secret"],
    });
  });
});
