import { done, type Outcome } from "../outcome.ts";
import { afterPrefix, bySolver, providerOf } from "./publish-challenge.ts";
import type { Work } from "./work.ts";

/** Seconds until the next look: asked at once, then not before two. */
const pauseSeconds = [2, 4, 8, 15];
/** The same for a batch, whose slowest zone counts: then when Route 53 mostly is done. Each look is three transitions. */
const batchPauseSeconds = [2, 24, 20, 10];

/** Asks, for each change once, whether it has reached all name servers. */
export async function checkPropagation(works: Work[]): Promise<Map<string, Outcome | Error>> {
  const asked = works.flatMap((work) => (work.row.changes ?? []).map((change) => ({ work, ...split(change) })));
  const settled = new Map<string, boolean | Error>();
  for (const [solver, group] of bySolver(asked)) {
    const [first] = group;
    if (!first) continue;
    const changes = [...new Set(group.map(({ id }) => id))];
    const answers = await ask(first.work, solver, changes);
    for (const id of changes) settled.set(`${solver}:${id}`, answers.get(id) ?? false);
  }
  return new Map(works.map((work) => [work.ref.attemptId, outcomeOf(work, settled)]));
}

function outcomeOf(work: Work, settled: Map<string, boolean | Error>): Outcome | Error {
  const answers = (work.row.changes ?? []).map((change) => settled.get(change) ?? false);
  const error = answers.find((answer): answer is Error => answer instanceof Error);
  if (error) return error;
  if (answers.includes(false)) return { waitUntil: nextLook(work) };
  delete work.row.changes;
  work.row.propagated = true;
  return done;
}

async function ask(work: Work, solver: number, changes: string[]): Promise<Map<string, boolean | Error>> {
  const now = work.deps.clock.now().getTime();
  const timed = changes.filter((id) => id.startsWith(afterPrefix));
  const settled = timed.map((id) => [id, Number(id.slice(afterPrefix.length)) <= now] as const);
  const asked = changes.filter((id) => !timed.includes(id));
  try {
    const answers =
      asked.length > 0 ? await (await providerOf(work, solver)).settled(asked) : new Map<string, boolean>();
    return new Map([...answers, ...settled]);
  } catch (error) {
    return new Map(changes.map((id) => [id, error instanceof Error ? error : new Error(String(error))]));
  }
}

function nextLook({ deps, alone, round }: Work): Date {
  const pauses = alone ? pauseSeconds : batchPauseSeconds;
  const seconds = pauses[Math.min(round, pauses.length - 1)] ?? 2;
  return new Date(deps.clock.now().getTime() + seconds * 1_000);
}

/** `<solver>:<change id>`. */
function split(change: string): { solver: number; id: string } {
  const colon = change.indexOf(":");
  return { solver: Number(change.slice(0, colon)), id: change.slice(colon + 1) };
}
