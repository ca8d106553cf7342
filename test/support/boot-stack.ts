import { createClients } from "../../local/clients.ts";
import { deploy } from "../../local/deploy.ts";
import { blockedDomain } from "../../local/pebble.ts";
import { seed } from "../../local/seed.ts";
import { startStack } from "../../local/stack.ts";
import type { StackFacts } from "./stack.ts";

const instance = "certwright";

/** A stack with certwright, its zone and its issuers; progress and troubles go to stderr. */
export async function bootStack(): Promise<{ facts: StackFacts; stop: () => Promise<void> }> {
  const tell = (line: string) => void process.stderr.write(`stack: ${line}\n`);
  const stack = await startStack({ onTrouble: tell });
  try {
    tell(`logs in ${stack.folder}`);
    await deploy(stack, { instance, tell });
    await seed(stack, createClients(stack.emulatorEndpoint, stack.region), instance);
    const { controlUrl, endpoint, emulatorEndpoint, region, account, folder, dnsServer } = stack;
    const { directoryUrl, caCertificate, externalAccount } = stack.acme;
    return {
      facts: {
        instance,
        controlUrl,
        endpoint,
        emulatorEndpoint,
        region,
        account,
        folder,
        dnsServer,
        directoryUrl,
        caCertificate,
        externalAccount,
        blockedDomain,
      },
      stop: stack.stop,
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}
