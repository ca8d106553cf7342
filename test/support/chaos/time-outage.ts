import { expect } from "vitest";
import { UnavailableError } from "../../../core/errors.ts";
import { applyAll } from "../explore/scenario.ts";
import { chances } from "../explore/world.ts";
import { alarmsRung, watchMetrics } from "./time-alarms.ts";
import { atRest, withinBucket } from "./time-checks.ts";
import { described } from "./time-describe.ts";
import { day, hour, minute, openTimeWorld, type TimeWorld } from "./time-world.ts";

/** Ours, and a CA's that is about as strict as Let's Encrypt for a fleet of this size. */
function limitsFor(count: number) {
  return {
    executions: { capacity: 20, refillSeconds: 3 },
    newOrders: { capacity: Math.ceil(count * 0.6), refillSeconds: Math.ceil(9_000 / count) },
  };
}
/** Route 53 serves 5 requests a second of one account; a burst is repeated by the SDK. */
const route53 = { capacity: 50, refillSeconds: 1 / 5 };
const outageMs = 40 * hour;

/** What was asked of whom, and when. */
interface Asked {
  orders: number[];
  executions: number[];
  dns: number[];
}

/** The DNS provider is away for 40 hours, in which so many renewals fall due; half of them have a day left afterwards. */
export async function dnsOutage(count: number): Promise<string> {
  const world = await openTimeWorld({ rateLimits: limitsFor(count), profiles: { days: 7 * 86_400 } });
  const { p } = world;
  p.deps.chance.fraction = chances();
  const asked = watchAsked(world);
  await issueFleet(world, count);
  const due = Math.min(...(await renewalTimes(world)));
  await world.pass(due - p.time.now().getTime() - 10 * minute);
  const metrics = watchMetrics(world);
  const down = p.time.now().getTime();
  const { publish } = p.dns;
  p.dns.publish = async () => {
    throw new UnavailableError({
      reason: "Route53Unavailable",
      message: "Route 53 answered 503 to ChangeResourceRecordSets",
    });
  };
  await world.pass(12 * hour, { each: true });
  await waitsVisibly(world);
  await world.pass(outageMs - 12 * hour, { each: true });
  const tries = p.facts.filter(({ type }) => type === "Certificate Issuance Failed").length;
  p.dns.publish = publish;
  const up = p.time.now().getTime();
  const left = await lifeLeft(world);
  const recovered = await untilRecovered(world);
  await world.pass(hour, { each: true });
  await atRest(world);
  const rang = alarmsRung(metrics(), down, p.time.now().getTime());
  expect(
    rang.map(({ alarm }) => alarm),
    "one alarm, once",
  ).toEqual(["certwright-margin"]);
  expect(rang[0]?.until, "it is over").toBeDefined();
  withinBudgets(asked, count);
  return `${count} renewals, ${tries} failed tries, 1 alarm (margin, after ${hours((rang[0]?.from ?? 0) - down)} h); ${byUrgency(recovered, left, up)}`;
}

function watchAsked({ p }: TimeWorld): Asked {
  const asked: Asked = { orders: [], executions: [], dns: [] };
  const now = () => p.time.now().getTime();
  const noting = <Args extends unknown[], Out>(list: number[], call: (...args: Args) => Out) => {
    return (...args: Args): Out => {
      list.push(now());
      return call(...args);
    };
  };
  p.ca.newOrder = noting(asked.orders, p.ca.newOrder);
  p.deps.starter.startIssuance = noting(asked.executions, p.deps.starter.startIssuance);
  p.dns.publish = noting(asked.dns, p.dns.publish);
  p.dns.cleanUp = noting(asked.dns, p.dns.cleanUp);
  p.dns.settled = noting(asked.dns, p.dns.settled);
  return asked;
}

/** Half of seven days, half of thirty that are to be renewed at the same time. */
async function issueFleet({ p, pass }: TimeWorld, count: number): Promise<void> {
  for (let group = 0; group < 10; group += 1) {
    const names = Array.from({ length: count / 10 }, (_, index) => `c${group * (count / 10) + index}`);
    const isRelaxed = group % 2 === 1;
    p.ca.knobs.profiles.days = (isRelaxed ? 30 : 7) * 86_400;
    const more = isRelaxed ? { duration: "720h", renewBefore: "608h" } : {};
    await applyAll(p, Object.fromEntries(names.map((name) => [name, more])));
    await pass(30 * minute);
  }
  p.ca.knobs.profiles.days = 30 * 86_400;
  await pass(hour);
}

async function renewalTimes({ p, begun }: TimeWorld): Promise<number[]> {
  const rows = await Promise.all(begun.map(({ id }) => p.row(id)));
  return rows.map((row) => row?.issued?.renewalTime ?? Number.NaN);
}

/** What an SRE sees in the middle of it. */
async function waitsVisibly({ p }: TimeWorld): Promise<void> {
  const row = await p.row("web/c0");
  expect(row?.ready.status, "the working certificate stays Ready").toBe("True");
  expect(row?.issuing).toMatchObject({ status: "False", reason: "Route53Unavailable" });
  const text = await described(p, "c0");
  expect(text).toContain("Route 53 answered 503");
  expect(text).toMatch(
    /goes on at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ \(in .*with the same order and key \(Route53Unavailable\)/,
  );
}

/** Of each, the time from now to the end of its working certificate. */
async function lifeLeft({ p, begun }: TimeWorld): Promise<Map<string, number>> {
  const ids = [...new Set(begun.map(({ id }) => id))];
  const rows = await Promise.all(ids.map(async (id) => [id, await p.row(id)] as const));
  return new Map(rows.map(([id, row]) => [id, (row?.issued?.notAfter ?? 0) - p.time.now().getTime()]));
}

/** Of each, when its new certificate was in State. */
async function untilRecovered(world: TimeWorld): Promise<Map<string, number>> {
  const { p } = world;
  const ids = [...new Set(world.begun.map(({ id }) => id))];
  const at = new Map<string, number>();
  for (let minutes = 0; at.size < ids.length; minutes += 1) {
    expect(minutes, `only ${at.size} of ${ids.length} recovered`).toBeLessThan(8 * 60);
    await world.pass(minute, { each: true });
    for (const id of ids) {
      if (!at.has(id) && (await p.row(id))?.revision === 2) at.set(id, p.time.now().getTime());
    }
  }
  return at;
}

/** Nobody waits longer than a tenth of what is left of its certificate, so the most urgent come first. */
function byUrgency(recovered: Map<string, number>, left: Map<string, number>, up: number): string {
  const few = 3 * minute;
  const waits = { urgent: [] as number[], relaxed: [] as number[] };
  for (const [id, at] of recovered) {
    const life = left.get(id) ?? 0;
    expect(life, `${id} has not expired`).toBeGreaterThan(0);
    expect(at - up, `${id} with ${hours(life)} h left`).toBeLessThanOrEqual(Math.min(life / 10, 7.2 * hour) + few);
    waits[life < 2 * day ? "urgent" : "relaxed"].push(at - up);
  }
  const slowest = { urgent: Math.max(...waits.urgent), relaxed: Math.max(...waits.relaxed) };
  const sorted = waits.relaxed.sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  expect(slowest.urgent, "the urgent half is done before half of the others").toBeLessThan(median);
  return `afterwards the urgent half Ready within ${hours(slowest.urgent)} h, the others within ${hours(slowest.relaxed)} h`;
}

function withinBudgets({ orders, executions, dns }: Asked, count: number): void {
  const limits = limitsFor(count);
  expect(orders, "one order for each certificate").toHaveLength(2 * count);
  withinBucket("orders", orders, limits.newOrders);
  withinBucket("executions", executions, limits.executions);
  withinBucket("Route 53", dns, route53);
}

function hours(ms: number): string {
  return (ms / hour).toFixed(1);
}
