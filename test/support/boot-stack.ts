import { createClients } from "../../local/clients.ts";
import { deploy } from "../../local/deploy.ts";
import { blockedDomain } from "../../local/pebble.ts";
import { seed } from "../../local/seed.ts";
import { startStack } from "../../local/stack.ts";
import { keepSweeping } from "../../local/sweeper.ts";
import { deathSwitch } from "./death-switch.ts";
import type { StackFacts } from "./stack.ts";

const instance = "certwright";
/** Certificates of two minutes cannot wait for the sweep's own schedule of one minute. */
const sweepEverySeconds = 10;

/** A stack with certwright, its zone, its issuers and frequent sweeps; progress and troubles go to stderr. */
export async function bootStack(): Promise<{ facts: StackFacts; stop: () => Promise<void> }> {
  const tell = (line: string) => void process.stderr.write(`stack: ${line}\n`);
  const stack = await startStack({ onTrouble: tell, lambdaEnvironment: deathSwitch() });
  try {
    tell(`logs in ${stack.folder}`);
    await deploy(stack, { instance, tell });
    const clients = createClients(stack.emulatorEndpoint, stack.region);
    await seed(stack, clients, instance);
    const endSweeping = keepSweeping(clients, instance, sweepEverySeconds);
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
      stop: async () => {
        endSweeping();
        await stack.stop();
      },
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}
