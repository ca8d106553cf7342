import type { CertificateSpec } from "./certificate.ts";
import { renewalTime } from "./renewal.ts";
import type { CertificateRow } from "./rows.ts";
import { upToDate } from "./transitions.ts";

/** The row of a working certificate that needs nothing now: its renewal time follows the spec, its Ready the clock. */
export function settled(
  row: CertificateRow,
  spec: CertificateSpec,
  { now, fraction }: { now: Date; fraction: () => number },
): { row: CertificateRow; windowError?: string | undefined } {
  if (!row.issued) return { row };
  const changed = row.issued.specHash !== row.specHash;
  if (!changed || row.lifetimeShortened) return { row: upToDate(row, row.issued.renewalTime, now) };
  const { at, windowError } = renewalTime({ ...row.issued, ...spec, fraction: fraction() });
  return { row: upToDate(row, at, now), windowError };
}
