import { compareWithReal } from "./fleet/compare.ts";
import { figuresOf, missed, tasksOf, totalOf } from "./fleet/figures.ts";
import { fleetReport } from "./fleet/report.ts";
import { runTasks } from "./fleet/run.ts";
import type { FleetShape } from "./fleet/seed.ts";

export interface FleetOptions {
  certificates: number;
  /** Registered domains the names are spread over; as many as certificates unless told. */
  domains: number | undefined;
  /** Hosted zones these lie in. */
  zones: number | undefined;
  json: boolean;
  /** Compare the counts with a real run on the local stack instead. */
  checkReal: boolean;
  tell(line: string): void;
}

/** The sizes that a report of a larger fleet shows beside it. */
const smaller = [10, 1_000, 10_000];
/** What Route 53 gives an account unless it asks for more. */
const usualZones = 500;

/** Simulates a fleet and prints what it took; answers the exit code: 1 when a budget was missed. */
export async function fleet(options: FleetOptions): Promise<number> {
  const { certificates, json, tell } = options;
  if (options.checkReal) return compareWithReal(certificates, tell);
  const sizes = json ? [certificates] : [...smaller.filter((size) => size < certificates), certificates];
  const tasks = sizes.map((size) => tasksOf(shapeOf(size, options)));
  // The largest first, so that no core waits for the other at the end.
  const outcomes = await runTasks([...tasks].reverse().flat(), tell);
  const perSize = tasks[0]?.length ?? 0;
  const figures = sizes.map((size, index) => {
    const from = (sizes.length - 1 - index) * perSize;
    return figuresOf(size, outcomes.slice(from, from + perSize));
  });
  const totals = figures.map(totalOf);
  process.stdout.write(json ? `${JSON.stringify({ fleet: totals.at(-1) })}\n` : fleetReport(figures));
  for (const [index, seen] of totals.entries())
    for (const fault of missed(seen)) tell(`MISSED at ${sizes[index]}: ${fault}`);
  return totals.some((seen) => missed(seen).length > 0) ? 1 : 0;
}

function shapeOf(certificates: number, { domains, zones }: FleetOptions): FleetShape {
  const own = Math.min(domains ?? certificates, certificates);
  return { certificates, domains: own, zones: Math.min(zones ?? usualZones, own) };
}
