import { createClients } from "../../../local/clients.ts";
import { deploy } from "../../../local/deploy.ts";
import { blockedDomain } from "../../../local/pebble.ts";
import { seed } from "../../../local/seed.ts";
import type { Stack } from "../../../local/stack.ts";
import { startStack } from "../../../local/stack.ts";
import { keepSweeping } from "../../../local/sweeper.ts";
import type { TestStack } from "../integration-bed.ts";
import { connectStack } from "../stack.ts";

const instance = "certwright";

/** A stack that one row has to itself, whose emulator can be restarted. */
export interface OwnStack extends TestStack {
  own: Stack;
  stop(): Promise<void>;
}

/** Boots it and deploys certwright; a sweep comes every ten seconds, also while the emulator is away. */
export async function startOwnStack(): Promise<OwnStack> {
  const tell = (line: string) => void process.stderr.write(`own stack: ${line}\n`);
  const own = await startStack({ onTrouble: tell, persistState: true });
  try {
    await deploy(own, { instance, tell });
    const clients = createClients(own.emulatorEndpoint, own.region);
    await seed(own, clients, instance);
    const endSweeping = keepSweeping(clients, instance, 10);
    const { controlUrl, endpoint, emulatorEndpoint, region, account, folder, dnsServer } = own;
    const { directoryUrl, caCertificate, externalAccount } = own.acme;
    const facts = {
      ...{ instance, controlUrl, endpoint, emulatorEndpoint, region, account, folder, dnsServer },
      ...{ directoryUrl, caCertificate, externalAccount, blockedDomain },
    };
    const stop = async () => {
      endSweeping();
      await own.stop();
    };
    return { ...connectStack(facts), own, stop };
  } catch (error) {
    await own.stop();
    throw error;
  }
}
