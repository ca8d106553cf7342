import { CloudWatchLogsClient, paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import { expect, vi } from "vitest";
import type { Step } from "../../../core/status.ts";
import type { Manifest } from "../../../local/requests.ts";
import { synthesize } from "../../infra/synth.ts";
import { toRenew } from "../c-objects.ts";
import type { openBed, TestStack } from "../integration-bed.ts";
import { untilNoTxt } from "../integration-dns.ts";
import { attemptsOf } from "../issuance-counts.ts";
import { letGo, namesIn, waitingBatch } from "./aws-batch.ts";
import { expectIssued, namesOf } from "./aws-kept.ts";
import { expectTold, untilFailed } from "./aws-told.ts";

type Bed = ReturnType<typeof openBed>;

interface Poison {
  /** Part of the row's names. */
  what: string;
  count: number;
  step: Step;
  /** Also the second death, which ends the attempt, and what follows when it is cured. */
  toTheEnd: boolean;
}

/** A batch in which the function of a step dies whenever it has one certain Certificate in hand; answers what was seen. */
export async function poisonBatch(bed: Bed, { what, count, step, toTheEnd }: Poison): Promise<string> {
  const { stack } = bed;
  const issuer = bed.fresh(what);
  const batch = await waitingBatch(bed, issuer, namesIn("example.test", issuer, count));
  const [poison = expect.unreachable(), ...others] = batch;
  const calls = { service: "dynamodb", function: step, contains: `Certificate/${poison.metadata.name}#attempt#` };
  const since = Date.now();
  const fault = await stack.kill(calls, { times: -1 });
  const usual = withUsualLimits(bed.issuer({ name: issuer, accountSecret: bed.fresh("poison-account") }));
  const together = await letGo(bed, issuer, batch, { putIssuer: () => stack.put(usual) });
  expect(together).toBeGreaterThan(1);
  const died = async () => ((await stack.faults()).find(({ id }) => id === fault)?.met ?? 0) > 1;
  await vi.waitUntil(died, { timeout: 60_000, interval: 200 });
  // The sweep comes every ten seconds; who looks for it comes sooner.
  await vi.waitUntil(() => stack.sweep().then(() => hasFailed(stack, poison)), { timeout: 60_000, interval: 1_000 });
  const said = { reason: "InternalError", words: [/failed unexpectedly/, /docs\/runbook\.md#bugs/] };
  await untilFailed(stack, poison, said);
  await expectTold(stack, poison, said);
  const rung = await expectAlarm(stack, poison.metadata, since);
  const deaths = (await stack.faults()).find(({ id }) => id === fault)?.met ?? 0;
  if (toTheEnd) await expectEndAfterSecondDeath(stack, poison);
  await bed.ready(others, 220_000);
  const counts = await expectIssued(stack, others);
  await stack.removeFault(fault);
  const alone = `it failed alone after ${deaths} deaths, ${rung}`;
  const seen = `a batch of ${together}; ${others.length} of ${others.length} others Ready, ${counts}; ${alone}`;
  if (!toTheEnd) return seen;
  await stack.put(toRenew(poison));
  await bed.ready([poison]);
  return `${seen}; Ready once cured`;
}

/** Before the backoff of a minute ends. */
async function expectEndAfterSecondDeath(stack: TestStack, poison: Manifest): Promise<void> {
  await stack.put(toRenew(poison));
  await untilFailed(stack, poison, { reason: "InternalError", failures: 2 });
  const [ended] = await attemptsOf(stack, poison);
  expect(ended?.outcome).toMatchObject({ result: "failed", errorClass: "Bug" });
  await untilNoTxt(stack, namesOf(poison));
}

function withUsualLimits(issuer: Manifest): Manifest {
  const { annotations: _, ...metadata } = issuer.metadata;
  return { ...issuer, metadata };
}

async function hasFailed({ certificate }: TestStack, { metadata }: Manifest): Promise<boolean> {
  return (await certificate(metadata))?.failedIssuanceAttempts !== undefined;
}

/** Throws unless the log of clean-up names it as a bug, counts it, and the template has an alarm on that count. */
async function expectAlarm(
  stack: TestStack,
  { namespace, name }: Manifest["metadata"],
  since: number,
): Promise<string> {
  const lines = await vi.waitUntil(
    async () => {
      const found = await linesOf(stack, "clean-up-challenge", since);
      return found.some((line) => line.certificate === `${namespace}/${name}`) && found;
    },
    { timeout: 20_000, interval: 500 },
  );
  const own = lines.filter((line) => line.certificate === `${namespace}/${name}`);
  expect(own).toMatchObject([{ outcome: "failed", errorClass: "Bug" }]);
  const [counted = expect.unreachable()] = lines.filter((line) => line.BugFailures === 1);
  const [{ Namespace, Dimensions, Metrics }] = (counted._aws as EmbeddedMetrics).CloudWatchMetrics;
  expect({ Namespace, Dimensions, Metrics }).toMatchObject({
    ...{ Namespace: "certwright", Dimensions: [["Instance"]], Metrics: [{ Name: "BugFailures" }] },
  });
  const { instance } = stack.facts;
  const alarm = synthesize().one("AWS::CloudWatch::Alarm", `${instance}-bugs`).Properties;
  expect(alarm).toMatchObject({
    ...{ Namespace, MetricName: "BugFailures", Statistic: "Sum", Threshold: 0 },
    ...{ ComparisonOperator: "GreaterThanThreshold", Dimensions: [{ Name: "Instance", Value: counted.Instance }] },
  });
  expect(alarm.AlarmActions).toHaveLength(1);
  return `counted by the alarm ${instance}-bugs`;
}

interface EmbeddedMetrics {
  CloudWatchMetrics: [{ Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }];
}

/** What a function has logged since then, the lines that are JSON. */
async function linesOf({ clients, facts }: TestStack, name: string, since: number): Promise<Record<string, unknown>[]> {
  const client = new CloudWatchLogsClient(clients.settings);
  const found: Record<string, unknown>[] = [];
  const asked = { logGroupName: `/aws/lambda/${facts.instance}-${name}`, startTime: since };
  for await (const { events = [] } of paginateFilterLogEvents({ client }, asked))
    for (const { message = "" } of events) if (message.startsWith("{")) found.push(JSON.parse(message));
  return found;
}
