import type { StoredRequest } from "./ports.ts";
import { parseCertificate } from "./request.ts";
import type { CertificateRow, IssuerRow } from "./rows.ts";
import { specHash } from "./spec-hash.ts";

/** Whether a request is not the one State last decided on: new, edited, gone, or asked to renew since. */
export function isUndecided(request: StoredRequest | undefined, row: CertificateRow | IssuerRow | undefined): boolean {
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
