import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { openStore, stores } from "../../../../adapters/stores/index.ts";

describe("the registry of stores", () => {
  it.each(["secretsManager", "s3"] as const)("opens %s from an SDK client's settings", async (name) => {
    const store = await openStore(name, { region: "eu-west-1", bucket: "secrets", kmsKeyId: "arn:key" });
    expect(Object.keys(store).sort()).toEqual(["describe", "read", "scheduleDeletion", "write"]);
  });

  it("gives each store its permissions", async () => {
    for (const load of Object.values(stores)) expect((await load()).permissions).toBeInstanceOf(Function);
  });

  it("loads no SDK before a store is used", async () => {
    for (const file of ["index.ts", "permissions.ts", "rules.ts"]) {
      const source = await readFile(new URL(`../../../../adapters/stores/${file}`, import.meta.url), "utf8");
      expect(source).not.toMatch(/^import .*@aws-sdk/m);
    }
  });
});
