import { chaosTable } from "../support/chaos/rows.ts";
import { dnsOutage } from "../support/chaos/time-outage.ts";

const expected =
  "One alarm, not one for each; describe says why, what next and when; nothing expires; one order each; the most urgent recover first; no budget exceeded.";

chaosTable("A backlog (in memory, virtual clock)", [
  {
    fault: "the DNS provider is down for 40 hours while 40 renewals fall due",
    expected,
    quick: true,
    run: () => dnsOutage(40),
  },
  {
    fault: "the DNS provider is down for 40 hours while 500 renewals fall due",
    expected,
    run: () => dnsOutage(500),
  },
]);
