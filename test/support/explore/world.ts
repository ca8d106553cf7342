import { makeCsr } from "../../../adapters/keys/csr.ts";
import { makePrivateKey } from "../../../adapters/keys/private-key.ts";
import type { KeyMaker } from "../../../core/deps.ts";
import type { AttemptRef } from "../../../core/rows.ts";
import { createCa } from "../acme-ca.ts";
import type { TestCa } from "../acme-ca-state.ts";
import { openPipeline, type Pipeline } from "../pipeline.ts";
import { type Faulty, type FaultyOptions, newFaulty } from "./calls.ts";

/** A pipeline whose every call is counted, and may go wrong. */
export interface World {
  p: Pipeline;
  faulty: Faulty;
  /** Every attempt that was ever created. */
  created: AttemptRef[];
  /** What was seen to be wrong while it ran. */
  wrong: string[];
  /** When `<id> <revision>` was first in State, epoch ms. */
  readyAt: Map<string, number>;
  /** When its row was last written. */
  writtenAt: Map<string, number>;
  /** Lets time pass: a sweep each minute in which something is due, a resync every six hours. */
  pass(ms: number): Promise<void>;
}

/** The rate limits of the issuer: nothing comes back by itself, so that a lost or doubled token shows. */
export const limit = { capacity: 20, refillSeconds: 1_000_000_000 };
const limits = Object.fromEntries(
  ["newOrders", "certificatesPerDomain", "identifierSets", "ordersInFlight"].map((name) => [name, limit]),
);
/** Tokens in each of these buckets at the start: below its capacity, so that one too many shows. */
export const startTokens = 15;
const server = "https://memory.test/directory";
/** Keys of the buckets that are counted. */
export const buckets = {
  inFlight: "inFlight#_cluster/ClusterIssuer/ca",
  domain: `domain#${server}#example.test`,
};

/** Opens a world without an issuer. */
export async function openWorld(options: FaultyOptions = {}): Promise<World> {
  const ca = await sharedCa();
  const faulty = newFaulty(options);
  const p = await openPipeline({ sweepSeconds: 0, around: faulty.around, keys, ca });
  faulty.use(p);
  p.deps.chance.fraction = chances();
  here = p;
  const created: AttemptRef[] = [];
  const createAttempt = p.state.createAttempt;
  p.state.createAttempt = (row) => {
    created.push(row.ref);
    return createAttempt(row);
  };
  const world: World = {
    p,
    faulty,
    created,
    wrong: [],
    readyAt: new Map(),
    writtenAt: new Map(),
    pass: (ms) => pass(world, ms),
  };
  await p.state.putBuckets(
    Object.values(buckets).map((key) => ({ key, version: 0, tokens: startTokens, at: p.time.now().getTime() })),
  );
  return world;
}

/** The ClusterIssuer `ca`. */
export async function applyIssuer({ p }: World): Promise<void> {
  const annotations = { "certwright.dev/rate-limits": JSON.stringify(limits) };
  await p.apply("_cluster/ClusterIssuer/ca", issuerSpec, { annotations });
}

const issuerSpec = {
  acme: {
    server,
    privateKeySecretRef: { name: "ca-account" },
    profile: "days",
    solvers: [{ dns01: { route53: {} } }],
  },
};

/** A week: it is renewed after less than five days. */
const profiles = { days: 7 * 86_400 };

let here: Pipeline | undefined;
let made: Promise<TestCa> | undefined;
let newOrder: TestCa["newOrder"] | undefined;

/** One CA for all worlds: they come one after the other, and its own keys cost more than a certificate. */
async function sharedCa(): Promise<TestCa> {
  made ??= createCa({
    clock: { now: () => here?.time.now() ?? new Date("2026-11-22T12:00:00Z") },
    baseUrl: "https://memory.test",
    lookupTxt: (name) => here?.dns.values(name) ?? [],
  });
  const ca = await made;
  newOrder ??= ca.newOrder;
  ca.newOrder = newOrder;
  for (const map of [ca.accounts, ca.orders, ca.authorizations]) map.clear();
  for (const name of Object.keys(ca.calls)) delete ca.calls[name];
  Object.assign(ca.knobs, {
    profiles,
    reuseAuthorizations: false,
    processingRounds: 0,
    retryAfterSeconds: undefined,
    refusedNames: new Map(),
  });
  return ca;
}

let accountKey: Promise<Buffer> | undefined;

/** Account keys are RSA, which is slow: all worlds have the same. */
const keys: KeyMaker = {
  csr: makeCsr,
  privateKey: async (request) => {
    if (request.algorithm !== "RSA") return makePrivateKey(request);
    accountKey ??= makePrivateKey(request);
    return Buffer.from(await accountKey);
  },
};

const minute = 60_000;
const resyncEvery = 6 * 60 * minute;

async function pass(world: World, ms: number): Promise<void> {
  const { p } = world;
  const end = p.time.now().getTime() + ms;
  while (p.time.now().getTime() < end) {
    const now = p.time.now().getTime();
    await p.time.runUntil(new Date(now));
    const resyncAt = now - (now % resyncEvery) + resyncEvery;
    const tick = now - (now % minute) + minute;
    // Nothing happens before something is due, unless somebody is at work.
    const due = world.faulty.busy() ? tick : Math.max(tick, (await nextDue(p)) ?? end);
    const next = Math.min(end, resyncAt, Math.ceil(due / minute) * minute);
    await p.time.runUntil(new Date(next));
    if (next === resyncAt) p.resync();
    if (next % minute === 0 && ((await nextDue(p)) ?? Number.POSITIVE_INFINITY) <= next) p.sweep();
  }
  await p.time.runUntil(new Date(end));
}

/** The earliest instant at which a row is due. */
export async function nextDue(p: Pipeline): Promise<number | undefined> {
  const all = await p.state.due(new Date(8.64e15), 10_000);
  return all.length === 0 ? undefined : Math.min(...all.map(({ dueAt }) => dueAt));
}

/** Fractions that are the same in every run (Park and Miller's generator). */
export function chances(seed = 1): () => number {
  // Seeds next to each other must not begin alike.
  let last = (Number((BigInt(seed) * 2_654_435_761n) % 0x7fff_fffen) % 0x7fff_fffe) + 1;
  return () => {
    last = (last * 48_271) % 0x7fff_ffff;
    return last / 0x7fff_ffff;
  };
}
