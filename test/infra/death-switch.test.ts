import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bundleFunctions } from "../../cdk/bundle.ts";
import { deathHeader } from "../../local/exchange.ts";
import { deathSwitch } from "../support/death-switch.ts";
import { synthesize } from "./synth.ts";

describe("what is deployed knows nothing of the death switch of the tests", () => {
  const { folder, metafile } = bundleFunctions();
  const files = globSync("**/*.mjs", { cwd: folder });

  it("in no bundle of a function", () => {
    expect(files.length).toBeGreaterThan(13);
    const knowing = files.filter((file) => readFileSync(join(folder, file), "utf8").includes(deathHeader.name));
    expect(knowing).toEqual([]);
    expect(Object.keys(metafile.inputs).filter((input) => /^(local|test)\//.test(input))).toEqual([]);
  });

  it("and in no function's environment", () => {
    const planted = Object.keys(deathSwitch());
    expect(planted).toEqual(["NODE_OPTIONS"]);
    const functions = synthesize().ofType("AWS::Lambda::Function");
    expect(functions.length).toBeGreaterThan(12);
    for (const { Properties } of functions) {
      expect(Object.keys(Properties.Environment?.Variables ?? {})).not.toContain("NODE_OPTIONS");
    }
  });
});
