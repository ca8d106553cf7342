import type { Call, FaultyOptions } from "./calls.ts";
import { watch, wrongWith } from "./checks.ts";
import { type Fault, type FaultKind, faultsAt } from "./faults.ts";
import type { Scenario } from "./scenario.ts";
import { applyIssuer, chances, openWorld, type World } from "./world.ts";

const hour = 3_600_000;
/** Faults strike the calls of the first minutes: the issuance, and the first try after a refusal. */
const horizonMs = 10 * 60_000;

/** One run: what was wrong at its end, and the calls it made. */
export interface Played {
  wrong: string[];
  calls: Call[];
  executions: number;
  /** The scenario, the faults and their calls, for a report. */
  name: string;
}

/** Plays a scenario once, with faults or without, for a day and a night. */
export async function play(scenario: Scenario, options: FaultyOptions = {}): Promise<Played> {
  const { inject, deadly, after } = scenario;
  const world = await openWorld({ inject, deadly, after, ...options });
  const { calls, strikes } = world.faulty;
  const wrong = await lived(world, scenario).catch((error: unknown) => {
    return [`threw ${error instanceof Error ? error.stack : String(error)}`];
  });
  const names = strikes.map(({ fault: { kind, at }, call: { by, port, method } }) => {
    return `${kind} at call ${at} (${by} ${port}.${method})`;
  });
  return { wrong, calls, executions: world.p.executions.length, name: `${scenario.name}: ${names.join(", ")}` };
}

async function lived(world: World, scenario: Scenario): Promise<string[]> {
  if (!scenario.bare) {
    await applyIssuer(world);
    await world.pass(5_000);
  }
  await scenario.before?.(world);
  watch(world);
  world.faulty.arm();
  await scenario.act(world);
  await world.pass(32 * hour);
  return wrongWith(world, scenario);
}

/** Every fault that makes a difference, at every call of the scenario. */
async function faultsFor(scenario: Scenario): Promise<Fault[]> {
  const { calls } = await play({ ...scenario, inject: async () => {} });
  const end = (calls[0]?.time ?? 0) + horizonMs;
  return calls
    .filter(({ time }) => time < end)
    .flatMap((call) => kindsAt(scenario, call).map((kind) => ({ kind, at: call.n })));
}

function kindsAt({ kinds, inject }: Scenario, call: Call): FaultKind[] {
  const all = inject ? (["inject"] as const) : faultsAt(call, call.first);
  return all.filter((kind) => kinds?.includes(kind) ?? true);
}

/** Plays a scenario with one fault, at the nth call of a Lambda to a port's method. */
export async function playAt(
  scenario: Scenario,
  where: { kind: FaultKind; by: string; method: string; nth?: number },
): Promise<Played> {
  const { calls } = await play(scenario, {});
  const at = calls.filter(({ by, method }) => by === where.by && method === where.method)[(where.nth ?? 1) - 1]?.n;
  if (at === undefined) throw new Error(`${scenario.name}: ${where.by} never calls ${where.method}`);
  return play(scenario, { fault: { kind: where.kind, at } });
}

/** What many runs found. */
export interface Found {
  runs: number;
  /** One line for each run in which something was wrong. */
  wrong: string[];
}

/** Plays a scenario with every nth of its faults. */
export async function explore(scenario: Scenario, nth = 1): Promise<Found> {
  const faults = (await faultsFor(scenario)).filter((_, index) => index % nth === 0);
  const found: Found = { runs: 0, wrong: [] };
  for (const fault of faults) note(found, await play(scenario, { fault }));
  return found;
}

/** Plays with one or two faults, chosen by the seed, and the calls of all that run at once in an order chosen by it. */
export async function exploreAtRandom(scenario: Scenario, seeds: { from: number; count: number }): Promise<Found> {
  const [own, any] = [await faultsFor(scenario), await faultsFor(withoutInjection(scenario))];
  const found: Found = { runs: 0, wrong: [] };
  for (let seed = seeds.from; seed < seeds.from + seeds.count; seed += 1) {
    const chance = chances(seed);
    const below = (limit: number) => Math.floor(chance() * limit);
    const pick = below(2) === 0 ? undefined : below;
    const played = await play(scenario, { fault: own[below(own.length)], second: any[below(2 * any.length)], pick });
    note(found, { ...played, name: `seed ${seed} of ${played.name}` });
  }
  return found;
}

function withoutInjection({ inject, after, kinds, ...scenario }: Scenario): Scenario {
  return { ...scenario, kinds: inject || after ? undefined : kinds };
}

function note(found: Found, { name, wrong }: Played): void {
  found.runs += 1;
  if (wrong.length > 0) found.wrong.push(`${name}: ${[...new Set(wrong)].join("; ")}`);
}
