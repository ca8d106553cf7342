import type { CertificateSpec } from "../certificate.ts";
import { concurrently } from "../concurrently.ts";
import { revisionsOf } from "../history.ts";
import { idOf } from "../resource.ts";
import type { CertificateRow, Issued } from "../rows.ts";
import { keptUntil } from "./keep-chain.ts";
import type { Work } from "./work.ts";

/** Nothing is kept further ahead: what is still in the history then is kept again at an issuance in between. */
const furthestMs = 10 * 365 * 86_400_000;

/**
 * The revisions that `spec.revisionHistoryLimit` keeps live as long as the certificate in use, and a month. One more than the last
 * is kept only where the spec wants more than one: the ordinary issuance reads and writes nothing here. Each is kept so far ahead
 * that the next issuances need not do it again. Best effort: the next one makes it good.
 */
export async function keepHistory(
  { deps, key }: Pick<Work, "deps" | "key">,
  row: CertificateRow & { issued: Issued },
  { revisionHistoryLimit: limit }: Pick<CertificateSpec, "revisionHistoryLimit">,
): Promise<void> {
  if (limit === 1) return;
  const { notBefore, notAfter } = row.issued;
  try {
    const revisions = revisionsOf(row, await deps.state.attemptsOf(key, Number.POSITIVE_INFINITY));
    const kept = revisions.slice(0, limit).map(({ attempt }, rank) => ({ attempt, rank }));
    await concurrently(4, kept, async ({ attempt, rank }) => {
      const ahead = Math.min((limit - 1 - rank) * (notAfter - notBefore), furthestMs);
      const isShort = attempt?.expiresAt !== undefined && attempt.expiresAt * 1_000 < notAfter + ahead;
      if (attempt && isShort) await deps.state.keepAttempt(attempt.ref, keptUntil(notAfter + ahead));
    });
  } catch (error) {
    deps.log({ event: "history-not-kept", certificate: idOf(key), error: String(error) });
  }
}
