import { acme } from "../../../../adapters/issuers/acme.ts";
import { testAcmeIssuer } from "../../../contract/acme-issuer.ts";
import { startFakeAcme } from "../../../support/fake-acme.ts";
import { txtTable } from "../../../support/txt-table.ts";

testAcmeIssuer("the adapter on the strict fake server", async () => {
  const clock = { now: () => new Date() };
  const txt = txtTable();
  const fake = await startFakeAcme({ clock, lookupTxt: txt.lookup });
  fake.ca.knobs.refusedNames.set("blocked.example", "The name blocked.example is on the block list");
  const { url: server, caBundle } = fake;
  const allowedPrivateHosts = ["127.0.0.1"];
  return {
    issuer: (account) =>
      acme.create({ server, caBundle }, { ...account, clock, allowedPrivateHosts, userAgent: "certwright-test" }),
    publish: txt.publish,
    pause: async () => undefined,
    refusedName: "blocked.example",
    profile: "default",
    rootOf: async (chain) => (chain === 0 ? "Test Root" : "Other Root"),
    close: fake.close,
  };
});
