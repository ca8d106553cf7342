import { describe, expect, it } from "vitest";
import { requestsPermissions, statePermissions } from "../../../../adapters/aws/table-permissions.ts";
import type { Permission } from "../../../../core/permission.ts";

const tableArn = "arn:aws:dynamodb:eu-central-1:123456789012:table/certwright-state";
const all = { ...statePermissions({ tableArn }), ...requestsPermissions({ tableArn }) };

describe("permissions of the tables", () => {
  it.each(Object.entries(all))("%s names its actions and its table, without a wildcard", (_, permissions) => {
    for (const { actions, resources } of permissions) {
      expect(actions.every((action) => /^dynamodb:[A-Z][A-Za-z]+$/.test(action))).toBe(true);
      expect(resources.every((arn) => arn.startsWith(tableArn) && !arn.includes("*"))).toBe(true);
    }
  });

  it("lets nobody delete a row of State outside _system, but who works in clusters", () => {
    const { delete: deleting, deleteInClusters, ...rest } = statePermissions({ tableArn });
    const others = Object.values(rest).flatMap((permissions: Permission[]) =>
      permissions.flatMap(({ actions }) => actions),
    );
    expect(others).not.toContain("dynamodb:DeleteItem");
    expect(deleting).toEqual([
      {
        actions: ["dynamodb:DeleteItem"],
        resources: [tableArn],
        conditions: {
          "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["_system", "_http01"] },
          Null: { "dynamodb:LeadingKeys": "false" },
        },
      },
    ]);
    expect(deleteInClusters).toEqual([
      {
        actions: ["dynamodb:DeleteItem"],
        resources: [tableArn],
        conditions: {
          "ForAllValues:StringNotLike": { "dynamodb:LeadingKeys": ["_system", "_http01", "_cluster"] },
          Null: { "dynamodb:LeadingKeys": "false" },
        },
      },
    ]);
  });

  it("lists targets wherever a Certificate may be, and nothing under _system", () => {
    const conditions = {
      "ForAllValues:StringNotLike": { "dynamodb:LeadingKeys": ["_system", "_http01"] },
      Null: { "dynamodb:LeadingKeys": "false" },
    };
    const query = { actions: ["dynamodb:Query"], resources: [tableArn], conditions };
    expect(statePermissions({ tableArn }).queryTargets).toEqual([query]);
  });

  it("lets who works in clusters wake what is there, and reach nothing under _system", () => {
    const { queryClusters, writeClusters } = statePermissions({ tableArn });
    const ofClusters = {
      "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["_cluster", "_cluster/*"] },
      Null: { "dynamodb:LeadingKeys": "false" },
    };
    const notSystem = {
      "ForAllValues:StringNotLike": { "dynamodb:LeadingKeys": ["_system", "_http01"] },
      Null: { "dynamodb:LeadingKeys": "false" },
    };
    expect(queryClusters).toEqual([{ actions: ["dynamodb:Query"], resources: [tableArn], conditions: ofClusters }]);
    expect(writeClusters).toEqual([
      { actions: ["dynamodb:PutItem"], resources: [tableArn], conditions: notSystem },
      { actions: ["dynamodb:UpdateItem"], resources: [tableArn], conditions: ofClusters },
    ]);
  });

  it("writes requests of users' namespaces only", () => {
    expect(requestsPermissions({ tableArn }).write.map(({ conditions }) => conditions)).toEqual([
      {
        "ForAllValues:StringNotLike": { "dynamodb:LeadingKeys": ["_*"] },
        Null: { "dynamodb:LeadingKeys": "false" },
      },
    ]);
  });

  it("reaches each index by its own right", () => {
    const { due, waitingFor, scanKeys } = statePermissions({ tableArn });
    expect(due).toEqual([{ actions: ["dynamodb:Query"], resources: [`${tableArn}/index/due`] }]);
    expect(waitingFor).toEqual([{ actions: ["dynamodb:Query"], resources: [`${tableArn}/index/byIssuer`] }]);
    expect(scanKeys).toEqual([{ actions: ["dynamodb:Scan"], resources: [`${tableArn}/index/byIssuer`] }]);
  });
});
