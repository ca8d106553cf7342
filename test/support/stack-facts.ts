import { blockedDomain } from "../../local/pebble.ts";
import type { Stack } from "../../local/stack.ts";
import type { StackFacts } from "./stack.ts";

/** What connectStack() needs to know of a stack that a test started itself. */
export function factsOf(stack: Stack, instance = "certwright"): StackFacts {
  const { controlUrl, endpoint, emulatorEndpoint, region, account, folder, dnsServer } = stack;
  const { directoryUrl, caCertificate, managementUrl, externalAccount } = stack.acme;
  const addresses = { controlUrl, endpoint, emulatorEndpoint, dnsServer, directoryUrl, managementUrl };
  return { instance, ...addresses, region, account, folder, caCertificate, externalAccount, blockedDomain };
}
