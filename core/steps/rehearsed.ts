import type { Outcome } from "../outcome.ts";
import { idOf, parseId, resourceOf } from "../resource.ts";
import type { CertificateRow } from "../rows.ts";
import { endAttempt } from "./end.ts";
import { changeCertificate, type Work } from "./work.ts";

/**
 * The staging issuer's CA has accepted all names: this attempt ends here, without a certificate, and the Certificate is
 * ordered from its own issuer at once.
 */
export async function rehearsed(work: Work): Promise<Outcome> {
  const { deps, key, ref, row } = work;
  const at = deps.clock.now().getTime();
  const staging = parseId(row.issuer);
  const message = `the validation passed at ${staging ? resourceOf(staging) : row.issuer}: it is ordered from the Certificate's own issuer now`;
  const freed = await endAttempt(deps, row, { result: "superseded", reason: "Rehearsed", message });
  if (!freed) return { ended: true };
  work.freed.push(...freed);
  await changeCertificate(deps, work, (before) => passed(before, row.reason, at));
  await deps.state
    .addEvent({ key, at, type: "Normal", reason: "Rehearsed", message, attemptId: ref.attemptId })
    .catch((error) => deps.log({ event: "untold", certificate: idOf(key), error: String(error) }));
  return { ended: true };
}

/** The wish of `certwright renew` was acted on only in part: it is open again. */
function passed({ attempt: _, ...row }: CertificateRow, reason: string, at: number): CertificateRow {
  const { renewRequestedAt, ...open } = row;
  const rest = reason === "ManuallyTriggered" || renewRequestedAt === undefined ? open : row;
  return { ...rest, rehearsal: "passed", dueAt: at };
}
