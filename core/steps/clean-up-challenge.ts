import { keyOf } from "../attempt-ref.ts";
import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { RefusedError, UnavailableError } from "../errors.ts";
import type { TxtRecord } from "../ports.ts";
import { idOf, parseId } from "../resource.ts";
import type { AttemptRef, AttemptRow, CertificateRow, IssuerRow, LeaseId } from "../rows.ts";
import { stepIn } from "../status.ts";
import { isUndecided } from "../undecided.ts";
import { endAttempt, returnTokens } from "./end.ts";
import { releaseAnswers } from "./http-answers.ts";
import { idleWork } from "./idle-work.ts";
import { keptUntil } from "./keep-chain.ts";
import { logFailure } from "./log-failure.ts";
import { bySolver, keyOfRecord, providerOf, recordsOfItem } from "./publish-challenge.ts";
import { recordFailure, release } from "./settle.ts";

export interface CleanUpInput {
  /** Every attempt of the execution, not only the live ones; or what the sweep found overdue. */
  attempts: AttemptRef[];
  issuer: string;
  /** Set by an execution. */
  leaseId?: LeaseId | undefined;
  /** The error name of a step whose whole Lambda failed. */
  failed?: string | undefined;
}

/** How long the sweep lets the leftovers of an attempt be that still goes on. */
const lookAgainMs = 6 * 3_600_000;

/**
 * Removes the TXT records and the sealed key of attempts that ended. An attempt that was released keeps its key, and its
 * records while somebody may look at them. After it, the Certificates that wait for a decision (superseded, edited after
 * Finalize) are handed to dispatch.
 */
export async function cleanUpChallenge(deps: Deps, input: CleanUpInput): Promise<{ cleaned: number; kept: number }> {
  const refs = input.attempts;
  const [attempts, certificates] = await Promise.all([
    deps.state.attempts(refs),
    deps.state.certificates(refs.map(keyOf)),
  ]);
  const issuerKey = parseId(input.issuer);
  const issuer = issuerKey && (await deps.state.issuer(issuerKey));
  const ended: AttemptRow[] = [];
  const idle: AttemptRow[] = [];
  const freed: string[] = [];
  await concurrently(10, [...attempts.values()], async (attempt) => {
    const row = certificates.get(idOf(keyOf(attempt.ref)));
    const { tokens, over } = await endOrGoOn(deps, input, { attempt, row, issuer });
    freed.push(...tokens);
    if (over) ended.push(attempt);
    else if (attempt.leaseId === input.leaseId && needsNoRecords(attempt)) idle.push(attempt);
  });
  await returnTokens(deps, issuer, freed);
  // Outside an execution somebody has seen that there is something, whatever the row says.
  const leftovers = ended.filter((attempt) => attempt.hasRecords || input.leaseId === undefined);
  const bare = await removeRecords(deps, issuer, [...leftovers, ...idle]);
  await concurrently(
    10,
    leftovers.filter((attempt) => bare.has(attempt)),
    async ({ ref }) => {
      await deps.state.deleteSealedKey(ref);
      await deps.state.recordsGone(ref);
    },
  );
  await decideAgain(deps, input, certificates);
  return { cleaned: leftovers.length, kept: attempts.size - ended.length };
}

interface Standing {
  attempt: AttemptRow;
  row: CertificateRow | undefined;
  issuer: IssuerRow | undefined;
}

/** Whether an attempt is over, and the keys of buckets whose token goes back now. */
async function endOrGoOn(
  deps: Deps,
  input: CleanUpInput,
  { attempt, row, issuer }: Standing,
): Promise<{ tokens: string[]; over: boolean }> {
  if (attempt.outcome) return { tokens: [], over: true };
  if (row?.attempt?.id === attempt.ref.attemptId) return goesOn(deps, input, attempt, issuer);
  const made = [row?.issued, row?.own?.signed].find((one) => one?.attemptId === attempt.ref.attemptId);
  const last = made ? { ...attempt, expiresAt: keptUntil(made.notAfter) } : attempt;
  return { tokens: (await endAttempt(deps, last, made ? issued : overtaken)) ?? [], over: true };
}

/** No longer the attempt its Certificate refers to. */
const overtaken = { result: "superseded", reason: "Superseded", message: "another attempt took its place" } as const;

/** Write secret wrote the status, and no more. */
const issued = { result: "issued", reason: "Issued", message: "stored in its Secret" } as const;

/**
 * Still going on. Under this lease after a Lambda died: give it back. Found by the sweep: look again later. Answers what
 * became of one that failed.
 */
async function goesOn(
  deps: Deps,
  input: CleanUpInput,
  attempt: AttemptRow,
  issuer: IssuerRow | undefined,
): Promise<{ tokens: string[]; over: boolean }> {
  const { leaseId, failed } = input;
  if (leaseId === undefined) {
    await deps.state.postponeRecords(attempt.ref, deps.clock.now().getTime() + lookAgainMs);
    return stillOn;
  }
  if (failed === undefined || attempt.leaseId !== leaseId) return stillOn;
  if (input.attempts.length > 1 || !issuer) {
    await comeBackAlone(deps, attempt, leaseId);
    return stillOn;
  }
  const error = failureOfFunction(`${deps.instance}-${stepIn(attempt)}`, failed);
  logFailure(deps, attempt.ref, stepIn(attempt), error);
  const work = idleWork(deps, attempt, { leaseId, issuer });
  const over = await recordFailure(work, error);
  return { tokens: work.freed, over };
}

const stillOn = { tokens: [], over: false };

/** A service that was away through all repeats is no bug, and neither is a missing right: functions/runtime.ts names it. */
function failureOfFunction(name: string, failed: string): Error {
  const refused = /^RefusedError\.(\w+)$/.exec(failed)?.[1];
  if (refused) {
    const fix = "its log names the missing right: give it to the function's role, or deploy again";
    return new RefusedError({ reason: refused, message: `the function ${name} was refused what it needs`, fix });
  }
  if (failed === "UnavailableError")
    return new UnavailableError({ reason: "Unavailable", message: "a service was away for all repeats of a step" });
  return Object.assign(new Error(`the function ${name} failed: ${failed}`), { name: failed });
}

/** Its neighbour may have killed the function: it comes back at once, as a batch of one. */
async function comeBackAlone(deps: Deps, attempt: AttemptRow, leaseId: LeaseId): Promise<void> {
  await release(deps, { ref: attempt.ref, leaseId }, deps.clock.now(), { alone: true });
}

/** Released before the CA was asked to look, or after it has seen enough: what resumes publishes what it still needs. */
function needsNoRecords({ step, stepEnded, answeredUnder }: AttemptRow): boolean {
  const early = step === "publish-challenge" && !stepEnded && answeredUnder === undefined;
  return early || step === "finalize-order" || step === "write-secret";
}

/** Answers the attempts that have none left. */
async function removeRecords(
  deps: Deps,
  issuer: IssuerRow | undefined,
  attempts: AttemptRow[],
): Promise<Set<AttemptRow>> {
  if (attempts.length === 0) return new Set();
  const items = await deps.state.challenges(attempts.map(({ ref }) => ref));
  await releaseAnswers(deps, attempts, items);
  const wanted = attempts.flatMap((attempt) => {
    const item = items.get(attempt.ref.attemptId);
    return item
      ? recordsOfItem(item).map(({ name, value, solver }) => ({ attempt, record: { name, value }, solver }))
      : [];
  });
  const free = await concurrently(20, wanted, async (one) => {
    const { last } = await deps.state.releaseRecord(one.record, one.attempt.ref);
    return last ? [one] : [];
  });
  const left = new Set<string>();
  for (const [solver, group] of bySolver(free.flat())) {
    const records = [...new Map(group.map(({ record }) => [keyOfRecord(record), record])).values()];
    for (const record of await remove(deps, issuer, solver, records)) left.add(keyOfRecord(record));
  }
  const holding = wanted.filter(({ record }) => left.has(keyOfRecord(record))).map(({ attempt }) => attempt);
  return new Set(attempts.filter((attempt) => !holding.includes(attempt)));
}

/** Answers the records that are still there: the sweep comes back for them. */
async function remove(
  deps: Deps,
  issuer: IssuerRow | undefined,
  solver: number,
  records: TxtRecord[],
): Promise<TxtRecord[]> {
  try {
    if (!issuer) throw new Error("the issuer is gone: its solver cannot remove the records");
    const results = await (await providerOf({ deps, issuer }, solver)).cleanUp(records);
    const failed = results.flatMap((result) => ("error" in result ? [result] : []));
    for (const { record, error } of failed)
      deps.log({ step: "clean-up-challenge", outcome: "failed", record: record.name, message: error.message });
    return failed.map(({ record }) => record);
  } catch (error) {
    deps.log({
      step: "clean-up-challenge",
      outcome: "failed",
      solver,
      message: error instanceof Error ? error.message : String(error),
    });
    return records;
  }
}

/**
 * Superseded ones, and those whose request changed while an execution held the lease: dispatch has left them to us. The
 * requests are read after the rows, so an edit is seen here, or by a dispatch that finds no lease.
 */
async function decideAgain(deps: Deps, input: CleanUpInput, certificates: Map<string, CertificateRow>): Promise<void> {
  if (input.leaseId === undefined) return;
  const free = [...certificates.values()].filter(({ attempt }) => attempt?.leaseId === undefined);
  const requests = await deps.requests.getMany(free.map(({ key }) => key));
  const now = deps.clock.now().getTime();
  const open = free.filter((row) => {
    const due = row.dueAt !== undefined && row.dueAt <= now && row.attempt?.alone === undefined;
    return row.deletedAt === undefined && (due || isUndecided(requests.get(idOf(row.key)), row));
  });
  if (open.length > 0) await deps.starter.dispatch(open.map(({ key }) => key));
}
