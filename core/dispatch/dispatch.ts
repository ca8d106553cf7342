import { concurrently } from "../concurrently.ts";
import { decide } from "../decide.ts";
import type { Deps } from "../deps.ts";
import type { Facts } from "../facts.ts";
import { idOf, type ResourceKey } from "../resource.ts";
import { act } from "./act.ts";
import { gather, look } from "./gather.ts";
import { type Start, start } from "./start.ts";

/** What became of one key. */
export interface Verdict {
  key: ResourceKey;
  action: string;
  reason: string;
  /** Set when it could not be decided; the caller may deliver the hint again. */
  error?: unknown;
}

/** How often a key is decided anew when somebody else wrote its row in between. */
const rounds = 4;
const concurrency = 10;

/**
 * Decides for each key and does what was decided. A key is only a hint: request and row are read now. It never throws for
 * one key; Issuers are handed to check-issuer.
 */
export async function dispatch(deps: Deps, keys: ResourceKey[]): Promise<Verdict[]> {
  const unique = [...new Map(keys.map((key) => [idOf(key), key])).values()];
  const issuers = unique.filter((key) => key.kind !== "Certificate");
  const handed = await concurrently(concurrency, issuers, async (key) =>
    guarded(key, async () => {
      await deps.starter.checkIssuer(key);
      return { key, action: "check", reason: "IssuerChanged" };
    }),
  );
  const verdicts: Verdict[] = [...handed.flatMap((verdict) => verdict ?? [])];
  let open = unique.filter((key) => key.kind === "Certificate");
  for (let round = 0; round < rounds && open.length > 0; round += 1) {
    const decided = await decideOnce(deps, open);
    verdicts.push(...decided);
    const settled = new Set(decided.map(({ key }) => idOf(key)));
    open = open.filter((key) => !settled.has(idOf(key)));
  }
  const contended = open.map((key) => ({ key, action: "nothing", reason: "Contended" }));
  return [...verdicts, ...contended];
}

/** One round; keys whose row changed under us are missing in the answer. */
async function decideOnce(deps: Deps, keys: ResourceKey[]): Promise<Verdict[]> {
  const starts: Start[] = [];
  const gathered = await gather(deps, keys);
  const verdicts = await concurrently(concurrency, gathered, (facts) =>
    guarded(facts.key, async () => {
      if ("error" in facts) throw facts.error;
      const decision = decide(facts);
      const looked =
        decision.action === "nothing" && decision.look ? await lookAgain(deps, facts) : { facts, decision };
      if (looked.decision.action !== "issue") return act(deps, looked.facts, looked.decision);
      starts.push({ facts: looked.facts, decision: looked.decision });
      return undefined;
    }),
  );
  return [...verdicts.flatMap((verdict) => verdict ?? []), ...(await start(deps, starts))];
}

async function lookAgain(deps: Deps, facts: Facts) {
  const seen = await look(deps, facts);
  return { facts: seen, decision: decide(seen) };
}

async function guarded(key: ResourceKey, run: () => Promise<Verdict | undefined>): Promise<Verdict | undefined> {
  try {
    return await run();
  } catch (error) {
    return { key, action: "error", reason: error instanceof Error ? error.name : "Unknown", error };
  }
}
