import { refOf } from "../attempt-ref.ts";
import type { Deps } from "../deps.ts";
import { parseId } from "../resource.ts";
import type { CertificateRow } from "../rows.ts";
import { endAttempt, returnTokens } from "../steps/end.ts";

/** Ends the attempt that a row no longer refers to, and has its records and key removed. */
export async function abandon(deps: Deps, row: CertificateRow, why: string): Promise<void> {
  if (!row.attempt) return;
  const ref = refOf(row.key, row.attempt.id);
  const attempt = (await deps.state.attempts([ref])).get(ref.attemptId);
  if (!attempt) return;
  if (!attempt.outcome) {
    const freed = await endAttempt(deps, attempt, { result: "superseded", reason: "Superseded", message: why });
    const issuerKey = parseId(attempt.issuer);
    if (freed && issuerKey) await returnTokens(deps, await deps.state.issuer(issuerKey), freed);
  }
  if (attempt.hasRecords) await deps.starter.cleanUp([ref], attempt.issuer);
}
