import { testDnsProvider } from "../../../contract/dns-provider.ts";
import { fakeRoute53 } from "../../../support/fake-route53.ts";
import { memoryDns } from "../../../support/memory-dns.ts";
import { route53World } from "../../../support/route53-world.ts";

testDnsProvider("route53 on the strict fake", () => route53World(fakeRoute53().client));

testDnsProvider("the fake in memory", () => {
  const dns = memoryDns(["one.test", "two.test"]);
  let waiting: (() => Promise<void>) | undefined;
  return {
    zones: ["one.test", "two.test"],
    provider: () => ({
      ...dns,
      publish: async (records) => {
        await waiting?.();
        return dns.publish(records);
      },
      cleanUp: async (records) => {
        await waiting?.();
        return dns.cleanUp(records);
      },
    }),
    values: async (name) => dns.values(name),
    addForeign: async (name, value) => {
      dns.add(name, value);
    },
    beforeNextSwap: (act) => {
      waiting = act;
    },
  };
});
