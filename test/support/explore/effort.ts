import { mostMinutes, spares } from "./excuses.ts";
import type { Scenario } from "./scenario.ts";
import { nextDue, type World } from "./world.ts";

/** What took too much, or too long, or more than one Certificate's share. */
export async function effortOf(world: World, scenario: Scenario): Promise<string[]> {
  const { p, faulty } = world;
  const at = await nextDue(p);
  const late = at !== undefined && at < p.time.now().getTime() - 120_000;
  const endless = p.executions.filter(({ status }) => status === "RUNNING");
  return [
    ...(late ? [`due since ${new Date(at).toISOString()}`] : []),
    ...endless.map(({ entered }) => `runs for ever: ${entered.at(-1)}`),
    ...loopsOf(world, scenario),
    ...slowOnes(world, scenario),
    ...lateOnes(world, scenario),
    ...(!scenario.deadly && faulty.strikes.every(spares) ? hurtNeighbours(world, scenario) : []),
    ...faulty.problems,
    ...faulty.late,
  ];
}

function loopsOf({ p, faulty }: World, { expected }: Scenario): string[] {
  const resting = expected.filter(({ ends }) => ends === "refused").length;
  const more = Math.max(0, faulty.strikes.length - 1);
  const executions = p.executions.length;
  const dispatches = (faulty.counts.get("stream") ?? 0) + (faulty.counts.get("dispatch") ?? 0);
  return [
    ...(executions > 4 + 2 * expected.length + 12 * resting + 4 * more ? [`${executions} executions`] : []),
    ...(dispatches > 12 + 4 * expected.length ? [`${dispatches} times dispatched`] : []),
  ];
}

const minute = 60_000;

function slowOnes({ p, faulty, readyAt }: World, { expected, loose, minutes: usual = 0 }: Scenario): string[] {
  const first = faulty.strikes[0]?.call.time;
  if (first === undefined || loose) return [];
  // Each failure before makes the next wait longer.
  const ladder = (faulty.strikes.length - 1) * 400;
  const most = faulty.strikes.reduce((sum, strike) => sum + mostMinutes(strike), usual + ladder);
  return expected.flatMap(({ id, ends, revision }) => {
    const at = readyAt.get(`${id} ${revision}`) ?? p.time.now().getTime();
    const minutes = Math.ceil((at - first) / minute);
    return ends === "ready" && minutes > most ? [`${id} took ${minutes} minutes, not ${most}`] : [];
  });
}

/** What a user wants counts at once, whoever is at work: not only at the next resync. */
function lateOnes({ faulty, writtenAt }: World, { expected }: Scenario): string[] {
  const [strike, second] = faulty.strikes;
  if (strike?.fault.kind !== "inject" || second) return [];
  const late = expected.filter(({ id }) => (writtenAt.get(id) ?? 0) > strike.call.time + 5 * minute);
  return late.map(({ id }) => `${id} was decided on late`);
}

function hurtNeighbours({ p, faulty }: World, { expected }: Scenario): string[] {
  const first = p.executions.filter(({ input }) => expected.some(({ id }) => isIn(input.attempts, id)));
  const hurt = expected.filter(
    ({ id, ends }) => ends === "ready" && first.filter(({ input }) => isIn(input.attempts, id)).length > 1,
  );
  return hurt.length > Math.max(1, faulty.strikes.length) ? [`neighbours hurt: ${hurt.map(({ id }) => id)}`] : [];
}

function isIn(attempts: { namespace: string; name: string }[], id: string): boolean {
  return attempts.some(({ namespace, name }) => `${namespace}/${name}` === id);
}
