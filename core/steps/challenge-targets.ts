import { concurrently } from "../concurrently.ts";
import { followAliases } from "../dns/follow-aliases.ts";
import { acmeOf } from "../issuer.ts";
import type { Challenge, ChallengesItem } from "../rows.ts";
import { recordsOfItem } from "./publish-challenge.ts";
import type { Work } from "./work.ts";

const namesAtOnce = 8;

/** Each challenge with the name its record is written at: behind the CNAMEs, when its solver follows them. */
export function withTargets({ issuer, reads }: Work, challenges: Challenge[]): Promise<Challenge[]> {
  const { solvers } = acmeOf(issuer);
  return concurrently(namesAtOnce, challenges, async ({ target: _, ...challenge }) => {
    if (!solvers[challenge.solver]?.follow) return challenge;
    const { name } = await followAliases(reads.lookup, challenge.recordName);
    return name === challenge.recordName ? challenge : { ...challenge, target: name };
  });
}

/** An attempt that resumes: a CNAME may have been made or changed since, because a message asked for it. */
export async function keepTargets(work: Work, item: ChallengesItem): Promise<void> {
  const challenges = await withTargets(work, item.challenges);
  const moved = item.challenges.some(({ target }, index) => target !== challenges[index]?.target);
  if (moved) await work.deps.state.putChallenges(work.ref, { ...item, challenges, former: recordsOfItem(item) });
}
