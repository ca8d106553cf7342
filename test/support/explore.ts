import type { Call, FaultyOptions } from "./explore-calls.ts";
import { watch, wrongWith } from "./explore-checks.ts";
import { type Fault, type FaultKind, faultsAt } from "./explore-faults.ts";
import type { Scenario } from "./explore-scenarios.ts";
import { applyIssuer, openWorld } from "./explore-world.ts";

const hour = 3_600_000;
/** Faults strike the calls of the first minutes: the issuance, and the first try after a refusal. */
const horizonMs = 10 * 60_000;

/** A fault and the call that it struck. */
export interface Strike {
  fault: Fault;
  call: Call;
}

/** One run: what was wrong at its end, and the calls it made. */
export interface Played {
  wrong: string[];
  calls: Call[];
  executions: number;
  /** The fault and its call, for a report. */
  name: string;
}

/** Plays a scenario once, with a fault or without, for a day and a night. */
export async function play(scenario: Scenario, options: FaultyOptions = {}): Promise<Played> {
  const { fault } = options;
  const world = await openWorld({
    inject: scenario.inject,
    deadly: scenario.deadly,
    after: scenario.after,
    ...options,
  });
  const { calls } = world.faulty;
  const wrong = await lived(world, scenario, fault).catch((error: unknown) => {
    return [`threw ${error instanceof Error ? error.stack : String(error)}`];
  });
  const call = fault && calls[fault.at - 1];
  const name = `${scenario.name}: ${fault?.kind} at call ${fault?.at} (${call?.by} ${call?.port}.${call?.method})`;
  return { wrong, calls, executions: world.p.executions.length, name };
}

async function lived(
  world: Awaited<ReturnType<typeof openWorld>>,
  scenario: Scenario,
  fault?: Fault,
): Promise<string[]> {
  if (!scenario.bare) {
    await applyIssuer(world);
    await world.pass(5_000);
  }
  await scenario.before?.(world);
  watch(world);
  world.faulty.arm();
  await scenario.act(world);
  await world.pass(32 * hour);
  const call = fault && world.faulty.calls[fault.at - 1];
  return wrongWith(world, scenario, fault && call ? { fault, call } : undefined);
}

/** Every fault that makes a difference, at every call of the scenario. */
export async function faultsFor(scenario: Scenario): Promise<Fault[]> {
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
