import type { Challenge } from "../challenge.ts";
import { concurrently } from "../concurrently.ts";
import { followAliases } from "../dns/follow-aliases.ts";
import { acmeOf } from "../issuer.ts";
import type { ChallengesItem } from "../rows.ts";
import { isOverDns, recordsOfItem } from "./publish-challenge.ts";
import type { Work } from "./work.ts";

const namesAtOnce = 8;

/** Each challenge with the name its record is written at: behind the CNAMEs, when its solver follows them. */
export function withTargets({ issuer, reads }: Work, challenges: Challenge[]): Promise<Challenge[]> {
  const { solvers } = acmeOf(issuer);
  return concurrently(namesAtOnce, challenges, async (before) => {
    if (!isOverDns(before)) return before;
    const { target: _, ...challenge } = before;
    if (!solvers[challenge.solver]?.follow) return challenge;
    const { name } = await followAliases(reads.lookup, challenge.recordName);
    return name === challenge.recordName ? challenge : { ...challenge, target: name };
  });
}

/** An attempt that resumes: a CNAME may have been made or changed since, because a message asked for it. */
export async function keepTargets(work: Work, item: ChallengesItem): Promise<void> {
  const challenges = await withTargets(work, item.challenges);
  const moved = item.challenges.some((challenge, index) => targetOf(challenge) !== targetOf(challenges[index]));
  if (moved) await work.deps.state.putChallenges(work.ref, { ...item, challenges, former: recordsOfItem(item) });
}

function targetOf(challenge: Challenge | undefined): string | undefined {
  return challenge && isOverDns(challenge) ? challenge.target : undefined;
}
