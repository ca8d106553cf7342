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

  it("lets nobody delete a row of State outside _system", () => {
    const { delete: deleting, ...rest } = statePermissions({ tableArn });
    const others = Object.values(rest).flatMap((permissions: Permission[]) =>
      permissions.flatMap(({ actions }) => actions),
    );
    expect(others).not.toContain("dynamodb:DeleteItem");
    expect(deleting).toEqual([
      {
        actions: ["dynamodb:DeleteItem"],
        resources: [tableArn],
        conditions: {
          "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["_system"] },
          Null: { "dynamodb:LeadingKeys": "false" },
        },
      },
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
