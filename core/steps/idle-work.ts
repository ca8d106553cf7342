import type { Deps } from "../deps.ts";
import type { AttemptRow, IssuerRow, LeaseId } from "../rows.ts";
import { batchReads } from "./batch-reads.ts";
import { newWork, type Work } from "./work.ts";

/** An attempt in the hands of who only records what became of it: no step runs, and the CA is not asked. */
export function idleWork(deps: Deps, attempt: AttemptRow, held: { leaseId: LeaseId; issuer: IssuerRow }): Work {
  const acme = { opened: undefined, open: () => Promise.reject(new Error("no step runs")) };
  return newWork(deps, attempt.step, attempt, {
    ...held,
    acme,
    reads: batchReads(deps, [attempt.ref]),
    alone: true,
    round: 0,
  });
}
