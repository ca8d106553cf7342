import type { Deps } from "../deps.ts";
import { giveBack } from "../ledger.ts";
import { bucketsOfKeys, limitsOfIssuer } from "../limits.ts";
import type { AttemptOutcome, AttemptRow, IssuerRow } from "../rows.ts";

/**
 * Writes how an attempt ended; once, whoever tries. Answers the keys of the buckets whose token goes back (those in flight
 * always, the CA's domain and set tokens when there is no certificate), or undefined when somebody else ended it.
 */
export async function endAttempt(
  deps: Deps,
  attempt: AttemptRow,
  outcome: Omit<AttemptOutcome, "at">,
): Promise<string[] | undefined> {
  const at = deps.clock.now().getTime();
  const ended = { ...attempt, outcome: { ...outcome, message: outcome.message.slice(0, 300), at } };
  if ((await deps.state.putAttempt(ended)) === "conflict") return undefined;
  return (attempt.tokens ?? []).filter((key) => outcome.result !== "issued" || key.startsWith("inFlight#"));
}

/** Gives tokens of one issuer back, all in one write. */
export async function returnTokens(deps: Deps, issuer: IssuerRow | undefined, keys: string[]): Promise<void> {
  if (!issuer || keys.length === 0) return;
  await giveBack(deps.state, bucketsOfKeys(keys, limitsOfIssuer(issuer)), deps.clock.now());
}
