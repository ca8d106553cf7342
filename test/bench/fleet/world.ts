import { generateKeyPairSync } from "node:crypto";
import { makeCsr } from "../../../adapters/keys/csr.ts";
import type { FunctionName } from "../../../cdk/functions.ts";
import type { Deps } from "../../../core/deps.ts";
import type { ExecutionInput } from "../../../core/ports.ts";
import type { ResourceKey } from "../../../core/resource.ts";
import type { StoreName } from "../../../core/rows.ts";
import { requestsTable, stateTable } from "../../../core/tables.ts";
import { type CaShape, type FleetCa, fleetCa } from "./ca.ts";
import { type FleetClock, fleetClock } from "./clock.ts";
import { cachedKeys, type Outside, openEnvironment } from "./environment.ts";
import { functions } from "./functions.ts";
import { computeMs, type FleetLambda, fleetLambda } from "./lambda.ts";
import { compiledMachine } from "./machine.ts";
import { type Meter, meter } from "./meter.ts";
import { fleetZones } from "./route53.ts";
import { fleetSecrets } from "./stores.ts";
import { fleetTable } from "./table.ts";
import { throttle } from "./throttle.ts";
import { type Sizes, signer } from "./x509.ts";

/** How a world is made. */
export interface WorldShape {
  start: number;
  store: StoreName;
  zones: string[];
  /** A CA without limits stands for the local stack: then AWS's limits are not enforced either. */
  ca: CaShape;
  sizes: Sizes;
  /** A name as long as every certificate's: the request made for it serves all. */
  name: string;
  dnsLagMs: { least: number; most: number };
}

/** An installation in an account of its own, under a clock of its own. */
export interface World {
  outside: Outside;
  clock: FleetClock;
  used: Meter;
  ca: FleetCa;
  lambda: FleetLambda<Deps>;
  /** Calls a function as AWS does asynchronously: at once, twice more when it fails. */
  invoke(name: FunctionName, payload: unknown): void;
  /** What failed in a function's own call, by message; empty in a sound run. */
  failures: Map<string, number>;
  endedExecutions: Map<string, number>;
}

const runMachine = compiledMachine();
/** Step Functions' buckets in us-east-1 (performance.md 1.1). */
const startLimit = { burst: 1_300, perSecond: 300 };
const transitionLimit = { burst: 5_000, perSecond: 1_500 };
/** What Step Functions takes from one state to the next. */
const transitionMs = 25;

/** Opens a world; nothing runs before its clock does. */
export async function openWorld(shape: WorldShape): Promise<World> {
  const clock = fleetClock(shape.start);
  const used = meter();
  const outside = await outsideOf(shape, clock, used);
  const lambda = fleetLambda<Deps>({ clock, used: () => used }, (name) => openEnvironment(outside, name));
  const transitions = throttle(clock, transitionLimit);
  const world: World = {
    ...{ outside, clock, used, ca: outside.ca, lambda, failures: new Map(), endedExecutions: new Map() },
    invoke: (name, payload) => clock.spawn(() => asynchronously(world, name, payload)),
  };
  outside.invoke = world.invoke;
  outside.startExecution = (text) => clock.spawn(() => execute(world, JSON.parse(text) as ExecutionInput, transitions));
  return world;
}

async function outsideOf(shape: WorldShape, clock: FleetClock, used: Meter): Promise<Outside> {
  const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const [leaf, authority] = [pair(), pair()];
  const account = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
  const pkcs8 = leaf.export({ type: "pkcs8", format: "der" });
  const usages = ["digital signature", "key encipherment"] as const;
  const { der } = await makeCsr({ pkcs8, names: [shape.name], usages: [...usages], encodeUsages: true });
  const chance = { fraction: fractions(), ids: 0 };
  const world = { clock, used, fraction: chance.fraction };
  return {
    ...world,
    requests: fleetTable(requestsTable),
    state: fleetTable(stateTable),
    ca: fleetCa(clock, shape.ca, signer({ leaf, ca: authority }, shape.sizes, shape.start)),
    zones: fleetZones(world, { names: shape.zones, lagMs: shape.dnsLagMs, lenient: shape.ca.limits === undefined }),
    secrets: fleetSecrets(world, shape.ca.limits === undefined),
    objects: new Map(),
    starts: throttle(clock, startLimit),
    keys: cachedKeys(account, leaf, der),
    store: shape.store,
    uuid: () => {
      chance.ids += 1;
      return `7f3a9c52-1e4b-4d86-9b07-${chance.ids.toString(16).padStart(12, "0")}`;
    },
    startExecution: () => undefined,
    invoke: () => undefined,
  };
}

/** Runs a function in a Lambda environment. */
function call(world: World, name: FunctionName, payload: unknown): Promise<unknown> {
  return world.lambda.invoke(name, async (deps) => {
    const result = await functions[name]?.(deps, payload);
    const { live = [], attempts = [] } = payload as { live?: unknown[]; attempts?: unknown[] };
    await world.clock.sleep(computeMs(name, live.length + attempts.length));
    return result;
  });
}

const asynchronousRepeats = 2;

async function asynchronously(world: World, name: FunctionName, payload: unknown): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await call(world, name, payload);
      return;
    } catch (error) {
      note(world, name, error);
      if (attempt === asynchronousRepeats || name === "sweep") return;
      await world.clock.sleep(60_000 * (attempt + 1));
    }
  }
}

async function execute(world: World, input: ExecutionInput, transitions: ReturnType<typeof throttle>): Promise<void> {
  const { used, clock } = world;
  used.executions += 1;
  const ended = await runMachine(input, {
    now: clock.at,
    waitUntil: clock.until,
    transition: async () => {
      used.transitions += 1;
      await clock.sleep(transitions.queue(1) + transitionMs);
    },
    waited: () => {
      used.waits += 1;
    },
    invoke: async (placeholder, payload) => {
      const name = folderOf(placeholder);
      return call(world, name, payload).catch((error: unknown) => {
        note(world, name, error);
        throw error;
      });
    },
  });
  world.endedExecutions.set(ended, (world.endedExecutions.get(ended) ?? 0) + 1);
}

/** `${CreateOrder}` is `create-order`. */
function folderOf(placeholder: string): FunctionName {
  const words = placeholder.slice(2, -1).replace(/(?!^)[A-Z]/g, "-$&");
  return words.toLowerCase() as FunctionName;
}

function note({ failures }: World, name: string, error: unknown): void {
  const message = `${name}: ${error instanceof Error ? `${error.name}: ${error.message}` : error}`.slice(0, 200);
  failures.set(message, (failures.get(message) ?? 0) + 1);
}

/** The keys of a stream's records in a batch, its window, and how long it takes from the write to the call. */
const streamBatch = 50;
const streamWindowMs = 1_000;

/** The Requests stream: one shard, one call at a time, each with all that is there. */
export function openStream(world: World): (keys: ResourceKey[]) => void {
  const waiting: ResourceKey[] = [];
  let at = 0;
  let pumping = false;
  const pump = async () => {
    pumping = true;
    while (at < waiting.length) {
      if (waiting.length - at < streamBatch) await world.clock.sleep(streamWindowMs);
      const keys = waiting.slice(at, at + streamBatch);
      at += keys.length;
      await call(world, "dispatch", { keys }).catch((error: unknown) => note(world, "dispatch", error));
    }
    pumping = false;
  };
  return (keys) => {
    for (const key of keys) waiting.push(key);
    if (!pumping) world.clock.spawn(pump);
  };
}

/** The same numbers in each run (mulberry32). */
function fractions(): () => number {
  let seed = 0x2026_1122;
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
