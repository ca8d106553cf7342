import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { familyOf, idOf, type ResourceKey } from "../resource.ts";
import { act } from "./act.ts";
import { decideLooking } from "./decide-looking.ts";
import { gather } from "./gather.ts";
import { type Rewrite, startRewrites } from "./rewrite.ts";
import { type Start, start } from "./start.ts";
import { tellClusters } from "./tell-clusters.ts";

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
 * one key; issuers are handed to check-issuer, Clusters and Bundles to sync-kubernetes.
 */
export async function dispatch(deps: Deps, keys: ResourceKey[]): Promise<Verdict[]> {
  const unique = [...new Map(keys.map((key) => [idOf(key), key])).values()];
  const others = unique.filter((key) => familyOf(key.kind) !== "certificate");
  const handed = await concurrently(concurrency, others, async (key) => guarded(key, () => handOver(deps, key)));
  const verdicts: Verdict[] = [...handed.flatMap((verdict) => verdict ?? [])];
  const told = new Set<string>();
  let open = unique.filter((key) => familyOf(key.kind) === "certificate");
  for (let round = 0; round < rounds && open.length > 0; round += 1) {
    const decided = await decideOnce(deps, open, told);
    verdicts.push(...decided);
    const settled = new Set(decided.map(({ key }) => idOf(key)));
    open = open.filter((key) => !settled.has(idOf(key)));
  }
  const contended = open.map((key) => ({ key, action: "nothing", reason: "Contended" }));
  return [...verdicts, ...contended];
}

async function handOver({ starter }: Deps, key: ResourceKey): Promise<Verdict> {
  if (familyOf(key.kind) === "kubernetes") {
    await starter.syncKubernetes({ key });
    return { key, action: "sync", reason: `${key.kind}Changed` };
  }
  await starter.checkIssuer(key);
  return { key, action: "check", reason: "IssuerChanged" };
}

/** One round; keys whose row changed under us are missing in the answer. `told`: ids of edited Certificates that clusters know of. */
async function decideOnce(deps: Deps, keys: ResourceKey[], told: Set<string>): Promise<Verdict[]> {
  const starts: Start[] = [];
  const rewrites: Rewrite[] = [];
  const gathered = await gather(deps, keys);
  await tellClusters(deps, gathered, told);
  const verdicts = await concurrently(concurrency, gathered, (facts) =>
    guarded(facts.key, async () => {
      if ("error" in facts) throw facts.error;
      const { facts: seen, decision } = await decideLooking(deps, facts);
      if (decision.action === "issue") starts.push({ facts: seen, decision });
      else if (decision.action === "rewrite") rewrites.push({ facts: seen, decision });
      else return act(deps, seen, decision);
      return undefined;
    }),
  );
  const begun = [await startRewrites(deps, rewrites), await start(deps, starts)];
  return [...verdicts.flatMap((verdict) => verdict ?? []), ...begun.flat()];
}

async function guarded(key: ResourceKey, run: () => Promise<Verdict | undefined>): Promise<Verdict | undefined> {
  try {
    return await run();
  } catch (error) {
    return { key, action: "error", reason: error instanceof Error ? error.name : "Unknown", error };
  }
}
