import type { BundleRow, ClusterRow } from "./kubernetes/rows.ts";
import type { StoredRequest } from "./ports.ts";
import { parseCertificate } from "./request.ts";
import type { CertificateRow, IssuerRow } from "./rows.ts";
import { specHash } from "./spec-hash.ts";

type DecidedRow = CertificateRow | IssuerRow | ClusterRow | BundleRow;

/** Whether a request is not the one State last decided on: new, edited, gone, or asked to renew since. */
export function isUndecided(request: StoredRequest | undefined, row: DecidedRow | undefined): boolean {
  if (!request) return row !== undefined && row.deletedAt === undefined;
  if (!row || row.deletedAt !== undefined || row.specHash !== specHash(request)) return true;
  return (
    request.key.kind === "Certificate" &&
    asksAgain(request, "ready" in row && "key" in row ? (row as CertificateRow) : undefined)
  );
}

function asksAgain(request: StoredRequest, row: CertificateRow | undefined): boolean {
  const parsed = parseCertificate(request);
  if (!parsed.ok) return false;
  const { renewRequestedAt: renew, revoke } = parsed.resource.spec.options;
  const isNew = (asked: string | undefined, acted: string | undefined) => asked !== undefined && asked !== acted;
  return isNew(renew, row?.renewRequestedAt) || isNew(revoke?.at, row?.revokeRequestedAt);
}
