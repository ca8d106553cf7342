import { expect, it } from "vitest";
import { rowSchema } from "../../../core/rows.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

it("a step that meets a row of a newer release gives the attempt back, and nothing is lost", async () => {
  let p: Pipeline | undefined;
  const live: unknown[] = [];
  const hook = async (task: string, input: unknown, run: () => Promise<unknown>) => {
    const first = task === "CreateOrder" && live.length === 0;
    const [ref] = (input as { live?: { namespace: string; name: string; attemptId: string }[] }).live ?? [];
    const row = first && ref && p ? (await p.state.attempts([ref])).get(ref.attemptId) : undefined;
    if (row) await p?.state.putAttempt({ ...row, schema: rowSchema + 1 });
    const result = await run();
    if (first) live.push(...(result as { live: unknown[] }).live, "seen");
    return result;
  };
  p = await openPipeline({ hook });
  await p.issuer();
  await p.time.runUntil(new Date(p.time.now().getTime() + 5_000));
  await p.apply("web/www", spec("www"));
  await p.time.runUntilTrue(() => p?.executions[0]?.status === "SUCCEEDED");
  expect(live).toEqual(["seen"]);
  expect(p.ca.calls.newOrder).toBeUndefined();
  expect((await p.row("web/www"))?.attempt?.leaseId).toBeUndefined();
  await p.time.runUntilTrue(async () => (await p?.ready("web/www")) === true);
  expect(p.ca.calls.newOrder).toBe(1);
});
