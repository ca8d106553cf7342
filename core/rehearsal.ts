import type { ErrorClass } from "./errors.ts";
import type { Facts } from "./facts.ts";
import type { IssuerSpec } from "./issuer.ts";
import { idOf, type ResourceKey } from "./resource.ts";
import type { AttemptRow, CertificateRow, IssuerRow } from "./rows.ts";

/**
 * After a refused validation the next ones are tried at the staging issuer, if the issuer names one: a CA's limit of failed
 * validations is then spared. When one has passed there the Certificate is ordered from its own issuer.
 */

/** The issuer at which failed validations of this one are tried first: of its kind, in its namespace, another one. */
function stagingOf(issuer: IssuerRow | undefined): ResourceKey | undefined {
  const name = (issuer?.spec as IssuerSpec | undefined)?.options?.stagingIssuer;
  return issuer && name !== undefined && name !== issuer.key.name ? { ...issuer.key, name } : undefined;
}

/** The staging issuer to look up: only for a Certificate that has a rehearsal before it. */
export function stagingWanted(row: CertificateRow | undefined, issuer: IssuerRow | undefined): ResourceKey | undefined {
  return row?.rehearsal === "wanted" ? stagingOf(issuer) : undefined;
}

/** The staging issuer, if the next attempt is a rehearsal. One that is not ready never holds a certificate back. */
export function rehearsesAt({ row, issuer, staging }: Facts): IssuerRow | undefined {
  const wanted = stagingWanted(row, issuer);
  const usable = staging && staging.deletedAt === undefined && staging.ready.status === "True" && staging.acme;
  return usable && wanted && idOf(wanted) === idOf(staging.key) ? staging : undefined;
}

/** What a failure means for the next attempt; what is not the CA's verdict on the names skips a rehearsal. */
export function rehearsalAfter(
  { rehearsal }: Pick<AttemptRow, "rehearsal">,
  failure: { reason: string; errorClass: ErrorClass },
  issuer: IssuerRow,
): Pick<CertificateRow, "rehearsal"> {
  const refused = failure.errorClass === "RefusedError";
  if (rehearsal) return { rehearsal: refused ? "wanted" : "passed" };
  return failure.reason === "ChallengeRefused" && stagingOf(issuer) ? { rehearsal: "wanted" } : {};
}
