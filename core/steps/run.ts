import type { AcmeIssuer } from "../acme-port.ts";
import { concurrently, together } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { classOf, RefusedError } from "../errors.ts";
import type { Outcome } from "../outcome.ts";
import { parseId } from "../resource.ts";
import { type AttemptRef, type AttemptRow, type IssuerRow, type LeaseId, rowSchema } from "../rows.ts";
import { type Step, stepIn } from "../status.ts";
import { batchReads } from "./batch-reads.ts";
import { returnTokens } from "./end.ts";
import { splitByIssuer } from "./fits-issuer.ts";
import { logFailure } from "./log-failure.ts";
import { recordFailure, release, supersede } from "./settle.ts";
import { type Verdicts, waitOrRelease } from "./waiting.ts";
import { type AcmeSession, LeaseLost, newWork, Superseded, type Work } from "./work.ts";

/** What a step's Lambda is called with: ids only. */
export interface StepInput {
  leaseId: LeaseId;
  issuer: string;
  /** The attempts that are still going on in this execution. */
  live: AttemptRef[];
  /** Those of them that this step still waits for; empty on the first round. */
  waiting: AttemptRef[];
  /** Rounds of waiting so far, and since when (epoch ms). */
  round: number;
  since: number | null;
  /** Step Functions' count of repeats of this task. */
  retryCount: number;
  /** When the task was entered, by Step Functions' clock (RFC 3339). */
  entered?: string;
}

/** What it answers: policy is here, the state machine only routes. */
export interface StepResult {
  live: AttemptRef[];
  waiting: AttemptRef[];
  /** RFC 3339; null when nothing waits. Where nothing does: before it the next step has nothing to see. */
  waitUntil: string | null;
  round: number;
  since: number | null;
}

export type StepFunction = (work: Work) => Promise<Outcome>;
/** Answers an outcome, or an error of its own, for each attempt id. */
export type BatchFunction = (works: Work[]) => Promise<Map<string, Outcome | Error>>;

/** How often a task is repeated by Step Functions before its failures are recorded. */
const retries = 2;

/** Runs a step for each attempt with bounded concurrency. */
export function runStep(
  deps: Deps,
  step: Step,
  input: StepInput,
  run: StepFunction,
  concurrency = 10,
): Promise<StepResult> {
  return runBatchStep(deps, step, input, async (works) => {
    const outcomes = await concurrently(concurrency, works, (work) => run(work).catch(asError));
    return new Map(works.map((work, index) => [work.ref.attemptId, outcomes[index] ?? new Error("no outcome")]));
  });
}

/** Runs a step for the whole batch: load what this lease owns, run, record an outcome per attempt. */
export async function runBatchStep(deps: Deps, step: Step, input: StepInput, run: BatchFunction): Promise<StepResult> {
  const asked = input.waiting.length > 0 ? input.waiting : input.live;
  const works = await load(deps, step, input, asked);
  const results = await runAll(works, step, run);
  retryWhole(input, works, results);
  const verdicts: Verdicts = { on: [], waits: [] };
  await concurrently(10, works, async (work) => {
    const result = results.get(work.ref.attemptId) ?? new Error(`step ${step} gave no outcome`);
    const verdict = await record(work, step, result).catch((error) => lostOrThrow(work, error));
    if (!verdict) return;
    if ("done" in verdict) verdicts.on.push({ work, nextAt: verdict.nextAt });
    else verdicts.waits.push({ work, until: verdict.waitUntil });
  });
  await returnTokens(
    deps,
    works[0]?.issuer,
    works.flatMap(({ freed }) => freed),
  );
  const askedIds = new Set(asked.map((ref) => ref.attemptId));
  const untouched = input.live.filter((ref) => !askedIds.has(ref.attemptId));
  return waitOrRelease(deps, input, untouched, verdicts);
}

async function load(deps: Deps, step: Step, input: StepInput, asked: AttemptRef[]): Promise<Work[]> {
  if (asked.length === 0) return [];
  const [rows, issuer] = await together([deps.state.attempts(asked), issuerRow(deps, input.issuer)]);
  const mine = [...rows.values()].filter((row) => row.leaseId === input.leaseId && row.outcome === undefined);
  const unknown = mine.filter((row) => row.schema > rowSchema);
  const soon = new Date(deps.clock.now().getTime() + 60_000);
  await concurrently(10, unknown, (row) => release(deps, { ref: row.ref, leaseId: input.leaseId }, soon));
  const known = mine.filter((row) => row.schema <= rowSchema);
  const acme = acmeSession(deps, issuer, known);
  const reads = batchReads(
    deps,
    known.map(({ ref }) => ref),
  );
  const { leaseId, round, retryCount } = input;
  const place = { leaseId, round, alone: input.live.length <= 1, repeated: retryCount > 0 };
  const shared = { ...place, issuer: issuer ?? missingIssuer, acme, reads };
  return known.map((row) => newWork(deps, step, row, shared));
}

async function runAll(works: Work[], step: Step, run: BatchFunction): Promise<Map<string, Outcome | Error>> {
  if (works[0]?.issuer === missingIssuer) {
    const fault = {
      reason: "IssuerNotFound",
      message: `issuer ${works[0].row.issuer} is gone`,
      fix: "create it again",
    };
    return new Map(works.map((work) => [work.ref.attemptId, new RefusedError(fault)]));
  }
  const { fitting, overtaken } = splitByIssuer(works, step);
  try {
    return new Map<string, Outcome | Error>([...overtaken, ...(fitting.length > 0 ? await run(fitting) : [])]);
  } catch (error) {
    return new Map([...overtaken, ...fitting.map(({ ref }): [string, Error] => [ref.attemptId, asError(error)])]);
  }
}

/** When a service was away for everybody, Step Functions repeats the task; nothing is recorded before the last time. */
function retryWhole(input: StepInput, works: Work[], results: Map<string, Outcome | Error>): void {
  const errors = [...results.values()].flatMap((result) => (result instanceof Error ? [result] : []));
  const away = errors.length === works.length && errors.every((error) => classOf(error) === "UnavailableError");
  if (works.length > 0 && away && input.retryCount < retries) throw errors[0];
}

/** Writes what became of one attempt; answers its outcome when it goes on or waits, undefined when it is over for this execution. */
async function record(work: Work, step: Step, result: Outcome | Error): Promise<GoesOn | undefined> {
  if (result instanceof LeaseLost) return undefined;
  // That it is in this step the row says already: the one before has ended.
  if ("looked" in result && stepIn(work.row) === step) return result;
  work.row.step = step;
  delete work.row.stepEnded;
  carryNonce(work);
  if (result instanceof Superseded) {
    await supersede(work, result.message);
    return undefined;
  }
  if (result instanceof Error) {
    logFailure(work.deps, work.ref, step, result);
    await recordFailure(work, result);
    return undefined;
  }
  if ("ended" in result) return undefined;
  if ("superseded" in result) {
    await supersede(work, result.superseded);
    return undefined;
  }
  if ("done" in result) work.row.stepEnded = true;
  await work.save();
  return result;
}

type GoesOn = Extract<Outcome, { done: true } | { waitUntil: Date }>;

/** Each attempt carries one nonce to its next step. */
function carryNonce(work: Work): void {
  if (!work.acme.opened) return;
  const nonce = work.acme.opened.takeNonce();
  if (nonce) work.row.nonce = nonce;
  else delete work.row.nonce;
}

function acmeSession(deps: Deps, issuer: IssuerRow | undefined, rows: AttemptRow[]): AcmeSession {
  let opening: Promise<AcmeIssuer> | undefined;
  const session: AcmeSession = {
    opened: undefined,
    open: () => {
      opening ??= deps.acme(issuer ?? missingIssuer).then((acme) => {
        acme.giveNonces(rows.flatMap(({ nonce }) => nonce ?? []));
        session.opened = acme;
        return acme;
      });
      return opening;
    },
  };
  return session;
}

async function issuerRow(deps: Deps, id: string): Promise<IssuerRow | undefined> {
  const key = parseId(id);
  const row = key && (await deps.state.issuer(key));
  return row?.deletedAt === undefined ? row : undefined;
}

const missingIssuer = {} as IssuerRow;

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** What was published after the attempt had ended, nobody else would come to remove. */
async function lostOrThrow(work: Work, error: unknown): Promise<undefined> {
  if (!(error instanceof LeaseLost)) throw error;
  if (work.row.step === "publish-challenge") await work.deps.starter.cleanUp([work.ref], work.row.issuer);
  return undefined;
}
