import { setTimeout as sleep } from "node:timers/promises";
import { acme } from "../../adapters/issuers/acme.ts";
import { testAcmeIssuer } from "../contract/acme-issuer.ts";
import { startPebble } from "../support/pebble.ts";
import { txtTable } from "../support/txt-table.ts";

testAcmeIssuer("the adapter on real Pebble", async () => {
  const clock = { now: () => new Date() };
  const txt = txtTable();
  const { url: server, caBundle, close } = await startPebble(txt.lookup);
  return {
    issuer: (account) =>
      acme.create(
        { server, caBundle },
        { ...account, clock, allowedPrivateHosts: ["127.0.0.1"], userAgent: "certwright-test" },
      ),
    publish: txt.publish,
    pause: () => sleep(100),
    refusedName: "blocked.example.org",
    profile: "two-minutes",
    close,
  };
});
