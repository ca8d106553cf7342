import { createClients } from "../../local/clients.ts";
import { deploy } from "../../local/deploy.ts";
import { seed } from "../../local/seed.ts";
import { type Stack, type StackOptions, startStack } from "../../local/stack.ts";
import { keepSweeping } from "../../local/sweeper.ts";
import type { StackFacts } from "./stack.ts";
import { factsOf } from "./stack-facts.ts";

const instance = "certwright";
/** Certificates of two minutes cannot wait for the sweep's own schedule of one minute. */
const sweepEverySeconds = 10;

/** A stack that a test has booted. */
export interface Booted {
  stack: Stack;
  facts: StackFacts;
  stop(): Promise<void>;
}

/** A stack with certwright, its zone, its issuers and frequent sweeps; progress and troubles go to stderr, after `called`. */
export async function bootStack(called: string, options: StackOptions = {}): Promise<Booted> {
  const tell = (line: string) => void process.stderr.write(`${called}: ${line}\n`);
  const stack = await startStack({ ...options, onTrouble: tell });
  try {
    tell(`logs in ${stack.folder}`);
    await deploy(stack, { instance, tell });
    const clients = createClients(stack.emulatorEndpoint, stack.region);
    await seed(stack, clients, instance);
    const endSweeping = keepSweeping(clients, instance, sweepEverySeconds);
    const stop = async () => {
      endSweeping();
      await stack.stop();
    };
    return { stack, facts: factsOf(stack, instance), stop };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}
