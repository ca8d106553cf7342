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
    asksAgain(request, "renewRequestedAt" in row ? row.renewRequestedAt : undefined)
  );
}

function asksAgain(request: StoredRequest, acted: string | undefined): boolean {
  const parsed = parseCertificate(request);
  const asked = parsed.ok ? parsed.resource.spec.options.renewRequestedAt : undefined;
  return asked !== undefined && asked !== acted;
}
