import { type FunctionName, functionShapes } from "../../../cdk/functions.ts";
import type { FleetClock } from "./clock.ts";
import { type LambdaUse, lambdaUse, type Meter } from "./meter.ts";

/** One warm environment of a function: what it keeps between calls. */
export interface Environment<Kept> {
  kept: Kept;
  idleSince: number;
}

/** AWS Lambda: environments that stay warm for a while, an account's concurrency, durations and what they cost. */
export interface FleetLambda<Kept> {
  /** Runs a function; throws `Lambda.TooManyRequestsException` when the account runs too many at once. */
  invoke<Out>(name: FunctionName, run: (kept: Kept) => Promise<Out>): Promise<Out>;
  mostAtOnce(): number;
}

/** Assumptions (docs/decisions/0021): an idle environment lives so long, starts and works so fast. */
const idleMs = 6 * 60_000;
const coldStartMs = 500;
const concurrency = 1_000;
/** A whole vCPU comes with 1,769 MB. */
const wholeCpuMb = 1_769;
const ownCpuMs = 3;
/** Lambda writes START, END and REPORT. */
const platformLogBytes = 330;

/** Functions of which none has been called. */
export function fleetLambda<Kept>(
  world: { clock: FleetClock; used(): Meter },
  open: (name: FunctionName) => Kept,
): FleetLambda<Kept> {
  const idle = new Map<FunctionName, Environment<Kept>[]>();
  let running = 0;
  let most = 0;
  const environmentOf = (name: FunctionName) => {
    const all = idle.get(name) ?? [];
    const warm = all.filter(({ idleSince }) => idleSince + idleMs > world.clock.at());
    const found = warm.pop();
    idle.set(name, warm);
    return { environment: found ?? { kept: open(name), idleSince: 0 }, cold: !found };
  };
  const release = (name: FunctionName, environment: Environment<Kept>) => {
    environment.idleSince = world.clock.at();
    idle.get(name)?.push(environment);
  };
  return {
    mostAtOnce: () => most,
    invoke: async (name, run) => {
      if (running >= concurrency)
        throw Object.assign(new Error("Rate Exceeded."), { name: "Lambda.TooManyRequestsException" });
      running += 1;
      most = Math.max(most, running);
      const began = world.clock.at();
      const { environment, cold } = environmentOf(name);
      try {
        await world.clock.sleep((cold ? coldStartMs : 0) + (ownCpuMs * wholeCpuMb) / functionShapes[name].memoryMb);
        return await run(environment.kept);
      } finally {
        running -= 1;
        release(name, environment);
        bill(lambdaUse(world.used(), name), name, world.clock.at() - began, cold);
        world.used().logBytes += platformLogBytes;
      }
    },
  };
}

function bill(use: LambdaUse, name: FunctionName, ms: number, cold: boolean): void {
  const { memoryMb, timeoutSeconds } = functionShapes[name];
  use.calls += 1;
  use.coldStarts += Number(cold);
  use.gigabyteSeconds += (ms / 1_000) * (memoryMb / 1_024);
  use.longestMs = Math.max(use.longestMs, ms);
  use.overtime += Number(ms > timeoutSeconds * 1_000);
}

/** What a function computes for so many attempts, ms: parsing, hashing, signing, on its share of a CPU. */
export function computeMs(name: FunctionName, attempts: number): number {
  const perAttempt = name === "write-secret" || name === "prepare" ? 2 : 0.5;
  return (attempts * perAttempt * wholeCpuMb) / functionShapes[name].memoryMb;
}
