import { concurrently } from "../concurrently.ts";
import type { Deps } from "../deps.ts";
import { classOf } from "../errors.ts";
import type { ExecutionInput } from "../ports.ts";
import type { IssuerRow } from "../rows.ts";
import { idleWork } from "../steps/idle-work.ts";
import { recordFailure } from "../steps/settle.ts";

/**
 * Throws why an execution did not start. Where the start was refused nobody holds the leases: the attempts are given back,
 * with the reason in the status. After any other error it may run: then the leases stand, and lapse if it does not.
 */
export async function notStarted(
  deps: Deps,
  issuer: IssuerRow,
  { leaseId, attempts }: Pick<ExecutionInput, "leaseId" | "attempts">,
  error: unknown,
): Promise<never> {
  if (classOf(error) === "RefusedError") {
    const rows = await deps.state.attempts(attempts);
    await concurrently(10, [...rows.values()], async (attempt) => {
      if (attempt.leaseId === leaseId) await recordFailure(idleWork(deps, attempt, { leaseId, issuer }), error);
    });
  }
  throw error;
}
