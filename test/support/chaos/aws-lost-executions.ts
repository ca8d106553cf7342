import { expect } from "vitest";
import type { ExecutionInput } from "../../../core/ports.ts";
import { openPipeline } from "../pipeline.ts";

const minuteMs = 60_000;
/** Of the default limits: executions that start in a minute. */
const executionsPerMinute = 20;

/**
 * In memory, under a virtual clock: all running executions stop for good and nobody tells; then a quarter of an hour passes.
 * Answers what was seen.
 */
export async function loseAllExecutions(count: number): Promise<string> {
  const far = new Date("2100-01-01T00:00:00Z");
  const lost = new Set<string>();
  const lostIn = new Set<string>();
  const startedAt: number[] = [];
  const p = await openPipeline({
    hook: async (task, input, run) => {
      const { leaseId } = input as ExecutionInput;
      if (lost.has(leaseId)) {
        lostIn.add(task);
        await p.time.waitUntil(far);
      }
      return run();
    },
  });
  const start = p.deps.starter.startIssuance;
  p.deps.starter.startIssuance = async (input) => {
    startedAt.push(p.time.now().getTime());
    await start(input);
  };
  await p.issuer();
  const names = Array.from({ length: count }, (_, index) => `web/w${index}`);
  // Some are Ready by then, some wait for DNS, some have just begun.
  for (const [index, id] of names.entries()) {
    await p.apply(id, { secretName: `s${index}`, dnsNames: [`w${index}.example.test`], issuerRef: issuerRef });
    await p.time.runUntil(new Date(p.time.now().getTime() + 1_000));
  }
  const before = await ready(p, names);
  const running = p.executions.filter(({ status }) => status === "RUNNING");
  for (const { input } of running) lost.add(input.leaseId);
  expect(running.length).toBeGreaterThan(1);
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(count);
  const lostAt = p.time.now().getTime();
  await p.time.runUntilTrue(async () => (await ready(p, names)) === count, 40 * minuteMs);
  const minutes = Math.round((p.time.now().getTime() - lostAt) / minuteMs);
  const started = startedAt.filter((at) => at > lostAt);
  const most = Math.max(...started.map((at) => started.filter((one) => one >= at && one < at + minuteMs).length));
  expect(most).toBeLessThanOrEqual(executionsPerMinute);
  const again = startedAt.length;
  await p.time.runUntil(new Date(p.time.now().getTime() + 60 * minuteMs));
  expect(startedAt).toHaveLength(again);
  expect(p.ca.orders.size).toBe(count);
  expect(p.facts.filter(({ type }) => type === "Certificate Issued")).toHaveLength(count);
  return (
    `${running.length} executions lost in ${[...lostIn].join(", ")}; ${count} of ${count} Ready after ${minutes} minutes, ` +
    `${count} orders, ${started.length} executions more, at most ${most} in a minute`
  );
}

const issuerRef = { name: "ca", kind: "ClusterIssuer" };

async function ready(p: Awaited<ReturnType<typeof openPipeline>>, ids: string[]): Promise<number> {
  const rows = await Promise.all(ids.map((id) => p.ready(id)));
  return rows.filter(Boolean).length;
}
