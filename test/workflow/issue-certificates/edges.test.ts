import { describe, expect, it } from "vitest";
import { edgesOf } from "../../support/asl-machine.ts";
import { machine } from "./machine.ts";
import { fails, refs, run, type Script, waits } from "./stub-tasks.ts";

const [away, broken] = [fails("UnavailableError"), fails("TypeError")];

const scenarios: Record<string, Script> = {
  "nothing waits": {},
  "everything waits once": {
    "Check propagation": [waits(2)],
    "Validate challenge": [waits(1)],
    "Finalize order": [waits(1)],
  },
};
const signing: Record<string, Script> = {
  "it signs at once": {},
  "away for a moment: Sign": { Sign: [away] },
  "one failure: Sign": { Sign: [broken] },
  "dies: Sign": { Sign: [broken, broken] },
};
for (const state of Object.keys(machine.States)) {
  scenarios[`away for a moment: ${state}`] = { [state]: [away] };
  scenarios[`one failure: ${state}`] = { [state]: [broken] };
  scenarios[`dies: ${state}`] = { [state]: [broken, broken] };
}

/** Every transition of issue-certificates, and the scenario that shows it. */
const table: [edge: string, scenario: string][] = [
  ["Prepare -next-> Signs at once?", "nothing waits"],
  ["Signs at once? -default-> Create order", "nothing waits"],
  ["Signs at once? -choice 0-> Sign", "it signs at once"],
  ["Sign -next-> Write secret", "it signs at once"],
  ["Sign -retry 0-> Sign", "away for a moment: Sign"],
  ["Sign -retry 1-> Sign", "one failure: Sign"],
  ["Sign -catch 0-> Clean up challenge", "dies: Sign"],
  ["Prepare -retry 0-> Prepare", "away for a moment: Prepare"],
  ["Prepare -retry 1-> Prepare", "one failure: Prepare"],
  ["Prepare -catch 0-> Clean up challenge", "dies: Prepare"],
  ["Create order -next-> Publish challenge", "nothing waits"],
  ["Create order -retry 0-> Create order", "away for a moment: Create order"],
  ["Create order -retry 1-> Create order", "one failure: Create order"],
  ["Create order -catch 0-> Clean up challenge", "dies: Create order"],
  ["Publish challenge -next-> Wait for propagation", "nothing waits"],
  ["Publish challenge -retry 0-> Publish challenge", "away for a moment: Publish challenge"],
  ["Publish challenge -retry 1-> Publish challenge", "one failure: Publish challenge"],
  ["Publish challenge -catch 0-> Clean up challenge", "dies: Publish challenge"],
  ["Check propagation -next-> Propagated?", "nothing waits"],
  ["Check propagation -retry 0-> Check propagation", "away for a moment: Check propagation"],
  ["Check propagation -retry 1-> Check propagation", "one failure: Check propagation"],
  ["Check propagation -catch 0-> Clean up challenge", "dies: Check propagation"],
  ["Propagated? -choice 0-> Validate challenge", "nothing waits"],
  ["Propagated? -default-> Wait for propagation", "everything waits once"],
  ["Wait for propagation -next-> Check propagation", "nothing waits"],
  ["Validate challenge -next-> Validated?", "nothing waits"],
  ["Validate challenge -retry 0-> Validate challenge", "away for a moment: Validate challenge"],
  ["Validate challenge -retry 1-> Validate challenge", "one failure: Validate challenge"],
  ["Validate challenge -catch 0-> Clean up challenge", "dies: Validate challenge"],
  ["Validated? -choice 0-> Finalize order", "nothing waits"],
  ["Validated? -default-> Wait for validation", "everything waits once"],
  ["Wait for validation -next-> Validate challenge", "everything waits once"],
  ["Finalize order -next-> Finalized?", "nothing waits"],
  ["Finalize order -retry 0-> Finalize order", "away for a moment: Finalize order"],
  ["Finalize order -retry 1-> Finalize order", "one failure: Finalize order"],
  ["Finalize order -catch 0-> Clean up challenge", "dies: Finalize order"],
  ["Finalized? -choice 0-> Write secret", "nothing waits"],
  ["Finalized? -default-> Wait for certificate", "everything waits once"],
  ["Wait for certificate -next-> Finalize order", "everything waits once"],
  ["Write secret -next-> Clean up challenge", "nothing waits"],
  ["Write secret -retry 0-> Write secret", "away for a moment: Write secret"],
  ["Write secret -retry 1-> Write secret", "one failure: Write secret"],
  ["Write secret -catch 0-> Clean up challenge", "dies: Write secret"],
  ["Clean up challenge -retry 0-> Clean up challenge", "away for a moment: Clean up challenge"],
  ["Clean up challenge -retry 1-> Clean up challenge", "one failure: Clean up challenge"],
  ["Clean up challenge -next-> end", "nothing waits"],
];

describe("every transition of issue-certificates", () => {
  it.each(table)("%s is taken when %s", async (edge, scenario) => {
    const signs = signing[scenario];
    const script = signs ?? scenarios[scenario];
    expect(script).toBeDefined();
    expect((await run(script, refs(1), signs && "sign")).edges).toContain(edge);
  });

  it("is in the table, and the table has no other", () => {
    expect(table.map(([edge]) => edge).sort()).toEqual(edgesOf(machine).sort());
  });

  it("that was not foreseen shows: no scenario takes an edge that the machine does not have", async () => {
    const known = new Set(edgesOf(machine));
    const runs = await Promise.all(Object.values(scenarios).map((script) => run(script)));
    expect(runs.flatMap(({ edges }) => edges).filter((edge) => !known.has(edge))).toEqual([]);
  });
});
