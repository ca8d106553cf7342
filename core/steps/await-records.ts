import { acmeOf } from "../issuer.ts";
import type { Work } from "./work.ts";

/** A change without an id: settled after this instant (epoch ms). */
export const afterPrefix = "after=";

/** No change: the records are looked at, until this instant (epoch ms). */
export const lookPrefix = "look=";

/** No change: the answers of a solver are looked at from outside, until this instant (epoch ms). */
export const answersPrefix = "answers=";

/** How long a record that was there already may still be on its way: Route 53 says that changes generally take up to 60 s. */
const settlingMs = 60_000;

/** How long the servers of a zone may take: secondary ones follow within minutes. */
const zoneMs = 10 * 60_000;
/** Resolvers remember for up to their SOA's minimum, often 15 minutes, that there was nothing. */
const resolversMs = 30 * 60_000;

/**
 * Notes in the row what Check propagation waits for, now that a record of a solver is written. `change`: the provider's, or
 * "" when the record was there: ours with a lost reply, or another attempt's of just now.
 */
export function awaitRecord(work: Work, solver: number, change: string): void {
  const { changes, answeredUnder, propagated } = work.row;
  if (change === "" && (changes !== undefined || answeredUnder !== undefined || propagated)) return;
  const added = waitsFor(work, solver, change).map((wait) => `${solver}:${wait}`);
  const left = (changes ?? []).filter((one) => !added.some((other) => isSameWait(one, other)));
  work.row.changes = [...left, ...added];
}

function waitsFor({ deps, issuer }: Work, index: number, change: string): string[] {
  const now = deps.clock.now().getTime();
  const solver = acmeOf(issuer).solvers[index];
  const [provider = ""] = Object.keys(solver?.dns01 ?? {});
  const adapter = Object.hasOwn(deps.dnsAdapters, provider) ? deps.dnsAdapters[provider] : undefined;
  const ofProvider = change === "" ? `${afterPrefix}${now + settlingMs}` : change;
  const { waitInsteadOfSelfCheckSeconds: waitSeconds, nameservers } = solver ?? {};
  if (waitSeconds !== undefined) return [`${afterPrefix}${now + waitSeconds * 1_000}`];
  // Resolvers would remember that there was nothing, so they are asked last.
  if (nameservers) return [ofProvider, `${lookPrefix}${now + resolversMs}`];
  return adapter?.knowsPropagation ? [ofProvider] : [`${lookPrefix}${now + zoneMs}`];
}

/** Seconds until the next look. */
const pauseSeconds = [2, 4, 8, 15];
/** The same for a batch, whose slowest zone counts: then when Route 53 mostly is done. Each look is three transitions. */
const batchPauseSeconds = [2, 24, 20, 10];

/** When Check propagation looks again, by its rounds so far. */
export function nextLook({ deps, alone, round }: Pick<Work, "deps" | "alone" | "round">): Date {
  const pauses = alone ? pauseSeconds : batchPauseSeconds;
  const seconds = pauses[Math.min(round, pauses.length - 1)] ?? 2;
  return new Date(deps.clock.now().getTime() + seconds * 1_000);
}

/** The first look after Publish: undefined for at once, because only a provider's change cannot be through by then. */
export function firstLook(work: Work): Date | undefined {
  return (work.row.changes ?? []).some(isOfProvider) ? nextLook(work) : undefined;
}

function isOfProvider(change: string): boolean {
  const id = change.slice(change.indexOf(":") + 1);
  return ![afterPrefix, lookPrefix, answersPrefix].some((prefix) => id.startsWith(prefix));
}

/** The records of one publication differ by milliseconds; the last one counts. */
function isSameWait(one: string, other: string): boolean {
  const kind = /^\d+:(after=|look=)/;
  const [known] = kind.exec(one) ?? [];
  return one === other || (known !== undefined && known === kind.exec(other)?.[0]);
}
