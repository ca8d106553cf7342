import type { StoreName } from "../../../core/rows.ts";
import type { CaShape } from "./ca.ts";
import { longRun } from "./long-run.ts";
import { keepRhythm } from "./schedules.ts";
import { certificateKey, dnsName, type FleetShape, hand, readyIssuer, request, seedIssued, zoneNames } from "./seed.ts";
import { type Usage, usageOf } from "./usage.ts";
import { standing } from "./watch.ts";
import { openStream, openWorld, type World } from "./world.ts";

/** What a scenario answers; times are of the virtual clock. */
export interface Outcome {
  scenario: string;
  certificates: number;
  store: StoreName;
  /** From the drop, or from the end of the outage, until nothing was left to do; undefined where there is no such instant. */
  drainHours?: number;
  peakBacklog: number;
  smallestMargin: number;
  /** Certificates that had ended, or were over an hour late, when it was over. */
  failed: number;
  issued: number;
  refusedOrders: number;
  /** Of certificates somebody asked to renew, and of one that fell due: from then to the new one. */
  urgentMinutes?: number;
  days: number;
  used: Usage;
  /** What tables and bucket hold in the long run; of the ordinary course only. */
  stored?: { tableBytes: number; bucketBytes: number };
  mostLambdasAtOnce: number;
  failures: [string, number][];
}

/** By name; each runs in a world of its own. */
export const scenarios = {
  first: (fleet: FleetShape, store: StoreName) => first(fleet, store),
  week: (fleet: FleetShape, store: StoreName, days = 7) => week(fleet, store, days),
  outageCa: (fleet: FleetShape, store: StoreName) => outage(fleet, store, "CA"),
  outageDns: (fleet: FleetShape, store: StoreName) => outage(fleet, store, "DNS"),
  urgent: (fleet: FleetShape, store: StoreName) => urgent(fleet, store),
};
export type ScenarioName = keyof typeof scenarios;

const day = 86_400_000;
const hour = 3_600_000;
const start = Date.parse("2026-11-22T12:00:00Z");

/** Let's Encrypt as certificates of 7 days meet it: its latencies are assumptions (docs/decisions/0021). */
const letsEncrypt: CaShape = {
  base: "https://acme-v02.api.letsencrypt.org",
  requestMs: 120,
  validationMs: 3_000,
  issuanceMs: 2_000,
  retryAfterSeconds: 3,
  lifetimeMs: 7 * day,
  offersRenewalInfo: true,
  limits: {
    newOrders: { capacity: 300, refillSeconds: 36 },
    certificatesPerDomain: { capacity: 50, refillSeconds: 202 * 60 },
    identifierSets: { capacity: 5, refillSeconds: 34 * 3_600 },
  },
};
const sizes = { leafBytes: 1_000, intermediateBytes: 1_100 };
const dnsLagMs = { least: 20_000, most: 40_000 };

async function open(fleet: FleetShape, store: StoreName, lifetimeMs: number): Promise<World> {
  const ca = { ...letsEncrypt, lifetimeMs };
  const name = dnsName(fleet, 0);
  const world = await openWorld({ start, store, zones: zoneNames(fleet), ca, sizes, name, dnsLagMs });
  await readyIssuer(world);
  return world;
}

/** All certificates are dropped at once; they live for 90 days, so that none is renewed before the last is issued. */
async function first(fleet: FleetShape, store: StoreName): Promise<Outcome> {
  const world = await open(fleet, store, 90 * day);
  const { requests } = hand(world);
  const keys = [];
  for (let index = 0; index < fleet.certificates; index += 1) {
    await requests.put(request(fleet, index));
    keys.push(certificateKey(index));
  }
  const began = world.clock.at();
  openStream(world)(keys);
  const rhythm = keepRhythm(world);
  await world.clock.run(began + 80 * day, () => world.ca.issued >= fleet.certificates);
  const drained = world.clock.at();
  await world.clock.run(drained + hour);
  rhythm.stop();
  const seen = standing(world);
  return {
    ...outcome(world, "first issuances at once", fleet, store, drained - began),
    drainHours: (drained - began) / hour,
    peakBacklog: fleet.certificates,
    smallestMargin: seen.smallestMargin,
    failed: fleet.certificates - seen.issued,
  };
}

/** Pebble and the local stack, to be compared with a real run there: no limits, one zone, answers at once. */
const pebble: CaShape = {
  base: "https://127.0.0.1:40000",
  requestMs: 15,
  validationMs: 300,
  issuanceMs: 100,
  retryAfterSeconds: 1,
  lifetimeMs: 90 * day,
  offersRenewalInfo: true,
};

/** So many certificates dropped at once, as on the local stack. */
export async function dropLocally(certificates: number): Promise<Outcome> {
  const fleet = { certificates, domains: 1, zones: 1 };
  const shape = {
    start,
    store: "secretsManager" as const,
    zones: zoneNames(fleet),
    ca: pebble,
    name: dnsName(fleet, 0),
  };
  const local = { sizes: { leafBytes: 470, intermediateBytes: 470 }, dnsLagMs: { least: 2_000, most: 2_000 } };
  const world = await openWorld({ ...shape, ...local });
  await readyIssuer(world);
  resetMeter(world);
  const { requests } = hand(world);
  const stream = openStream(world);
  const began = world.clock.at();
  const rhythm = keepRhythm(world);
  for (let index = 0; index < certificates; index += 1) {
    await requests.put(request(fleet, index));
    stream([certificateKey(index)]);
  }
  await world.clock.run(began + hour, () => world.ca.issued >= certificates);
  rhythm.stop();
  await world.clock.run(world.clock.at() + 20_000);
  const failed = certificates - standing(world).issued;
  return { ...outcome(world, "dropped locally", fleet, "secretsManager", world.clock.at() - began), failed };
}

/** A fleet of 7-day certificates in its ordinary course. */
async function week(fleet: FleetShape, store: StoreName, days: number): Promise<Outcome> {
  const world = await open(fleet, store, 7 * day);
  await seedIssued(world, fleet);
  resetMeter(world);
  const before = world.ca.issued;
  const rhythm = keepRhythm(world);
  await world.clock.run(world.clock.at() + days * day);
  rhythm.stop();
  const seen = standing(world);
  return {
    ...outcome(world, "a week of renewals", fleet, store, days * day),
    peakBacklog: rhythm.peakBacklog(),
    smallestMargin: Math.min(rhythm.smallestMargin(), seen.smallestMargin),
    failed: seen.expired + seen.late,
    issued: world.ca.issued - before,
    stored: longRun(world, (world.ca.issued - before) / days),
  };
}

/** The CA or Route 53 answers nobody for a day; then the backlog drains. */
async function outage(fleet: FleetShape, store: StoreName, what: "CA" | "DNS"): Promise<Outcome> {
  const world = await open(fleet, store, 7 * day);
  await seedIssued(world, fleet);
  resetMeter(world);
  const before = world.ca.issued;
  const rhythm = keepRhythm(world);
  await world.clock.run(world.clock.at() + hour);
  setDown(world, what, true);
  await world.clock.run(world.clock.at() + day);
  setDown(world, what, false);
  const ended = world.clock.at();
  const drained = await drain(world, ended + 2 * day);
  await world.clock.run(drained + hour);
  rhythm.stop();
  const seen = standing(world);
  return {
    ...outcome(world, `24 h without the ${what}`, fleet, store, world.clock.at() - start),
    drainHours: (drained - ended) / hour,
    peakBacklog: rhythm.peakBacklog(),
    smallestMargin: Math.min(rhythm.smallestMargin(), seen.smallestMargin),
    failed: seen.expired + seen.late,
    issued: world.ca.issued - before,
  };
}

function setDown({ ca, outside }: World, what: "CA" | "DNS", down: boolean): void {
  if (what === "CA") ca.down = down;
  else outside.zones.down = down;
}

const lookMs = 10 * 60_000;

/** Until no certificate's renewal is behind: those that wait after a failure count, too. */
async function drain(world: World, limit: number): Promise<number> {
  while (world.clock.at() < limit && behind(world) > 0) await world.clock.run(world.clock.at() + lookMs);
  return world.clock.at();
}

/** How many should have been renewed ten minutes ago. */
function behind({ outside, clock }: World): number {
  let count = 0;
  for (const { item } of outside.state.rows.values()) {
    const renewal = (item.issued as { renewalTime?: number } | undefined)?.renewalTime;
    if (renewal !== undefined && renewal < clock.at() - lookMs) count += 1;
  }
  return count;
}

/** While a flood of first issuances waits, one certificate falls due and another is asked to be renewed at once. */
async function urgent(fleet: FleetShape, store: StoreName): Promise<Outcome> {
  const world = await open(fleet, store, 90 * day);
  const standingFleet = { ...fleet, certificates: 2 };
  await seedIssued(world, standingFleet);
  const { requests, state } = hand(world);
  const keys = [];
  for (let index = 2; index < fleet.certificates; index += 1) {
    await requests.put(request(fleet, index));
    keys.push(certificateKey(index));
  }
  const stream = openStream(world);
  const began = world.clock.at();
  stream(keys);
  const rhythm = keepRhythm(world);
  // In the same shard as the flood, and behind all of it.
  const asked = { "certwright.dev/renew-requested-at": new Date(began).toISOString() };
  await requests.put(request(fleet, 0, asked));
  stream([certificateKey(0)]);
  const due = await state.certificate(certificateKey(1));
  if (!due?.issued) throw new Error("the second certificate was not seeded");
  const dueAt = began + 5 * 60_000;
  await state.putCertificate({ ...due, dueAt, issued: { ...due.issued, renewalTime: dueAt } });
  const minutes = [await untilRenewed(world, 1, dueAt), await untilRenewed(world, 0, began)];
  rhythm.stop();
  return {
    ...outcome(world, "urgent renewals amid a flood", fleet, store, world.clock.at() - began),
    urgentMinutes: Math.max(...minutes),
    peakBacklog: fleet.certificates,
    smallestMargin: 1,
    failed: minutes.filter((one) => !Number.isFinite(one)).length,
  };
}

async function untilRenewed(world: World, index: number, from: number): Promise<number> {
  const { state } = hand(world);
  const key = certificateKey(index);
  for (let minute = 0; minute < 24 * 360; minute += 1) {
    const row = await state.certificate(key);
    const issued = row?.issued?.notBefore ?? 0;
    if (issued >= from - 1_000) return (issued - from) / 60_000;
    await world.clock.run(world.clock.at() + 10_000);
  }
  return Number.POSITIVE_INFINITY;
}

function outcome(world: World, scenario: string, fleet: FleetShape, store: StoreName, ms: number): Outcome {
  return {
    ...{ scenario, certificates: fleet.certificates, store, days: ms / day, used: usageOf(world.used) },
    ...{ peakBacklog: 0, smallestMargin: 1, failed: 0, issued: world.ca.issued, refusedOrders: world.ca.refusedOrders },
    mostLambdasAtOnce: world.lambda.mostAtOnce(),
    failures: [...world.failures].sort((a, b) => b[1] - a[1]).slice(0, 10),
  };
}

/** What came before the run is not on its bill. */
function resetMeter({ used }: World): void {
  used.calls.clear();
  used.lambda.clear();
  const zero = {
    readUnits: 0,
    writeUnits: 0,
    indexWriteUnits: 0,
    transitions: 0,
    waits: 0,
    executions: 0,
    logBytes: 0,
    events: 0,
  };
  Object.assign(used, zero, { throttled: 0 });
}
