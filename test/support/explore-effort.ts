import type { Strike } from "./explore.ts";
import { type FaultKind, pauses } from "./explore-faults.ts";
import type { Scenario } from "./explore-scenarios.ts";
import { nextDue, type World } from "./explore-world.ts";

/** What took too much, or too long, or more than one Certificate's share. */
export async function effortOf(world: World, scenario: Scenario, strike?: Strike): Promise<string[]> {
  const { p, faulty } = world;
  const at = await nextDue(p);
  const late = at !== undefined && at < p.time.now().getTime() - 120_000;
  const endless = p.executions.filter(({ status }) => status === "RUNNING");
  return [
    ...(late ? [`due since ${new Date(at).toISOString()}`] : []),
    ...endless.map(({ entered }) => `runs for ever: ${entered.at(-1)}`),
    ...loopsOf(world, scenario),
    ...slowOnes(world, scenario, strike),
    ...(strike && spares(strike) ? hurtNeighbours(p.executions, scenario) : []),
    ...faulty.problems,
    ...faulty.late,
  ];
}

function loopsOf({ p, faulty }: World, { expected }: Scenario): string[] {
  const resting = expected.filter(({ ends }) => ends === "refused").length;
  const executions = p.executions.length;
  const dispatches = (faulty.counts.get("stream") ?? 0) + (faulty.counts.get("dispatch") ?? 0);
  return [
    ...(executions > 4 + 2 * expected.length + 12 * resting ? [`${executions} executions`] : []),
    ...(dispatches > 12 + 4 * expected.length ? [`${dispatches} times dispatched`] : []),
  ];
}

const minute = 60_000;
/** From the fault to Ready, in minutes, when it is more than a few: the lease, the slot, the backoff. */
const patience: Partial<Record<FaultKind, number>> = { away: 15, "long-away": 300, throttle: 15 };

function slowOnes({ p, readyAt }: World, { expected, loose, minutes: usual = 0 }: Scenario, strike?: Strike): string[] {
  if (!strike || loose) return [];
  const { kind } = strike.fault;
  // A hint that the stream could not deliver waits for the resync.
  const lost = kind === "long-away" && strike.call.by === "stream" ? 1_200 : 0;
  const most = usual + lost + (patience[kind] ?? 5) + (pauses[kind] ? 25 : 0) + (kind.startsWith("kill") ? 17 : 0);
  return expected.flatMap(({ id, ends, revision }) => {
    const at = readyAt.get(`${id} ${revision}`) ?? p.time.now().getTime();
    const minutes = Math.ceil((at - strike.call.time) / minute);
    return ends === "ready" && minutes > most ? [`${id} took ${minutes} minutes`] : [];
  });
}

/** Calls for one attempt, and faults that leave the Lambda alive: nobody else's business. */
function spares({ fault, call }: Strike): boolean {
  const mine = ["keys", "sealer", "secretsManager", "acme"].includes(call.port) && call.method !== "open";
  const single =
    /^(put(Certificate|Attempt|Csr|Chain|SealedKey|Challenges)|(create|lease)Attempt|claim.*|secretClaim)$/;
  const alive = ["fail", "lost", "twice", "throttle", "bug", "refuse"].includes(fault.kind);
  return alive && (mine || (call.port === "state" && single.test(call.method)));
}

function hurtNeighbours(executions: World["p"]["executions"], { expected }: Scenario): string[] {
  const first = executions.filter(({ input }) => expected.some(({ id }) => isIn(input.attempts, id)));
  const hurt = expected.filter(
    ({ id, ends }) => ends === "ready" && first.filter(({ input }) => isIn(input.attempts, id)).length > 1,
  );
  return hurt.length > 1 ? [`neighbours hurt: ${hurt.map(({ id }) => id)}`] : [];
}

function isIn(attempts: { namespace: string; name: string }[], id: string): boolean {
  return attempts.some(({ namespace, name }) => `${namespace}/${name}` === id);
}
