import { faultsOf, watch } from "./explore-checks.ts";
import { type Fault, faultsAt } from "./explore-faults.ts";
import type { Call } from "./explore-invocations.ts";
import type { Scenario } from "./explore-scenarios.ts";
import { openWorld, type WorldOptions } from "./explore-world.ts";

const hour = 3_600_000;
/** Faults strike the calls of the first minutes: the issuance and the first try after a refusal. */
const horizonMs = 3 * 60_000;

/** One run: what was wrong at its end, and the calls it made. */
export interface Played {
  wrong: string[];
  calls: Call[];
  executions: number;
}

/** Plays a scenario once, with a fault or without, for a day and a night. */
export async function play(scenario: Scenario, options: WorldOptions = {}): Promise<Played> {
  const world = await openWorld({ inject: scenario.inject, deadly: scenario.deadly, ...options });
  try {
    await scenario.before?.(world);
    watch(world);
    world.faulty.arm();
    await scenario.act(world);
    await world.pass(32 * hour);
    const wrong = await faultsOf(world, scenario, options.fault);
    return { wrong, calls: world.faulty.calls, executions: world.p.executions.length };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { wrong: [`threw ${text}`], calls: world.faulty.calls, executions: world.p.executions.length };
  }
}

/** Every fault that makes a difference, at every call of the scenario. */
export async function faultsFor(scenario: Scenario): Promise<Fault[]> {
  const { calls } = await play(scenario);
  const end = (calls[0]?.time ?? 0) + horizonMs;
  return calls
    .filter(({ time }) => time < end)
    .flatMap((call) => (scenario.kinds ?? faultsAt(call, call.first)).map((kind) => ({ kind, at: call.n })));
}

/** How a fault is named in a report. */
export function nameOf({ kind, at }: Fault, calls: Call[]): string {
  const call = calls[at - 1];
  return `${kind} at call ${at} (${call?.by} ${call?.port}.${call?.method})`;
}
