import type { HttpChallenge } from "../challenge.ts";
import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { RefusedError } from "../errors.ts";
import { acmeOf } from "../issuer.ts";
import type { AttemptRef, ChallengesItem } from "../rows.ts";
import { afterPrefix, answersPrefix } from "./await-records.ts";
import type { Work } from "./work.ts";

/** How long a right answer is waited for: it can be read at once, so only the way to it can be missing. */
const patienceMs = 120_000;

/** How many answers are looked at together: each may take 10 s, the whole step two minutes. */
const looksAtOnce = 60;

/** Makes the answers of a batch readable, and notes that they are to be looked at. Gives the errors, by attempt id. */
export async function publishAnswers(works: Work[]): Promise<Map<string, Error>> {
  const failed = new Map<string, Error>();
  await concurrently(20, works, async (work) => {
    const challenges = (await work.reads.challenges(work.ref))?.challenges.filter(isOverHttp) ?? [];
    if (challenges.length === 0) return;
    try {
      if (!work.deps.answers) throw notServed(challenges);
      for (const challenge of challenges) await work.deps.state.claimAnswer(challenge, work.ref);
      remember(work, challenges);
    } catch (error) {
      failed.set(work.ref.attemptId, error instanceof Error ? error : new Error(String(error)));
    }
  });
  return failed;
}

/** An attempt that comes back while it waits keeps its end: it would else wait for ever. */
function remember({ row, deps, issuer }: Work, challenges: HttpChallenge[]): void {
  const now = deps.clock.now().getTime();
  for (const solver of new Set(challenges.map((challenge) => challenge.solver))) {
    const waitSeconds = acmeOf(issuer).solvers[solver]?.waitInsteadOfSelfCheckSeconds;
    if (waitSeconds !== undefined && row.propagated) continue;
    const prefix = `${solver}:${waitSeconds === undefined ? answersPrefix : afterPrefix}`;
    const until = now + (waitSeconds === undefined ? patienceMs : waitSeconds * 1_000);
    const known = row.changes?.some((change) => change.startsWith(prefix));
    if (!known) row.changes = [...(row.changes ?? []), `${prefix}${until}`];
  }
}

/**
 * Looks at the answers of a batch as the CA will, so that none is spent on a web server that does not lead here. By attempt
 * id, of those that have some: true when all are right, false when it makes sense to look again, or the error.
 */
export async function lookAtAnswers(works: Work[]): Promise<Map<string, boolean | Error>> {
  const wanted = (await Promise.all(works.map(open))).flat();
  const seen = await concurrently(looksAtOnce, wanted, async (one) => ({ ...one, said: await look(one) }));
  const verdicts = new Map<string, boolean | Error>();
  for (const { work, until, said } of seen) {
    const id = work.ref.attemptId;
    const before = verdicts.get(id) ?? true;
    if (before !== true || said === true) verdicts.set(id, before);
    else verdicts.set(id, said instanceof Error || until <= work.deps.clock.now().getTime() ? refused(said) : false);
  }
  for (const work of works) if (verdicts.get(work.ref.attemptId) instanceof Error) forget(work);
  return verdicts;
}

interface Open {
  work: Work;
  challenge: HttpChallenge;
  until: number;
}

/** The answers that an attempt waits for. */
async function open(work: Work): Promise<Open[]> {
  const looks = new Map(
    (work.row.changes ?? []).flatMap((change) => {
      const [solver = "", until] = change.split(`:${answersPrefix}`);
      return until === undefined ? [] : [[Number(solver), Number(until)] as const];
    }),
  );
  if (looks.size === 0) return [];
  const challenges = (await work.reads.challenges(work.ref))?.challenges.filter(isOverHttp) ?? [];
  return challenges.flatMap((challenge) => {
    const until = looks.get(challenge.solver);
    return until === undefined ? [] : [{ work, challenge, until }];
  });
}

/** True, what was seen instead, or what kept us from looking. */
async function look({ work, challenge }: Open): Promise<true | string | Error> {
  if (!work.deps.answers) return notServed([challenge]);
  try {
    const seen = await work.deps.answers.look(challenge.identifier, challenge);
    return seen.right || seen.instead;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The next try has all the time again. */
function forget({ row }: Work): void {
  const changes = (row.changes ?? []).filter((change) => !change.includes(`:${answersPrefix}`));
  if (changes.length > 0) row.changes = changes;
  else delete row.changes;
}

/** Takes back what attempts published over HTTP; an answer goes with the last attempt that needs it. */
export async function releaseAnswers(
  deps: Deps,
  attempts: { ref: AttemptRef }[],
  items: Map<string, ChallengesItem>,
): Promise<void> {
  const released = attempts.flatMap(({ ref }) => {
    const item = items.get(ref.attemptId);
    return item ? tokensOf(item).map((token) => ({ ref, token })) : [];
  });
  await concurrently(20, released, ({ ref, token }) => deps.state.releaseAnswer(token, ref));
}

/** The tokens of every answer that an attempt may have published, those of its earlier orders included. */
export function tokensOf(item: ChallengesItem): string[] {
  return [...item.challenges.filter(isOverHttp).map(({ token }) => token), ...(item.formerTokens ?? [])];
}

function isOverHttp(challenge: ChallengesItem["challenges"][number]): challenge is HttpChallenge {
  return challenge.type === "http-01";
}

function refused(said: string | Error): Error {
  if (said instanceof Error) return said;
  return new RefusedError({
    reason: "AnswerNotSeen",
    message: `the CA was not asked to look: ${said}`,
    fix: "lead http://<name>/.well-known/acme-challenge/ to the function serve-challenge as docs/http01.md says, and try it with curl",
  });
}

function notServed([first]: HttpChallenge[]): RefusedError {
  return new RefusedError({
    reason: "Http01NotDeployed",
    message: `${first?.identifier} is to be proven over HTTP, and this installation has no function that answers`,
    fix: "deploy with the setting http01 (docs/http01.md), or add a dns01 solver for the name",
  });
}
