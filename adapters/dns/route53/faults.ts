import { isNamed, RefusedError, UnavailableError } from "../../../core/errors.ts";
import type { Zone } from "./client.ts";

const denied = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "InvalidClientTokenId",
  "UnrecognizedClientException",
]);
const refused = new Set(["InvalidInput", "InvalidChangeBatch"]);
/** ThrottlingException and PriorRequestNotComplete come here only after the SDK's own retries. */
const passing = new Set([
  "Throttling",
  "ThrottlingException",
  "PriorRequestNotComplete",
  "RequestLimitExceeded",
  "ExpiredToken",
  "TimeoutError",
  "RequestTimeout",
]);
const network = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/;

/** What an answer of Route 53 means for us; an error that is none of the known ones stays as it is (a bug). */
export function asFault(error: unknown, action: string, zone?: Zone): Error {
  if (isNamed(error)) return error;
  if (!(error instanceof Error)) return new Error(String(error));
  const where = zone ? ` in zone ${zone.name ?? zone.id}` : "";
  if (denied.has(error.name)) return accessDenied(error, action, zone, where);
  if (error.name === "NoSuchHostedZone") {
    return new RefusedError({
      reason: "HostedZoneNotFound",
      message: `Route 53 knows no zone ${zone?.id}.`,
      fix: "Correct hostedZoneID in the issuer's route53 solver, or create the zone again.",
      cause: error,
    });
  }
  if (refused.has(error.name)) return refusedByRoute53(error, where);
  if (passing.has(error.name) || isServerOrNetwork(error)) {
    const message = `Route 53 did not serve ${action}${where}: ${error.name}, ${error.message}`;
    return new UnavailableError({ reason: "Route53Unavailable", message, cause: error });
  }
  return error;
}

/** Route 53 understood the change and refuses it, in its own words. */
export function refusedByRoute53(error: Error, where: string): RefusedError {
  return new RefusedError({
    reason: "Route53Refused",
    message: `Route 53 refuses the record${where}: ${error.message}`,
    fix: "Check the name and hostedZoneID, and what else the zone holds at that name.",
    cause: error,
  });
}

function accessDenied(error: Error, action: string, zone: Zone | undefined, where: string): RefusedError {
  const resource = zone ? `arn:aws:route53:::hostedzone/${zone.id}` : "*";
  return new RefusedError({
    reason: "Route53AccessDenied",
    message: `Not allowed: route53:${action}${where}. ${error.message}`,
    fix: `Allow route53:${action} on ${resource}: add the zone to the deployment's zones, or allow it to the solver's role.`,
    cause: error,
  });
}

function isServerOrNetwork(error: Error & { $metadata?: { httpStatusCode?: number }; code?: unknown }): boolean {
  return (error.$metadata?.httpStatusCode ?? 0) >= 500 || network.test(String(error.code ?? ""));
}
