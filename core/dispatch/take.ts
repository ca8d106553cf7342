import { issuerKeyOf } from "../asked-for.ts";
import { refOf } from "../attempt-ref.ts";
import type { Deps } from "../deps.ts";
import { signsAtOnce } from "../issuer.ts";
import { accepted } from "../own-csr/request-row.ts";
import { tellRequest } from "../own-csr/tell-request.ts";
import { idOf, resourceOf } from "../resource.ts";
import { type AttemptRef, type AttemptRow, type CertificateRow, type LeaseId, rowSchema } from "../rows.ts";
import type { Condition } from "../status.ts";
import { leftoversFrom } from "../steps/leftovers.ts";
import { atGeneration, issuing, ready, readyMeanwhile, withOptions } from "../transitions.ts";
import { abandon } from "./abandon.ts";
import type { Ready } from "./start.ts";

/** How long a lease lasts before Prepare makes it longer: the time a lost StartExecution costs. */
const firstLeaseSeconds = 60;

/** Reasons under which a working certificate stays Ready while it is replaced. */
const stillReady = ["Renewing", "ManuallyTriggered", "CARotated"];

/**
 * The one conditional update that makes an execution the only writer. Undefined: somebody else was faster.
 * The certificate row goes first; a death before the attempt row is recovered by the lease.
 */
export async function takeWork(deps: Deps, work: Ready, leaseId: LeaseId): Promise<AttemptRef | undefined> {
  const { key } = work.facts;
  const resumedId = work.decision.resume ? work.facts.row?.attempt?.id : undefined;
  const kept = resumedId && (await resumable(deps, refOf(key, resumedId), work));
  const ref = refOf(key, kept ? resumedId : deps.chance.uuid());
  const row = leased(deps, work, ref, leaseId);
  if ((await deps.state.putCertificate(row)) === "conflict") return undefined;
  await tellRequest(deps, work.facts.row, row);
  if (kept) return (await deps.state.leaseAttempt(ref, leaseId)) === "saved" ? ref : undefined;
  if (work.facts.row?.attempt) await abandon(deps, work.facts.row, "the request changed");
  // What resumes has taken no tokens; those of the attempt it cannot go on with went back when that ended.
  const tokens = work.decision.resume ? [] : work.tokens;
  await deps.state.createAttempt({ ...newAttempt(work, ref, leaseId, row), tokens });
  return ref;
}

/** A rehearsal goes on as one, or not at all; so does an order, and what is signed at once. */
async function resumable(deps: Deps, ref: AttemptRef, { rehearsal, issuer }: Ready): Promise<boolean> {
  const attempt = (await deps.state.attempts([ref])).get(ref.attemptId);
  if (attempt === undefined || attempt.outcome !== undefined) return false;
  const isOfThisWay = (attempt.rehearsal ?? false) === rehearsal && (attempt.signs ?? false) === signsAtOnce(issuer);
  return attempt.schema <= rowSchema && isOfThisWay;
}

function leased(deps: Deps, work: Ready, ref: AttemptRef, leaseId: LeaseId): CertificateRow {
  const { facts, decision, certificate } = work;
  const { now } = facts;
  // Who is renewed needs no advice about it; and the row stays small.
  const {
    waitsForIssuer: _waits,
    ari: _ari,
    ...base
  } = withOptions(
    accepted(atGeneration(facts.key, facts.row, certificate.specHash, now), certificate, now),
    certificate,
  );
  const { renewRequestedAt } = certificate.spec.options;
  return {
    ...base,
    issuer: idOf(issuerKeyOf(certificate)),
    ready: readyWhile(base, decision, now),
    issuing: issuing(base, "True", decision.reason, messageOf(work), now),
    ...(renewRequestedAt === undefined ? {} : { renewRequestedAt }),
    attempt: { id: ref.attemptId, leaseId, executionArn: deps.starter.executionArn(leaseId) },
    dueAt: now.getTime() + firstLeaseSeconds * 1_000,
    lane: decision.lane,
  };
}

function messageOf({ decision, rehearsal, issuer }: Ready): string {
  const where = `the validation is tried at ${resourceOf(issuer.key)} first`;
  return rehearsal ? `${where}, because the last one was refused: ${decision.message}` : decision.message;
}

function readyWhile(base: CertificateRow, decision: Ready["decision"], now: Date): Condition {
  if (decision.resume) return base.ready;
  if (stillReady.includes(decision.reason)) return readyMeanwhile(base, decision.reason, decision.message, now);
  return ready(base, "False", decision.reason, decision.message, now);
}

const attemptDays = 30;

function newAttempt(work: Ready, ref: AttemptRef, leaseId: LeaseId, row: CertificateRow): AttemptRow {
  const at = work.facts.now.getTime();
  return {
    ref,
    schema: rowSchema,
    leaseId,
    generation: row.generation,
    specHash: row.specHash,
    issuer: idOf(work.issuer.key),
    lane: work.decision.lane,
    reason: work.decision.reason,
    startedAt: at,
    step: "prepare",
    ...(work.rehearsal ? { rehearsal: true } : { revision: (row.revision ?? 0) + 1 }),
    ...(signsAtOnce(work.issuer) ? { signs: true as const } : {}),
    // Said now, Prepare need not write it before it seals a key.
    ...leftoversFrom(at),
    expiresAt: Math.floor(at / 1_000) + attemptDays * 86_400,
  };
}
