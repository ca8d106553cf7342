import type { TxtRecord } from "../../../core/ports.ts";
import { tokensIn } from "../../../core/rate-limit.ts";
import type { AttemptRef } from "../../../core/rows.ts";
import { isDoubled, isOvertaken, mayLose, sealsLate } from "./excuses.ts";
import type { Scenario } from "./scenario.ts";
import { buckets, limit, startTokens, type World } from "./world.ts";

/** What nobody will come back for: records, keys, claims, attempts, rows that are due, tokens. */
export async function leftoversOf(world: World, scenario: Scenario): Promise<string[]> {
  const { p, created, faulty } = world;
  const rows = await Promise.all(scenario.expected.map(({ id }) => p.row(id)));
  const resting = new Set(rows.map((row) => row?.attempt?.id));
  const stuck = created.filter(({ name }) => name === scenario.stuck);
  for (const { attemptId } of stuck) resting.add(attemptId);
  const ended = created.filter(({ attemptId }) => !resting.has(attemptId));
  const open = [...(await p.state.attempts(ended)).values()].filter(({ outcome }) => !outcome);
  // An attempt that was released keeps its records.
  const items = await p.state.challenges(created.filter(({ attemptId }) => resting.has(attemptId)));
  const challenges = [...items.values()].flatMap((item) => item.challenges);
  const kept = new Set(challenges.flatMap((one) => (one.type === "dns-01" ? [one.recordName] : [])));
  const names = [...p.dns.names(), ...(await claimsLeft(world)).map((name) => `claim of ${name}`)];
  const unkept = names.filter((name) => !kept.has(name.replace("claim of ", "")));
  const found = await Promise.all([
    faulty.strikes.some(sealsLate) ? [] : keysLeft(world, ended),
    strangersSecrets(world),
    tokensLeft(world, scenario),
  ]);
  return [
    ...(faulty.strikes.some(isOvertaken) ? [] : unkept.map((name) => `left: ${name}`)),
    ...open.map(({ ref }) => `attempt ${ref.attemptId} has no outcome`),
    ...found.flat(),
  ];
}

async function keysLeft({ p }: World, ended: AttemptRef[]): Promise<string[]> {
  const keys = await Promise.all(ended.map(async (ref) => ({ ref, key: await p.state.sealedKey(ref) })));
  return keys.filter(({ key }) => key).map(({ ref }) => `left: sealed key of ${ref.attemptId}`);
}

/** Names of TXT values that somebody still claims. */
async function claimsLeft({ p, faulty }: World): Promise<string[]> {
  const claimed = faulty.calls.filter(({ method }) => method === "claimRecord").map(({ args }) => args[0] as TxtRecord);
  const records = new Map(claimed.map((record) => [`${record.name} ${record.value}`, record]));
  const nobody = { namespace: "", name: "", attemptId: "nobody" };
  const released = await Promise.all(
    [...records.values()].map(async (record) => ({ record, ...(await p.state.releaseRecord(record, nobody)) })),
  );
  return released.filter(({ last }) => !last).map(({ record }) => record.name);
}

async function strangersSecrets({ p }: World): Promise<string[]> {
  const wrong: string[] = [];
  for (const [name, { tags }] of p.stores.secretsManager.secrets) {
    const owner = /^certwright\/web\/(.*)-tls$/.exec(name)?.[1];
    const tagged = tags["certwright:owner"];
    if (owner && owner !== "renamed" && tagged !== `web/Certificate/${owner}`) wrong.push(`${name} is ${tagged}'s`);
  }
  return wrong;
}

/**
 * Tokens in flight come back, the CA's go only with a certificate. A count that State lost, or a dead Lambda, heals by
 * itself; a bucket that holds too many must not be, except after a repeat of the write that nobody can tell from another's.
 */
async function tokensLeft({ p, created, faulty }: World, { expected }: Scenario): Promise<string[]> {
  const rows = await p.state.buckets(Object.values(buckets));
  const attempts = [...(await p.state.attempts(created)).values()];
  const holding = (prefix: string) => attempts.filter(({ tokens }) => tokens?.some((key) => key.startsWith(prefix)));
  const spent = holding("domain#").filter(({ outcome }) => outcome?.result === "issued").length;
  const used = { inFlight: 0, domain: spent };
  const resting = holding("inFlight#").filter(({ outcome }) => outcome === undefined).length;
  const forgiven = faulty.strikes.filter(mayLose).length * expected.length;
  const doubled = faulty.strikes.filter(isDoubled).length * expected.length;
  return Object.entries(buckets).flatMap(([name, key]) => {
    const left = Math.round(tokensIn({ key, ...limit }, rows.get(key), p.time.now()));
    const due = startTokens - used[name as keyof typeof used] - resting;
    if (left > due + doubled) return [`${left - due} tokens ${name} too many`];
    return left < due - forgiven ? [`${due - left} tokens ${name} lost`] : [];
  });
}
