import { describe, expect, it } from "vitest";
import { route53Permissions } from "../../../../../adapters/dns/route53/permissions.ts";

const names = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
const types = "route53:ChangeResourceRecordSetsRecordTypes";
const actions = "route53:ChangeResourceRecordSetsActions";

describe("persistent records", () => {
  const patterns = ({ publish, cleanUp }: ReturnType<typeof route53Permissions>) =>
    [publish, cleanUp].map((permissions) => JSON.stringify(permissions).includes("_validation-persist"));

  it("may be written where the deployment says so, and never cleaned up", () => {
    const scope = { zones: ["Z1"], validationZones: [], functions: [] };
    expect(patterns(route53Permissions(scope))).toEqual([false, false]);
    expect(patterns(route53Permissions({ ...scope, dnsPersist: true }))).toEqual([true, false]);
  });
});

describe("route53 permissions", () => {
  it("fences every write by name, type and action, each key paired with Null", () => {
    const { publish } = route53Permissions({ zones: ["Z1", "Z2"], validationZones: [], functions: [] });
    expect(publish).toEqual([
      { actions: ["route53:ListHostedZones"], resources: ["*"] },
      {
        actions: ["route53:ChangeResourceRecordSets"],
        resources: ["arn:aws:route53:::hostedzone/Z1", "arn:aws:route53:::hostedzone/Z2"],
        conditions: {
          "ForAllValues:StringLike": { [names]: ["_acme-challenge.*"] },
          "ForAllValues:StringEquals": { [types]: ["TXT"], [actions]: ["CREATE", "DELETE"] },
          Null: { [names]: "false", [types]: "false", [actions]: "false" },
        },
      },
      {
        actions: ["route53:ListResourceRecordSets"],
        resources: ["arn:aws:route53:::hostedzone/Z1", "arn:aws:route53:::hostedzone/Z2"],
      },
    ]);
  });

  it("gives check-propagation GetChange and nothing else", () => {
    expect(route53Permissions({ zones: "*", validationZones: ["Z9"], functions: [] }).settled).toEqual([
      { actions: ["route53:GetChange"], resources: ["arn:aws:route53:::change/*"] },
    ]);
  });

  it("lets any TXT name be written in validation zones only", () => {
    const { cleanUp } = route53Permissions({ zones: "*", validationZones: ["Z9"], functions: [] });
    const writes = cleanUp.filter((permission) => permission.actions.includes("route53:ChangeResourceRecordSets"));
    expect(writes.map(({ resources, conditions }) => [resources, Object.keys(conditions?.Null ?? {})])).toEqual([
      [["arn:aws:route53:::hostedzone/*"], [names, types, actions]],
      [["arn:aws:route53:::hostedzone/Z9"], [types, actions]],
    ]);
  });

  it("reads each listed zone once, and writes nowhere when no zone is listed", () => {
    const read = route53Permissions({ zones: ["Z1", "Z9"], validationZones: ["Z9"], functions: [] }).publish.at(-1);
    expect(read?.resources).toEqual(["arn:aws:route53:::hostedzone/Z1", "arn:aws:route53:::hostedzone/Z9"]);
    expect(route53Permissions({ zones: [], validationZones: [], functions: [] }).publish).toEqual([
      { actions: ["route53:ListHostedZones"], resources: ["*"] },
    ]);
  });
});
