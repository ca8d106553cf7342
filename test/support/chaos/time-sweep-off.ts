import { expect } from "vitest";
import { UnavailableError } from "../../../core/errors.ts";
import { applyAll } from "../explore/scenario.ts";
import { atRest, busiestMinute, withinBucket } from "./time-checks.ts";
import { type Begun, hour, minute, openTimeWorld, second, type TimeWorld } from "./time-world.ts";

const limits = {
  newOrders: { capacity: 30, refillSeconds: 6 },
  executions: { capacity: 4, refillSeconds: 15 },
};

/** A fleet that falls due within one hour in which nobody sweeps; then the sweep comes back. */
export async function sweepOff(count: number): Promise<string> {
  const world = await openTimeWorld({ rateLimits: limits, profiles: { days: 3 * 86_400 } });
  const { p } = world;
  await issueWithinHalfAnHour(world, count);
  await world.pass((await firstRenewal(world)) - p.time.now().getTime() - minute);
  const before = world.begun.length;
  const starts = watchStarts(world);
  world.sweepIsOff = true;
  await loseOne(world);
  await letOneWait(world);
  await world.pass(hour);
  expect(
    world.begun.slice(before).map(({ id }) => id),
    "nobody sweeps",
  ).toEqual(["web/lost", "web/waits"]);
  expect(await p.ready("web/c0"), "a working certificate stays Ready").toBe(true);
  world.sweepIsOff = false;
  const back = p.time.now().getTime();
  await world.pass(minute, { each: true });
  await applyAll(p, Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`new${index}`, {}])));
  await world.pass((count / 8) * minute + hour, { each: true });
  await atRest(world);
  return drained(world.begun.slice(before), starts, { count, back });
}

async function issueWithinHalfAnHour({ p, pass }: TimeWorld, count: number): Promise<void> {
  for (let group = 0; group < 10; group += 1) {
    const names = Array.from({ length: count / 10 }, (_, index) => `c${group * (count / 10) + index}`);
    await applyAll(p, Object.fromEntries(names.map((name) => [name, {}])));
    await pass(((count / 20) * minute) / 5);
  }
  await pass(hour);
}

async function firstRenewal({ p, begun }: TimeWorld): Promise<number> {
  const rows = await Promise.all(begun.map(({ id }) => p.row(id)));
  return Math.min(...rows.map((row) => row?.issued?.renewalTime ?? Number.NaN));
}

function watchStarts({ p }: TimeWorld): number[] {
  const starts: number[] = [];
  const { startIssuance } = p.deps.starter;
  p.deps.starter.startIssuance = (input) => {
    starts.push(p.time.now().getTime());
    return startIssuance(input);
  };
  return starts;
}

/** Its StartExecution never arrives: the end of its lease is what brings it back. */
async function loseOne({ p, pass }: TimeWorld): Promise<void> {
  const { startIssuance } = p.deps.starter;
  p.deps.starter.startIssuance = async () => {};
  await applyAll(p, { lost: {} });
  await pass(second);
  p.deps.starter.startIssuance = startIssuance;
}

/** It is released with its order and key, to go on in a minute. */
async function letOneWait({ p, pass }: TimeWorld): Promise<void> {
  const { publish } = p.dns;
  p.dns.publish = () => Promise.reject(new UnavailableError({ reason: "DnsUnavailable", message: "no answer" }));
  await applyAll(p, { waits: {} });
  await pass(minute / 2);
  p.dns.publish = publish;
  expect((await p.row("web/waits"))?.attempt?.leaseId, "it waits").toBeUndefined();
}

function drained(begun: Begun[], starts: number[], { count, back }: { count: number; back: number }): string {
  const renewals = begun.filter(({ reason }) => reason === "Renewing");
  expect(renewals, "each is renewed once").toHaveLength(count);
  const ends = renewals.map(({ before }) => before?.issued?.notAfter ?? 0);
  expect(ends, "by urgency").toEqual([...ends].sort((a, b) => a - b));
  const orders = begun.map(({ at }) => at).filter((at) => at >= back);
  withinBucket("orders", orders, limits.newOrders);
  withinBucket("executions", starts, limits.executions);
  const others = begun.filter(({ id }) => id.startsWith("web/new")).map(({ at }) => at);
  expect(others).toHaveLength(20);
  const last = Math.max(...renewals.map(({ at }) => at));
  expect(Math.min(...others), "first issuances go after renewals").toBeGreaterThanOrEqual(last);
  const minutes = Math.ceil((last - back) / minute);
  return `${count} renewals by urgency in ${minutes} minutes, at most ${busiestMinute(orders)} orders and ${busiestMinute(starts)} executions a minute; the lost one and 20 new ones Ready; nothing twice`;
}
