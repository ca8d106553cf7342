import { concurrently } from "../concurrently.ts";
import { done, type Outcome } from "../outcome.ts";
import { afterPrefix, answersPrefix, lookPrefix, nextLook } from "./await-records.ts";
import { lookAtAnswers } from "./http-answers.ts";
import { lookAtRecords } from "./look-at-records.ts";
import { bySolver, providerOf } from "./publish-challenge.ts";
import type { Work } from "./work.ts";

/**
 * Asks, for each change once, whether it has reached all name servers; where nobody knows, the servers are asked themselves.
 * Answers over HTTP are looked at.
 */
export async function checkPropagation(works: Work[]): Promise<Map<string, Outcome | Error>> {
  const looking = lookAtAnswers(works);
  const asked = works.flatMap((work) => changesOf(work).map((change) => ({ work, ...split(change) })));
  const settled = new Map<string, boolean | Error>();
  for (const [solver, group] of bySolver(asked)) {
    const [first] = group;
    if (!first) continue;
    const changes = [...new Set(group.map(({ id }) => id))];
    const answers = await ask(first.work, solver, changes);
    for (const id of changes) settled.set(`${solver}:${id}`, answers.get(id) ?? false);
  }
  const seen = await looking;
  const outcomes = await concurrently(10, works, async (work) => {
    const outcome = await outcomeOf(work, settled, seen).catch((error: unknown) => asError(error));
    return [work.ref.attemptId, outcome] as const;
  });
  return new Map(outcomes);
}

/** Those that a provider is asked for, or that pass with the time. */
function changesOf({ row }: Work): string[] {
  const looks = [lookPrefix, answersPrefix];
  return (row.changes ?? []).filter((change) => !looks.some((prefix) => split(change).id.startsWith(prefix)));
}

type Seen = Map<string, boolean | Error>;

async function outcomeOf(work: Work, settled: Seen, seen: Seen): Promise<Outcome | Error> {
  const ofChanges = changesOf(work).map((change) => settled.get(change) ?? false);
  const answers = [...ofChanges, seen.get(work.ref.attemptId) ?? true];
  const error = answers.find((answer): answer is Error => answer instanceof Error);
  if (error) return error;
  if (answers.includes(false)) return { waitUntil: nextLook(work), looked: true };
  const notBefore = await lookAtRecords(work);
  if (notBefore) return { waitUntil: new Date(Math.max(notBefore.getTime(), nextLook(work).getTime())), looked: true };
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
    return new Map(changes.map((id) => [id, asError(error)]));
  }
}

/** `<solver>:<change id>`. */
function split(change: string): { solver: number; id: string } {
  const colon = change.indexOf(":");
  return { solver: Number(change.slice(0, colon)), id: change.slice(colon + 1) };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
