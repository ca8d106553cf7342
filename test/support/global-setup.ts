import type { TestProject } from "vitest/node";
import { bootStack } from "./boot-stack.ts";
import { deathSwitch } from "./death-switch.ts";
import { startKubernetesHost } from "./kubernetes/host.ts";
import type { StackFacts } from "./stack.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The AWS emulator, past the proxy. */
    emulatorEndpoint: string;
    /** What a test needs to talk to the stack (test/support/stack.ts). */
    stack: StackFacts;
    /** Whom to ask for clusters (test/support/kubernetes-bed.ts). */
    kubernetesHost: string;
  }
}

interface Shared {
  users: number;
  booted: ReturnType<typeof boot>;
}

// Several projects of one run use the same stack; each loads this module anew, so the stack hangs on the process.
const place = globalThis as { certwrightTestStack?: Shared | undefined };

/** Boots one stack, with certwright deployed, for all tests of a run; the last project to end stops it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  place.certwrightTestStack ??= { users: 0, booted: boot() };
  const shared = place.certwrightTestStack;
  shared.users += 1;
  const { facts, kubernetesHost, stop } = await shared.booted;
  project.provide("emulatorEndpoint", facts.emulatorEndpoint);
  project.provide("stack", facts);
  project.provide("kubernetesHost", kubernetesHost);
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    place.certwrightTestStack = undefined;
    await stop();
  };
}

// Clusters are started by the first test that asks for them.
async function boot() {
  const stack = await bootStack("stack", { lambdaEnvironment: deathSwitch() });
  const kubernetes = await startKubernetesHost(stack.facts.folder);
  const stop = async () => {
    await kubernetes.stop();
    await stack.stop();
  };
  return { facts: stack.facts, kubernetesHost: kubernetes.url, stop };
}
