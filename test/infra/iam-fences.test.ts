import { describe, expect, it } from "vitest";
import type { FunctionName } from "../../cdk/functions.ts";
import { functionNames } from "../../cdk/functions.ts";
import { fencesOf } from "../support/iam-fences.ts";
import type { Policy } from "../support/iam-template.ts";
import { readInstalled } from "../support/iam-template.ts";
import { onlyIn, widened } from "../support/iam-widened.ts";
import { account, region, synthesize } from "./synth.ts";

/**
 * iam-denials.test.ts asks for what lies outside of each role. Here each condition of each role is taken away in turn: then
 * one of those requests must be allowed, or nobody asked for what that condition holds back. (Actions and resources are held
 * by rights.test.ts, to the last one.)
 */
const place = { account, region };
const installed = readInstalled(synthesize({ zones: ["ZONE1"], validationZones: ["ZVAL1"], http01: {} }).file, place);
const fences = fencesOf(installed);

/** The roles that hold a statement, each without one of its condition keys. */
const conditions = new Map<string, { name: FunctionName; wider: Policy }[]>();
for (const name of functionNames) {
  for (const { title, policy } of widened(installed.role(name))) {
    conditions.set(title, [...(conditions.get(title) ?? []), { name, wider: policy }]);
  }
}

describe("the denials", () => {
  it.each([...conditions])("would notice %s", async (_title, holders) => {
    for (const { name, wider } of holders) {
      const denied = fences.filter(({ functions }) => functions.includes(name)).flatMap((fence) => fence.denied);
      if (await onlyIn(wider, installed.role(name), denied)) return;
    }
    expect.unreachable("no request that is denied would be allowed without it");
  });
});
