import { setTimeout as sleep } from "node:timers/promises";
import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { expect } from "vitest";
import { stepIn } from "../../core/status.ts";
import type { Manifest } from "../../local/requests.ts";
import { expectIssued, keptOf } from "../support/chaos/aws-kept.ts";
import { loseAllExecutions } from "../support/chaos/aws-lost-executions.ts";
import type { OwnStack } from "../support/chaos/aws-own-stack.ts";
import { startOwnStack } from "../support/chaos/aws-own-stack.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { certificate } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";

/** Longer than the restart takes, so that these wait for their DNS then. */
const longLagMs = 60_000;

function ask(prefix: string, count: number): Manifest[] {
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  return names.map((name) => certificate({ name, issuer: "pebble", dnsNames: [`${name}.example.test`] }));
}

async function restartInFlight(): Promise<string> {
  const stack = await startOwnStack();
  try {
    return await restartOn(stack);
  } finally {
    await stack.stop();
  }
}

async function restartOn(stack: OwnStack): Promise<string> {
  const [done, flying, asked] = [ask("done", 4), ask("flying", 10), ask("asked", 4)];
  await put(stack, done);
  await ready(stack, done);
  await stack.control("setDnsLag", { lagMs: longLagMs });
  await put(stack, flying);
  await Promise.all(flying.map((one) => stack.waitFor(one.metadata, ({ attempt }) => attempt !== undefined)));
  await untilWaiting(stack, flying);
  const before = await Promise.all(flying.map((one) => keptOf(stack, one)));
  await put(stack, asked);
  await stack.own.restartEmulator();
  await stack.control("setDnsLag", { lagMs: 2_000 });

  const lost = await expectExecutionsLost(stack, flying);
  const { stdout } = await certwright(stack, ["describe", "certificate", "flying-0"]);
  expect(stdout).toMatch(/Should its execution die, it resumes at \d{4}-\d\d-\d\dT[\d:]+Z \(in 1[0-9]m/);
  const since = Date.now();
  await endLeases(stack, [...flying, ...asked]);
  // The emulator keeps no stream records, AWS keeps them for a day; what is lost there, too, the resync finds every six hours.
  await stack.resync();
  await ready(stack, [...flying, ...asked]);
  for (const [index, one] of flying.entries()) expect(await keptOf(stack, one)).toEqual(before[index]);
  const counts = await expectIssued(stack, [...done, ...flying, ...asked]);
  // Two more sweeps.
  await sleep(20_000);
  const started = await stack.count({ service: "states", action: "StartExecution", status: 200, since });
  expect(started).toBeLessThanOrEqual(flying.length + asked.length);
  return `${lost} executions lost; 18 of 18 Ready, ${started} executions more; ${counts}`;
}

async function put(stack: OwnStack, manifests: Manifest[]): Promise<void> {
  await Promise.all(manifests.map((manifest) => stack.put(manifest)));
}

async function ready(stack: OwnStack, manifests: Manifest[]): Promise<void> {
  await Promise.all(manifests.map(({ metadata }) => stack.ready(metadata, { timeoutMs: 180_000 })));
}

/** Their orders are made, their records published; they wait for the name servers. */
async function untilWaiting({ state, waitFor }: OwnStack, manifests: Manifest[]): Promise<void> {
  for (const { metadata } of manifests) {
    const key = { namespace: "default", kind: "Certificate", name: metadata.name } as const;
    await waitFor(metadata, () => true);
    for (;;) {
      const [attempt] = await state.attemptsOf(key);
      if (attempt && stepIn(attempt) === "check-propagation") break;
      await sleep(250);
    }
  }
}

/** Throws unless their executions have ended and State does not know it; answers how many there were. */
async function expectExecutionsLost(stack: OwnStack, manifests: Manifest[]): Promise<number> {
  const arns = new Set<string>();
  for (const { metadata } of manifests) {
    const row = await stack.certificate(metadata);
    expect(row?.attempt?.leaseId).toBeDefined();
    arns.add(row?.attempt?.executionArn ?? "");
  }
  for (const executionArn of arns) {
    const { status } = await stack.clients.steps.send(new DescribeExecutionCommand({ executionArn }));
    expect(status).toBe("FAILED");
  }
  return arns.size;
}

/** What a quarter of an hour does: the leases that nobody holds any more have ended. */
async function endLeases({ state, certificate: read }: OwnStack, manifests: Manifest[]): Promise<void> {
  for (const { metadata } of manifests) {
    const row = await read(metadata);
    if (row?.attempt?.leaseId === undefined) continue;
    expect(await state.putCertificate({ ...row, dueAt: Date.now() })).toBe("saved");
  }
}

chaosTable("Everything stops in mid-flight", [
  {
    fault: "all running executions are lost, of 60 certificates (in memory, virtual clock)",
    expected:
      "All Ready when the leases of 15 minutes have ended; one order each; " +
      "no more executions in a minute than the issuer's limit, and none when all are Ready",
    quick: true,
    run: () => loseAllExecutions(60),
  },
  {
    fault:
      "the emulator restarts, its state persisted: Lambdas and executions die, some certificates just asked for " +
      "(then a quarter of an hour is played: the ends of the leases are moved to now; and a resync, for the lost hints)",
    expected: "All Ready, with the orders and keys from before; nothing issued twice; no execution too many afterwards",
    run: restartInFlight,
  },
]);
