import type { Deps } from "../deps.ts";
import { giveBack } from "../ledger.ts";
import { bucketsOfKeys, limitsOfIssuer } from "../limits.ts";
import { parseId } from "../resource.ts";
import type { AttemptOutcome, AttemptRow } from "../rows.ts";

/**
 * Writes how an attempt ended; once, whoever tries. Its tokens go back: those in flight always, the CA's domain and set
 * tokens when there is no certificate. Answers whether this call ended it.
 */
export async function endAttempt(
  deps: Deps,
  attempt: AttemptRow,
  outcome: Omit<AttemptOutcome, "at">,
): Promise<boolean> {
  const now = deps.clock.now();
  const ended = { ...attempt, outcome: { ...outcome, message: outcome.message.slice(0, 300), at: now.getTime() } };
  if ((await deps.state.putAttempt(ended)) === "conflict") return false;
  const keys = (attempt.tokens ?? []).filter((key) => outcome.result !== "issued" || key.startsWith("inFlight#"));
  const issuerKey = parseId(attempt.issuer);
  const issuer = keys.length > 0 && issuerKey ? await deps.state.issuer(issuerKey) : undefined;
  if (issuer) await giveBack(deps.state, bucketsOfKeys(keys, limitsOfIssuer(issuer)), now);
  return true;
}
