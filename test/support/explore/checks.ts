import { createPrivateKey, X509Certificate } from "node:crypto";
import type { AttemptRow, CertificateRow } from "../../../core/rows.ts";
import { effortOf } from "./effort.ts";
import { mayOrderAgain } from "./excuses.ts";
import { leftoversOf } from "./leftovers.ts";
import type { Expected, Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

/** Looks at every secret as it is written, and at when each Certificate had all its revisions. */
export function watch(world: World): void {
  const { p, faulty, readyAt } = world;
  faulty.watch(async ({ method, args }) => {
    if (method === "write") await lookAtSecret(world, (args[0] as { name: string }).name);
    if (method !== "putCertificate") return;
    const { key, revision } = args[0] as CertificateRow;
    const at = `${key.namespace}/${key.name} ${revision}`;
    if (revision !== undefined && !readyAt.has(at)) readyAt.set(at, p.time.now().getTime());
    world.writtenAt.set(`${key.namespace}/${key.name}`, p.time.now().getTime());
  });
}

async function lookAtSecret(world: World, name: string): Promise<void> {
  const stored = world.p.stores.secretsManager.secrets.get(name);
  const [former, current] = [stored?.versions.at(-2), stored?.versions.at(-1)];
  const value = JSON.parse(current?.value ?? "{}") as Record<string, string>;
  const leaf = new X509Certificate(value["tls.crt"] ?? "");
  if (!leaf.checkPrivateKey(createPrivateKey(value["tls.key"] ?? "")))
    world.wrong.push(`${name}: key and chain differ`);
  const [mine, before] = await Promise.all([attemptOf(world, current?.id), attemptOf(world, former?.id)]);
  if (before && mine && (before.generation > mine.generation || before.startedAt > mine.startedAt))
    world.wrong.push(`${name}: the older ${mine.ref.attemptId} came over ${before.ref.attemptId}`);
}

async function attemptOf({ p, created }: World, id: string | undefined): Promise<AttemptRow | undefined> {
  const ref = created.find(({ attemptId }) => attemptId === id);
  return ref && (await p.state.attempts([ref])).get(ref.attemptId);
}

/** All that is not as it must be when time has passed. */
export async function wrongWith(world: World, scenario: Scenario): Promise<string[]> {
  const each = scenario.expected.map(async (expected) => {
    const found = await Promise.all([
      statusOf(world, scenario, expected),
      secretOf(world, expected),
      ordersOf(world, expected),
      toldOf(world, scenario, expected),
    ]);
    return found.flat().map((what) => `${expected.id}: ${what}`);
  });
  const all = [...each, leftoversOf(world, scenario), effortOf(world, scenario)];
  return [...world.wrong, ...(await Promise.all(all)).flat()];
}

async function statusOf({ p }: World, scenario: Scenario, expected: Expected): Promise<string[]> {
  const row = await p.row(expected.id);
  if (expected.ends === "gone") return row && row.deletedAt === undefined ? ["is not forgotten"] : [];
  const wrong: string[] = [];
  const wanted = expected.ends === "ready" ? "True" : "False";
  const { ready, issuing, attempt, failedIssuanceAttempts, revision = 0 } = row ?? {};
  if (ready?.status !== wanted) wrong.push(`Ready is ${ready?.status} ${ready?.reason}: ${ready?.message}`);
  if (expected.ends === "ready" && (issuing || attempt || failedIssuanceAttempts))
    wrong.push(`is not at rest: ${JSON.stringify({ issuing, attempt, failedIssuanceAttempts })}`);
  const stored = p.stores.secretsManager.secrets.has(`certwright/${expected.id}-tls`);
  if (expected.ends === "refused" && revision === 0 && stored) wrong.push("has a secret");
  const many = scenario.loose ? revision > expected.revision : revision !== expected.revision;
  return many ? [...wrong, `revision ${revision}, not ${expected.revision}`] : wrong;
}

/** The secret holds what State says, and what the spec asks for. */
async function secretOf({ p, created }: World, { id, ends, names, secret: name }: Expected): Promise<string[]> {
  const [namespace] = id.split("/");
  const secret = p.stores.secretsManager.secrets.get(`certwright/${name ? `${namespace}/${name}` : `${id}-tls`}`);
  if (ends !== "ready") return [];
  const stored = secret?.versions.at(-1);
  if (!stored) return ["has no secret"];
  const leaf = new X509Certificate((JSON.parse(stored.value) as Record<string, string>)["tls.crt"] ?? "");
  const held = (leaf.subjectAltName ?? "").split(", ").map((name) => name.replace("DNS:", ""));
  const { issued } = (await p.row(id)) ?? {};
  const wrong: string[] = [];
  if (held.sort().join() !== [...names].sort().join()) wrong.push(`the secret is for ${held}`);
  if (issued?.versionId !== stored.id) wrong.push(`State says version ${issued?.versionId}, not ${stored.id}`);
  if (issued?.fingerprint !== leaf.fingerprint256.replaceAll(":", "").toLowerCase()) wrong.push("another fingerprint");
  const ref = created.find(({ attemptId }) => attemptId === issued?.attemptId);
  const outcome = ref && (await p.state.attempts([ref])).get(ref.attemptId)?.outcome;
  if (outcome?.result !== "issued") wrong.push(`its attempt ended as ${outcome?.result}: ${outcome?.message}`);
  return wrong;
}

/** Two orders for one only when its answer was lost, or whoever asked died before he wrote it down. */
async function ordersOf({ p, faulty }: World, { id, names, orders }: Expected): Promise<string[]> {
  const own = [`${id.split("/")[1]}.example.test`, ...names];
  const made = [...p.ca.orders.values()].filter((order) => order.names.some((name) => own.includes(name))).length;
  const { strikes } = faulty;
  const again = strikes.filter(mayOrderAgain).length;
  // Two bugs end an attempt.
  const bugs = strikes.filter(({ fault }) => /^(bug|kill|zombie|twin)/.test(fault.kind)).length;
  return made > orders + again + (bugs > 1 ? 1 : 0) ? [`${made} orders`] : [];
}

/** Of every revision, at least once; and of no failure where nothing has failed. */
async function toldOf({ p, faulty }: World, { inject }: Scenario, { id, ends }: Expected): Promise<string[]> {
  const facts = p.facts.filter(({ detail }) => `${detail.namespace}/${detail.name}` === id);
  const failure = facts.find(({ type }) => type === "Certificate Issuance Failed");
  const unharmed = inject !== undefined && faulty.strikes.every(({ fault }) => fault.kind === "inject");
  if (unharmed && ends === "ready" && failure)
    return [`has failed: ${failure.detail.reason} ${failure.detail.message}`];
  const told = new Set(facts.filter(({ type }) => type === "Certificate Issued").map(({ detail }) => detail.revision));
  const revisions = Array.from({ length: (await p.row(id))?.revision ?? 0 }, (_, index) => index + 1);
  return revisions.filter((one) => !told.has(one)).map((one) => `nobody was told of revision ${one}`);
}
