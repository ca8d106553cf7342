import type { AttemptRow, CertificateRow } from "./rows.ts";

/** One certificate that a Certificate got. */
export interface Revision {
  /** As `status.revision` counts. */
  revision: number;
  attemptId: string;
  /** It is the one in the secret. */
  current: boolean;
  /** Absent when the row is gone: one that a release of before wrote, and that is older than 30 days. */
  attempt?: AttemptRow;
}

/**
 * The certificates that a Certificate got, newest first. `attempts` are all of its attempts that are known. Each carries the number
 * that its certificate was to get: who ended without one has the number of a later attempt. In rows of before it follows from the
 * order.
 */
export function revisionsOf(row: CertificateRow | undefined, attempts: AttemptRow[]): Revision[] {
  const { issued, revision: newest } = row ?? {};
  if (!issued || newest === undefined) return [];
  const found: Revision[] = [];
  const others = attempts.filter(({ ref }) => ref.attemptId !== issued.attemptId);
  const current = attempts.find(({ ref }) => ref.attemptId === issued.attemptId);
  found.push({
    revision: newest,
    attemptId: issued.attemptId,
    current: true,
    ...(current ? { attempt: current } : {}),
  });
  let last = newest;
  for (const attempt of others.sort((one, other) => other.startedAt - one.startedAt)) {
    const revision = attempt.revision ?? last - 1;
    if (revision < 1 || revision >= last || !wasIssued(attempt, row)) continue;
    found.push({ revision, attemptId: attempt.ref.attemptId, current: false, attempt });
    last = revision;
  }
  return found;
}

/** Who died after the status was written has a number, and no outcome; so does who is at work, but his number is yet to come. */
function wasIssued({ outcome, revision }: AttemptRow, row: CertificateRow | undefined): boolean {
  if (outcome) return outcome.result === "issued";
  return revision !== undefined && revision < (row?.revision ?? 0);
}
