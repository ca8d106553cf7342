import type { Stack } from "../../../local/stack.ts";
import { bootStack } from "../boot-stack.ts";
import { expectCallsAllowed } from "../iam-weigh.ts";
import type { TestStack } from "../integration-bed.ts";
import { connectStack } from "../stack.ts";

/** A stack that one row has to itself, whose emulator can be restarted. */
export interface OwnStack extends TestStack {
  own: Stack;
  /** Throws when a function asked for what its role does not allow. */
  stop(): Promise<void>;
}

/** Boots it and deploys certwright; a sweep comes every ten seconds, also while the emulator is away. */
export async function startOwnStack(): Promise<OwnStack> {
  const { stack: own, facts, stop } = await bootStack("own stack", { persistState: true });
  const stack = connectStack(facts);
  return { ...stack, own, stop: () => expectCallsAllowed(stack).finally(stop) };
}
