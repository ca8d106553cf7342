import { isNamed, RefusedError, UnavailableError } from "./errors.ts";

/** The call that failed, in words a reader can act on. */
export interface AwsCall {
  /** `Secrets Manager`. */
  service: string;
  /** The IAM action, `secretsmanager:PutSecretValue`. */
  action: string;
  /** Name or ARN of what it was about. */
  resource: string;
  /** What to do when a right is missing; a general sentence when absent. */
  fix?: string;
  /** Put before the reasons: `Secret` makes `SecretAccessDenied`. */
  subject?: string;
}

/**
 * Turns what an AWS SDK threw into a named error, by its name, status and code only. Named errors pass unchanged, and so
 * does what is none of AWS's ordinary refusals: that is a bug. Call it after the SDK's own retries.
 */
export function awsFault(error: unknown, call: AwsCall): Error {
  if (isNamed(error)) return error;
  const seen = read(error);
  const subject = call.subject ?? "";
  const message = `${call.service}: ${call.action} on ${call.resource} failed: ${seen.text}`;
  const fault = { message, cause: error };
  switch (kindOf(seen)) {
    case "keyDenied":
      return new RefusedError({ ...fault, reason: `${subject}KeyAccessDenied`, fix: keyDeniedFix });
    case "denied":
      return new RefusedError({ ...fault, reason: `${subject}AccessDenied`, fix: call.fix ?? deniedFix(call) });
    case "keyUnusable":
      return new RefusedError({ ...fault, reason: `${subject}KeyUnusable`, fix: keyUnusableFix });
    case "quota":
      return new RefusedError({ ...fault, reason: `${subject}QuotaExceeded`, fix: quotaFix(call) });
    case "throttled":
      return new UnavailableError({ ...fault, reason: "Throttled" });
    case "unavailable":
      return new UnavailableError({ ...fault, reason: "ServiceUnavailable" });
    default:
      return error instanceof Error ? error : new Error(message, { cause: error });
  }
}

/** The name of what an AWS SDK threw, `ResourceExistsException`; empty when it has none. */
export function awsErrorName(error: unknown): string {
  return read(error).name;
}

/** The HTTP status AWS answered with; undefined when there was no answer. */
export function awsStatus(error: unknown): number | undefined {
  return read(error).status;
}

const keyDeniedFix =
  "Allow the role named above to use the KMS key: both its IAM policy and the policy of the key must permit the action.";
const keyUnusableFix = "Enable the KMS key, or cancel its deletion. Values under a deleted key cannot be read again.";

function deniedFix(call: AwsCall): string {
  return `Allow ${call.action} on ${call.resource} for the role named above; service control policies count too.`;
}

function quotaFix(call: AwsCall): string {
  return `Ask AWS for a higher quota of ${call.service}, or remove what is not needed any more.`;
}

interface Seen {
  name: string;
  code: string;
  status: number | undefined;
  text: string;
  retryable: boolean;
  throttling: boolean;
}

type Kind = "keyDenied" | "denied" | "keyUnusable" | "quota" | "throttled" | "unavailable" | "unknown";

/** In order: the first that fits names the kind. */
const rules: [Kind, (seen: Seen) => boolean][] = [
  ["throttled", ({ status, throttling }) => throttling || status === 429],
  ["throttled", ({ name }) => /Throttl|TooManyRequests|SlowDown|RequestLimitEx/.test(name)],
  ["throttled", ({ name }) => /ThroughputExceeded|BandwidthLimit/.test(name)],
  ["unavailable", ({ name }) => /^(KMS\.?)?(Internal\w*|KeyUnavailable\w*|DependencyTimeout\w*)$/.test(name)],
  ["unavailable", ({ name }) => /^(ServiceUnavailable|Timeout|RequestTimeout|NetworkingError|AbortError)/.test(name)],
  // A Lambda gets new credentials by itself.
  ["unavailable", ({ name }) => /^(ExpiredToken|RequestExpired|CredentialsProviderError)/.test(name)],
  ["unavailable", ({ code }) => /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH)$/.test(code)],
  ["keyDenied", (seen) => isDenied(seen) && /\bkms\b|^KMS/i.test(seen.text)],
  ["denied", isDenied],
  ["keyUnusable", ({ name }) => /^(EncryptionFailure|DecryptionFailure|DisabledException|KMS.*Exception)$/.test(name)],
  ["quota", ({ name }) => /LimitExceeded|QuotaExceeded/.test(name)],
  ["unavailable", ({ status, retryable }) => retryable || (status ?? 0) >= 500],
];

function kindOf(seen: Seen): Kind {
  return rules.find(([, fits]) => fits(seen))?.[0] ?? "unknown";
}

function isDenied({ name, status }: Seen): boolean {
  return status === 403 || /AccessDenied|^(AuthorizationError\w*|Forbidden|UnauthorizedOperation|403)$/.test(name);
}

function read(error: unknown): Seen {
  const it = (typeof error === "object" && error !== null ? error : {}) as Thrown;
  const name = typeof it.name === "string" ? it.name : "";
  const message = typeof it.message === "string" && it.message !== "" ? it.message : "no reason given";
  return {
    name,
    code: String(it.code ?? it.cause?.code ?? ""),
    status: it.$metadata?.httpStatusCode,
    text: name === "" || name === "Error" ? message : `${name}: ${message}`,
    retryable: it.$retryable !== undefined,
    throttling: it.$retryable?.throttling ?? false,
  };
}

/** The parts of a smithy exception that say what happened. */
interface Thrown {
  name?: unknown;
  code?: unknown;
  message?: unknown;
  cause?: { code?: unknown };
  $metadata?: { httpStatusCode?: number };
  $retryable?: { throttling?: boolean };
}
