import { createPrivateKey, X509Certificate } from "node:crypto";
import { tokensIn } from "../../core/rate-limit.ts";
import type { AttemptRow } from "../../core/rows.ts";
import type { Fault } from "./explore-faults.ts";
import type { Call } from "./explore-invocations.ts";
import type { Expected, Scenario } from "./explore-scenarios.ts";
import { buckets, nextDue, startTokens, type World } from "./explore-world.ts";

/** Looks at every secret that is written, as it is written. */
export function watch(world: World): void {
  const { p, faulty, wrong } = world;
  faulty.onEffect(async (call) => {
    if (call.method !== "write") return;
    const { name, token } = call.args[0] as { name: string; token: string };
    const stored = p.stores.secretsManager.secrets.get(name);
    const current = stored?.versions.at(-1);
    if (!current) return void wrong.push(`${name} is empty after a write`);
    const value = JSON.parse(current.value) as Record<string, string>;
    const leaf = new X509Certificate(value["tls.crt"] ?? "");
    if (!leaf.checkPrivateKey(createPrivateKey(value["tls.key"] ?? ""))) wrong.push(`${name}: key and chain differ`);
    const [mine, before] = await Promise.all([
      attemptOf(world, current.id),
      attemptOf(world, stored?.versions.at(-2)?.id),
    ]);
    if (before && mine && (before.generation > mine.generation || before.startedAt > mine.startedAt))
      wrong.push(`${name}: the older ${mine.ref.attemptId} came over ${before.ref.attemptId} (write of ${token})`);
  });
}

async function attemptOf({ p, created }: World, id: string | undefined): Promise<AttemptRow | undefined> {
  const ref = created.find(({ attemptId }) => attemptId === id);
  return ref && (await p.state.attempts([ref])).get(ref.attemptId);
}

/** All that is not as it must be when time has passed. */
export async function faultsOf(world: World, scenario: Scenario, fault: Fault | undefined): Promise<string[]> {
  const struck = fault && world.faulty.calls[fault.at - 1];
  const each = await Promise.all(scenario.expected.map((one) => ended(world, scenario, one, fault, struck)));
  const all = await Promise.all([leftovers(world), secretsLeft(world, scenario), due(world), tokens(world, scenario)]);
  return [...world.wrong, ...each.flat(), ...all.flat(), ...effort(world, scenario)];
}

async function ended(
  world: World,
  scenario: Scenario,
  expected: Expected,
  fault: Fault | undefined,
  struck: Call | undefined,
): Promise<string[]> {
  const { p } = world;
  const { id, ends, names, revision } = expected;
  const row = await p.row(id);
  const wrong: string[] = [];
  const say = (what: string) => wrong.push(`${id}: ${what}`);
  if (ends === "gone") {
    if (row && row.deletedAt === undefined) say("is not forgotten");
  } else {
    const status = ends === "ready" ? "True" : "False";
    if (row?.ready.status !== status) say(`Ready is ${row?.ready.status} ${row?.ready.reason} ${row?.ready.message}`);
    if (ends === "ready" && (row?.issuing || row?.attempt))
      say(`still issuing: ${JSON.stringify(row.issuing)} ${JSON.stringify(row.attempt)}`);
    const revisions = row?.revision ?? 0;
    if (scenario.loose ? revisions > revision : revisions !== revision) say(`revision ${revisions}, not ${revision}`);
    wrong.push(...(await secretOf(world, expected)));
  }
  const orders = [...p.ca.orders.values()].filter((order) => ordered(expected, order.names)).length;
  const more = fault && struck && mayOrderAgain(fault, struck) ? 1 : 0;
  if (orders > expected.orders + more) say(`${orders} orders`);
  const told = new Set(
    p.facts
      .filter(({ type, detail }) => type === "Certificate Issued" && `${detail.namespace}/${detail.name}` === id)
      .map(({ detail }) => detail.revision),
  );
  for (let one = 1; one <= (row?.revision ?? 0); one += 1)
    if (!told.has(one)) say(`nobody was told of revision ${one}`);
  if (names.length === 0 && p.stores.secretsManager.secrets.has(secretNameOf(id)) && ends !== "gone")
    say("has a secret");
  return wrong;
}

function ordered({ id, names }: Expected, order: string[]): boolean {
  const name = id.split("/")[1] ?? "";
  return order.some((one) => names.includes(one) || one === `${name}.example.test`);
}

/** Its answer was lost, or whoever asked died before he wrote it down. */
function mayOrderAgain({ kind }: Fault, struck: Call): boolean {
  const there = ["createOrder", "putAttempt"].includes(struck.method) && struck.by === "CreateOrder";
  return there && kind !== "twice";
}

async function secretOf({ p }: World, { id, ends, names }: Expected): Promise<string[]> {
  if (ends !== "ready") return [];
  const stored = p.stores.secretsManager.secrets.get(secretNameOf(id))?.versions.at(-1);
  const value = JSON.parse(stored?.value ?? "{}") as Record<string, string>;
  if (!value["tls.crt"]) return [`${id}: no secret`];
  const leaf = new X509Certificate(value["tls.crt"]);
  const held = (leaf.subjectAltName ?? "").split(", ").map((name) => name.replace("DNS:", ""));
  const { issued } = (await p.row(id)) ?? {};
  return [
    ...(held.sort().join() === [...names].sort().join() ? [] : [`${id}: the secret is for ${held}`]),
    ...(issued?.versionId === stored?.id ? [] : [`${id}: State says version ${issued?.versionId}, not ${stored?.id}`]),
    ...(issued?.fingerprint === leaf.fingerprint256.replaceAll(":", "").toLowerCase()
      ? []
      : [`${id}: another fingerprint`]),
  ];
}

function secretNameOf(id: string): string {
  return `certwright/${id}-tls`;
}

/** Records, keys, claims and attempts that nobody will come back for. */
async function leftovers({ p, created, faulty }: World): Promise<string[]> {
  const attempts = await p.state.attempts(created);
  const open = [...attempts.values()].filter(({ outcome }) => !outcome);
  const holding = new Set<string | undefined>();
  for (const ref of created) holding.add((await p.row(`${ref.namespace}/${ref.name}`))?.attempt?.id);
  const keys = await Promise.all(created.map(async (ref) => ((await p.state.sealedKey(ref)) ? [ref.attemptId] : [])));
  const claimed = new Map(
    faulty.calls.flatMap(({ method, args }) =>
      method === "claimRecord" ? [[JSON.stringify(args[0]), args[0] as { name: string; value: string }]] : [],
    ),
  );
  const claims = await Promise.all(
    [...claimed.values()].map(async (record) =>
      (await p.state.releaseRecord(record, { namespace: "", name: "", attemptId: "nobody" })).last ? [] : [record.name],
    ),
  );
  const resting = (id: string) => holding.has(id);
  return [
    ...p.dns.names().map((name) => `TXT left at ${name}`),
    ...keys.flat().flatMap((id) => (resting(id) ? [] : [`sealed key of ${id} left`])),
    ...claims.flat().map((name) => `a claim of ${name} left`),
    ...open.flatMap(({ ref }) => (resting(ref.attemptId) ? [] : [`attempt ${ref.attemptId} has no outcome`])),
  ];
}

/** Whose secrets there are, and who claims which. */
async function secretsLeft({ p }: World, { expected }: Scenario): Promise<string[]> {
  const wrong: string[] = [];
  for (const [name, { tags }] of p.stores.secretsManager.secrets) {
    const id = name.replace(/^certwright\/(.*)-tls$/, "$1");
    if (id === name) continue;
    const owner = id.replace("/", "/Certificate/");
    if (tags["certwright:owner"] !== owner) wrong.push(`${name} is ${tags["certwright:owner"]}'s`);
  }
  for (const { id, ends } of expected) {
    const [namespace = "", name = ""] = id.split("/");
    const claim = await p.state.secretClaim(namespace, `${name}-tls`);
    if (ends === "gone" && claim && claim.releasedAt === undefined)
      wrong.push(`the claim on ${name}-tls is not released`);
  }
  return wrong;
}

async function due({ p }: World): Promise<string[]> {
  const at = await nextDue(p);
  const now = p.time.now().getTime();
  return at !== undefined && at < now - 120_000 ? [`due since ${new Date(at).toISOString()}`] : [];
}

/** Tokens in flight come back; the CA's go only with a certificate. */
async function tokens({ p }: World, { expected }: Scenario): Promise<string[]> {
  const rows = await p.state.buckets(Object.values(buckets));
  const left = (key: string) =>
    Math.round(tokensIn({ key, capacity: 20, refillSeconds: 1_000_000_000 }, rows.get(key), p.time.now()));
  const inFlight = left(buckets.inFlight);
  const resting = expected.filter(({ ends }) => ends === "refused").length;
  const wrong: string[] = [];
  if (inFlight > startTokens) wrong.push(`${inFlight - startTokens} tokens in flight too many`);
  if (inFlight < startTokens - resting) wrong.push(`${startTokens - inFlight} tokens in flight lost`);
  return wrong;
}

/** Nothing loops. */
function effort({ p, faulty }: World, { expected }: Scenario): string[] {
  const resting = expected.filter(({ ends }) => ends === "refused").length;
  const executions = p.executions.length;
  const most = 4 + 2 * expected.length + 12 * resting;
  const dispatches = (faulty.invoked.get("stream") ?? 0) + (faulty.invoked.get("dispatch") ?? 0);
  return [
    ...(executions > most ? [`${executions} executions`] : []),
    ...(dispatches > 12 + 4 * expected.length ? [`${dispatches} times dispatched`] : []),
    ...p.executions.flatMap(({ status, entered }) =>
      status === "RUNNING" ? [`runs for ever: ${entered.at(-1)}`] : [],
    ),
  ];
}
