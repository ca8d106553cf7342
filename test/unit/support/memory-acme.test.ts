import { testAcmeIssuer } from "../../contract/acme-issuer.ts";
import { createCa } from "../../support/acme-ca.ts";
import { memoryAcme } from "../../support/memory-acme.ts";
import { txtTable } from "../../support/txt-table.ts";

testAcmeIssuer("the fake in memory", async () => {
  const clock = { now: () => new Date("2026-11-22T10:00:00Z") };
  const txt = txtTable();
  const ca = await createCa({ clock, baseUrl: "https://memory.test", lookupTxt: txt.lookup });
  ca.knobs.refusedNames.set("blocked.example", "The name blocked.example is on the block list");
  ca.knobs.processingRounds = 1;
  return {
    issuer: (account) => memoryAcme(ca, { ...account, clock }),
    publish: txt.publish,
    pause: async () => undefined,
    refusedName: "blocked.example",
    profile: "default",
    rootOf: async (chain) => (chain === 0 ? "Test Root" : "Other Root"),
    close: async () => undefined,
  };
});
