import type { STSClient } from "@aws-sdk/client-sts";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { RefusedError, UnavailableError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";

export interface AssumedRole {
  roleArn: string;
  /** `<instance>/<namespace>`: what the role's trust policy asks for. */
  externalId: string;
  /** Shown by CloudTrail: 2 to 64 of `A-Za-z0-9_+=,.@-`. */
  sessionName: string;
  stsClient: Pick<STSClient, "send">;
  clock: Clock;
}

/** Temporary credentials, in the SDK's shape. */
export interface TemporaryCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: Date;
}

/** Renewed so long before their end, so that no call starts with credentials about to lapse. */
const marginMs = 5 * 60_000;
const denied = new Set(["AccessDenied", "AccessDeniedException", "RegionDisabledException", "InvalidClientTokenId"]);
const network = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/;

/**
 * A credential provider for SDK clients that assumes a role (STS AssumeRole, with ExternalId); keeps the credentials
 * until five minutes before their end and asks once for callers that come together. Throws RefusedError
 * RoleNotAssumable, or UnavailableError.
 */
export function assumedCredentials(role: AssumedRole): () => Promise<TemporaryCredentials> {
  let held: Promise<TemporaryCredentials> | undefined;
  let goodUntil = 0;
  return () => {
    if (held && role.clock.now().getTime() < goodUntil) return held;
    const fresh = assume(role);
    held = fresh;
    goodUntil = Number.POSITIVE_INFINITY;
    fresh.then(
      ({ expiration }) => {
        goodUntil = expiration.getTime() - marginMs;
      },
      () => {
        goodUntil = 0;
      },
    );
    return fresh;
  };
}

async function assume({ roleArn, externalId, sessionName, stsClient }: AssumedRole): Promise<TemporaryCredentials> {
  const request = { RoleArn: roleArn, ExternalId: externalId, RoleSessionName: sessionName };
  const answer = await stsClient.send(new AssumeRoleCommand(request)).catch((error: unknown) => {
    throw asFault(error, roleArn, externalId);
  });
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {};
  if (!(AccessKeyId && SecretAccessKey && SessionToken && Expiration)) {
    throw new UnavailableError({ reason: "StsUnavailable", message: `STS gave no credentials for ${roleArn}.` });
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}

function asFault(error: unknown, roleArn: string, externalId: string): unknown {
  if (!(error instanceof Error)) return error;
  if (denied.has(error.name)) {
    return new RefusedError({
      reason: "RoleNotAssumable",
      message: `Not allowed to assume ${roleArn}: ${error.message}`,
      fix: `Let the role's trust policy allow this installation's functions, with sts:ExternalId ${externalId}.`,
      cause: error,
    });
  }
  const { $metadata, code } = error as { $metadata?: { httpStatusCode?: number }; code?: unknown };
  const passes = /^(Throttling|RequestLimitExceeded|TimeoutError|ExpiredToken)/.test(error.name);
  if (passes || ($metadata?.httpStatusCode ?? 0) >= 500 || network.test(String(code ?? ""))) {
    const message = `STS did not assume ${roleArn}: ${error.name}, ${error.message}`;
    return new UnavailableError({ reason: "StsUnavailable", message, cause: error });
  }
  return error;
}
