import { describe, expect, it } from "vitest";
import type { Call } from "../../local/calls.ts";
import { askedOf, review } from "../support/iam-review.ts";
import type { Installed, Statement } from "../support/iam-template.ts";
import { readInstalled } from "../support/iam-template.ts";
import { account, region, synthesize } from "./synth.ts";

/** What yy-least-privilege.test.ts finds, shown on calls and grants that are planted here. */
const place = { account, region };
const installed = readInstalled(synthesize({ zones: ["ZONE1"] }).file, place);
const state = `arn:aws:dynamodb:${region}:${account}:table/certwright-state`;
const around = {
  place,
  keyMaterial: installed.arn("AWS::KMS::Key", "KeyMaterial"),
  records: installed.arn("AWS::KMS::Key", "Records"),
  secret: () => undefined,
  note: () => undefined,
};

/** The role of resync with more statements. */
function withMore(...planted: Statement[]): Installed {
  const { Version, Statement: own } = installed.role("resync");
  const policy = { Version, Statement: [...own, ...planted] };
  return { ...installed, role: (name) => (name === "resync" ? policy : installed.role(name)) };
}

function called(action: string, parameters: object): Call {
  return { id: 1, at: 0, service: "dynamodb", action, function: "resync", signedBy: account, status: 200, parameters };
}

async function reviewOf(on: Installed, ...calls: Call[]) {
  const asked = askedOf(calls, around).get("resync") ?? expect.unreachable();
  const { grants, denied } = await review(on, "resync", asked);
  return {
    used: grants.filter(({ used }) => used).map(({ grant }) => grant),
    idle: grants.filter(({ used }) => !used).map(({ grant }) => grant),
    denied: denied.map(({ request }) => `${request.action} ${request.resource.split("/").at(-1)}`),
  };
}

const scan = called("Scan", { TableName: "certwright-requests" });
const key = { namespace: { S: "web" }, resource: { S: "Certificate/www" } };
const scanRight = "dynamodb:Scan @ table/certwright-requests";
const planted = { Effect: "Allow" as const, Action: ["dynamodb:DeleteItem", "dynamodb:GetItem"], Resource: state };

describe("the review of a role", () => {
  it("names what no call used, also the second action of a statement whose first is used", async () => {
    const read = called("GetItem", { TableName: "certwright-state", Key: key });
    const { used, idle } = await reviewOf(withMore(planted), scan, read);
    expect(used).toEqual([scanRight, "dynamodb:GetItem @ table/certwright-state"]);
    expect(idle).toContain("dynamodb:DeleteItem @ table/certwright-state");
  });

  it("names what is granted twice: nothing would be denied without the one or the other", async () => {
    const again = { Effect: "Allow" as const, Action: "dynamodb:Scan", Resource: "*" };
    const { used, idle } = await reviewOf(withMore(again), scan);
    expect(used).toEqual([]);
    expect(idle).toEqual(expect.arrayContaining([scanRight, "dynamodb:Scan @ *"]));
  });

  it("names calls outside, and only those", async () => {
    const write = called("PutItem", { TableName: "certwright-state", Item: key });
    expect((await reviewOf(installed, scan)).denied).toEqual([]);
    expect((await reviewOf(installed, scan, write)).denied).toEqual(["dynamodb:PutItem certwright-state"]);
  });

  it("takes no call that it does not know, and none that was recorded in part", () => {
    const unknown = called("Wish", {});
    expect(() => askedOf([{ ...unknown, service: "events" }], around)).toThrow("events:Wish is not known here");
    expect(() => askedOf([called("PutItem", { cut: "..." })], around)).toThrow("recorded in part only");
  });
});
