import { type Decision, decide } from "../decide.ts";
import type { Facts } from "../facts.ts";
import { look, type Stores } from "./gather.ts";

/** Decides, and looks at the stored secret where only that could still say otherwise; answers what was seen, too. */
export async function decideLooking(deps: Stores, facts: Facts): Promise<{ facts: Facts; decision: Decision }> {
  const decision = decide(facts);
  if (decision.action !== "nothing" || !decision.look) return { facts, decision };
  const seen = await look(deps, facts);
  return { facts: seen, decision: decide(seen) };
}
