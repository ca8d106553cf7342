import type { Candidate } from "../admission.ts";
import { issuerKeyOf } from "../asked-for.ts";
import type { CertificateSpec } from "../certificate.ts";
import { orderIdentifiers } from "../certificate-names.ts";
import { concurrently } from "../concurrently.ts";
import type { Decision } from "../decide.ts";
import type { Deps } from "../deps.ts";
import type { Facts } from "../facts.ts";
import { signsAtOnce } from "../issuer.ts";
import { giveBack, takeTokens } from "../ledger.ts";
import { bucketsOfKeys, inFlightBucket, limitsOfIssuer, type RateLimits } from "../limits.ts";
import { type Counting, needsOf } from "../needs.ts";
import { accepted } from "../own-csr/request-row.ts";
import { tellRequest } from "../own-csr/tell-request.ts";
import { rehearsesAt } from "../rehearsal.ts";
import { idOf, type Resource } from "../resource.ts";
import type { AttemptRef, IssuerRow, LeaseId } from "../rows.ts";
import { rfc3339 } from "../status.ts";
import { atGeneration, waiting } from "../transitions.ts";
import type { Verdict } from "./dispatch.ts";
import { notStarted } from "./not-started.ts";
import { takeWork } from "./take.ts";

export interface Start {
  facts: Facts;
  decision: Extract<Decision, { action: "issue" }>;
}

/** A start with all that was looked up for it. */
export interface Ready extends Start {
  certificate: Resource<CertificateSpec>;
  /** Of this attempt: the Certificate's own, or its staging issuer. */
  issuer: IssuerRow;
  rehearsal: boolean;
  candidate: Candidate;
  /** Keys of the buckets whose token goes back when the attempt ends. */
  tokens: string[];
}

const concurrency = 10;

/** Takes tokens and leases for what is to be issued, and starts one execution for each batch. */
export async function start(deps: Deps, starts: Start[]): Promise<Verdict[]> {
  const byIssuer = new Map<string, Ready[]>();
  for (const ready of starts.flatMap((one) => prepared(one) ?? [])) {
    const id = idOf(ready.issuer.key);
    byIssuer.set(id, [...(byIssuer.get(id) ?? []), ready]);
  }
  const groups = [...byIssuer.values()].map((group) =>
    startGroup(deps, group).catch((error: unknown) => failed(group, error)),
  );
  return (await Promise.all(groups)).flat();
}

async function startGroup(deps: Deps, group: Ready[]): Promise<Verdict[]> {
  const issuer = group[0]?.issuer;
  if (!issuer) return [];
  const limits = limitsOfIssuer(issuer);
  const byId = new Map(group.map((ready) => [ready.candidate.id, ready]));
  const candidates = group.map((ready) => ready.candidate);
  const { batches, later } = await takeTokens(
    deps.state,
    candidates,
    { id: idOf(issuer.key), limits },
    deps.clock.now(),
  );
  const waits = await concurrently(concurrency, [...later], async ([id, when]) => {
    const ready = byId.get(id);
    return ready ? wait(deps, ready, when) : undefined;
  });
  const started = await concurrently(4, batches, (batch) => {
    const members = batch.flatMap(({ id }) => byId.get(id) ?? []);
    return startBatch(deps, issuer, limits, members).catch((error: unknown) => failed(members, error));
  });
  return [...waits.flatMap((verdict) => verdict ?? []), ...started.flat()];
}

async function startBatch(deps: Deps, issuer: IssuerRow, limits: RateLimits, batch: Ready[]): Promise<Verdict[]> {
  const leaseId = deps.chance.uuid();
  const taken = await concurrently(concurrency, batch, (ready) => tryToTake(deps, ready, leaseId));
  // One that failed may have its lease all the same: its tokens stay with it.
  const lost = taken.filter(({ ref, error, ready }) => !ref && error === undefined && !ready.candidate.resumed);
  await giveBack(
    deps.state,
    bucketsOfKeys(
      lost.flatMap(({ ready }) => ready.tokens),
      limits,
    ),
    deps.clock.now(),
  );
  const won = taken.filter((one): one is Taken & { ref: AttemptRef } => one.ref !== undefined);
  if (won.length > 0) {
    const attempts = won.map(({ ref }) => ref);
    await deps.starter
      .startIssuance({ leaseId, issuer: idOf(issuer.key), attempts, route: signsAtOnce(issuer) ? "sign" : "order" })
      .catch((error: unknown) => notStarted(deps, issuer, { leaseId, attempts }, error));
  }
  const errors = taken.flatMap(({ ready, error }) => (error === undefined ? [] : failed([ready], error)));
  const issued = won.map(({ ready }) => ({ key: ready.facts.key, action: "issue", reason: ready.decision.reason }));
  return [...issued, ...errors];
}

/** Neither a lease nor an error: somebody else was faster. */
interface Taken {
  ready: Ready;
  ref?: AttemptRef | undefined;
  error?: unknown;
}

async function tryToTake(deps: Deps, ready: Ready, leaseId: LeaseId): Promise<Taken> {
  try {
    return { ready, ref: await takeWork(deps, ready, leaseId) };
  } catch (error) {
    return { ready, error };
  }
}

/** The start of some failed: their neighbours go on, their leases lapse, and the caller may deliver the hints again. */
function failed(members: Ready[], error: unknown): Verdict[] {
  const reason = error instanceof Error ? error.name : "Unknown";
  return members.map(({ facts }) => ({ key: facts.key, action: "error", reason, error }));
}

/** No token: an instant to come back, shown in the status. */
async function wait(deps: Deps, ready: Ready, when: { at: Date; bucket: string }): Promise<Verdict | undefined> {
  const { key, row, now } = ready.facts;
  const base = {
    ...accepted(atGeneration(key, row, ready.certificate.specHash, now), ready.certificate, now),
    issuer: idOf(issuerKeyOf(ready.certificate)),
  };
  const [limit] = when.bucket.split("#");
  const message = `the limit "${limit}" of ${idOf(ready.issuer.key)} has no token before ${rfc3339(when.at)}`;
  const next = waiting(base, { reason: "RateLimited", message, until: when.at }, now);
  const saved = await deps.state.putCertificate(next);
  if (saved === "saved") await tellRequest(deps, row, next);
  return saved === "saved" ? { key, action: "wait", reason: "RateLimited" } : undefined;
}

function prepared(start: Start): Ready | undefined {
  const { facts, decision } = start;
  if (!facts.request?.ok || !facts.issuer) return undefined;
  const certificate = facts.request.resource;
  const staging = rehearsesAt(facts);
  const issuer = staging ?? facts.issuer;
  const names = orderIdentifiers(certificate.spec);
  const limits = limitsOfIssuer(issuer);
  const needs = needsOf(issuer, limits, names, countingOf(facts, certificate, issuer));
  const { privateKey } = certificate.spec;
  return {
    ...start,
    certificate,
    issuer,
    rehearsal: staging !== undefined,
    tokens: [...needs.domains, ...needs.sets, ...inFlightBucket(idOf(issuer.key), limits)].map((bucket) => bucket.key),
    candidate: {
      id: idOf(facts.key),
      lane: decision.lane,
      endsAt: facts.row?.issued?.notAfter,
      names: names.length,
      rsaBits: privateKey.algorithm === "RSA" ? privateKey.size : undefined,
      needs,
      resumed: decision.resume,
      alone: decision.alone,
    },
  };
}

/** How the CA will count this order. */
function countingOf({ row, asked }: Facts, certificate: Resource<CertificateSpec>, issuer: IssuerRow): Counting {
  const sameIssuer = (asked?.issuer ?? row?.issuer) === idOf(issuerKeyOf(certificate));
  if (!row?.issued || !sameIssuer) return "new";
  const before = orderIdentifiers(asked ?? certificate.spec);
  const shared = before.some((name) => orderIdentifiers(certificate.spec).includes(name));
  if (shared && issuer.acme?.directory.renewalInfo !== undefined) return "replaces";
  return [...before].sort().join() === [...orderIdentifiers(certificate.spec)].sort().join() ? "renewal" : "new";
}
